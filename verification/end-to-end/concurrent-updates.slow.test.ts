import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

const writes = 500;

test('500 concurrent updates of one record all get Salesforce’s answer, and the mirror shows the last one', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  harness.startWorker();
  const created = await harness.org.request('POST', `${dataPath}/sobjects/Account`, {
    body: { Name: 'Crowded' },
  });
  const { id } = created.json as { id: string };
  const answers = await Promise.all(
    Array.from({ length: writes }, (_, turn) =>
      harness.call('PATCH', `${dataPath}/sobjects/Account/${id}`, { Name: `Crowded ${turn}` }),
    ),
  );
  const refusedHere = answers.filter(({ headers }) => headers.has('lockstep-error'));
  assert.deepEqual(
    refusedHere.map(({ status, text }) => `${status} ${text}`),
    [],
  );
  // Salesforce may answer that it could not lock the record.
  const done = answers.filter(({ status }) => status === 204);
  const locked = answers.filter(({ status, text }) => status === 400 && /UNABLE_TO_LOCK_ROW/.test(text));
  assert.equal(done.length + locked.length, writes);
  assert(done.length > 0);
  assert(locked.every(({ headers }) => headers.get('lockstep-applied') === 'no'));

  const [inOrg] = await harness.org.db.query<{ name: string }>(
    sql`SELECT "Name" AS name FROM org."Account" WHERE "Id" = ${id}`,
  );
  if (done.every(({ headers }) => headers.get('lockstep-applied') === 'yes')) {
    const [row] = await harness.reader.query(sql`SELECT name FROM salesforce.account WHERE id = ${id}`);
    assert.deepEqual(row, inOrg);
  }
  await harness.until(
    sql`SELECT name = ${inOrg?.name ?? ''} FROM salesforce.account WHERE id = ${id}`,
    'the mirror shows the last update',
  );
});
