import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openWorld } from '@lockstep/harness/world';

test('every record of every chosen object comes into its table', async () => {
  const sobjects = [
    'Account',
    'Contact',
    'Lead',
    'Opportunity',
    'User',
    'Product2',
    'Invoice__c',
    'Invoice_Line__c',
  ];
  await using world = await openWorld({ org: { records: 6_000 }, sobjects });
  world.startWorker();
  await world.untilComplete();
  for (const sobject of sobjects) {
    const [row] = await world.reader.query<{ rows: string; counted: string }>(sql`
      SELECT rows, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM salesforce.%I', table_name), false, true, '')))[1] AS counted
        FROM _lockstep.status WHERE sobject = ${sobject}`);
    assert.deepEqual(row, { rows: String(await world.countInOrg(sobject)), counted: row?.rows });
  }
});
