/** What is promised while a table is being copied for the first time. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { openStage, type Stage } from '@lockstep/harness/stage';

const org = await startOrg({ records: 400 });
after(() => org[Symbol.asyncDispose]());

const stateOf = async (stage: Stage, sobject: string) => {
  const [status] = await stage.mirror.query<{ state: string; read: boolean }>(sql`
    SELECT state, read_until IS NOT NULL AS read FROM _lockstep.status WHERE sobject = ${sobject}`);
  return status;
};

test('a change made during the first copies is in the mirror before they end, and nothing is claimed until then', async () => {
  await using stage = await openStage({
    org,
    sobjects: ['Account', 'Contact'],
    intervalMs: 3_000,
    pageRows: 2,
  });
  await stage.pass(6_000);
  const [id = ''] = await stage.write([{ create: 'Contact', values: { LastName: 'Meanwhile' } }]);
  await stage.pass(30_000);
  assert.equal((await stage.row('contact', id))?.lastname, 'Meanwhile');
  assert.deepEqual(await stateOf(stage, 'Contact'), { state: 'backfilling', read: false });
  await stage.copy();
  assert.deepEqual(await stateOf(stage, 'Contact'), { state: 'current', read: true });
});
