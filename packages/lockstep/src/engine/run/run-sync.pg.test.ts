import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

test('every record of every chosen object gets into its table', async () => {
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
  await using harness = await openEndToEndHarness({ org: { records: 6_000 }, sobjects });
  harness.startWorker();
  await harness.untilComplete();
  for (const sobject of sobjects) {
    const [row] = await harness.reader.query<{ rows: string; counted: string }>(sql`
      SELECT rows, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM salesforce.%I', table_name), false, true, '')))[1] AS counted
        FROM _lockstep.status WHERE sobject = ${sobject}`);
    assert.deepEqual(row, { rows: String(await harness.countInOrg(sobject)), counted: row?.rows });
  }
});
