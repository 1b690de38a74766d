/** What Lockstep promises during a backfill. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 400 });
after(() => org[Symbol.asyncDispose]());

await org.control('/jobs/limits', { queryJobsMax: 0 }); // with such small pages the objects are large enough for Bulk

const stateOf = async (harness: ClockHarness, sobject: string) => {
  const [status] = await harness.mirror.query<{ state: string; read: boolean }>(sql`
    SELECT state, read_until IS NOT NULL AS read FROM _lockstep.status WHERE sobject = ${sobject}`);
  return status;
};

test('a change made during the backfills is in the mirror before they end, and status claims nothing until then', async () => {
  await using harness = await openClockHarness({
    org,
    sobjects: ['Account', 'Contact'],
    intervalMs: 3_000,
    pageRows: 2,
  });
  await harness.pass(6_000);
  const [id = ''] = await harness.write([{ create: 'Contact', values: { LastName: 'Meanwhile' } }]);
  await harness.pass(30_000);
  assert.equal((await harness.row('contact', id))?.lastname, 'Meanwhile');
  assert.deepEqual(await stateOf(harness, 'Contact'), { state: 'backfilling', read: false });
  await harness.finishBackfill();
  assert.deepEqual(await stateOf(harness, 'Contact'), { state: 'current', read: true });
});
