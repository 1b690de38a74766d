/**
 * Custom metadata types, whose records come with deployments and for which Salesforce accepts only plain queries: no
 * OR, no aggregates, no LIMIT.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const intervalMs = 5 * minuteMs;
/** After this time a small table has been swept, and what was absent has been read again. */
const sweepMs = hourMs + 4 * intervalMs;

const deploy = async (records: readonly object[], removed: readonly string[] = []) =>
  (await org.control<{ ids: string[] }>('/metadata/deploy', { sobject: 'Region__mdt', records, removed }))
    .ids;

const problems = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT sobject, kind, code FROM _lockstep.problems`);

/** No query was refused, and no other object was delayed. */
async function expectUnrefused(harness: ClockHarness) {
  assert.deepEqual(await problems(harness), []);
  assert.deepEqual(harness.holder.syncProblems, []);
  assert.doesNotMatch(harness.log.text(), /"msg":"query refused"/);
}

async function openCopied(options: { pageRows?: number } = {}): Promise<ClockHarness> {
  const harness = await openClockHarness({
    org,
    sobjects: ['Region__mdt', 'Account'],
    intervalMs,
    ...options,
  });
  await harness.finishBackfill();
  return harness;
}

const regionOf = (harness: ClockHarness, id: string) => harness.row('region__mdt', id);

test('a custom metadata type is backfilled and followed for over a day without one refused query', async () => {
  await using harness = await openCopied();
  await harness.pass(3 * hourMs);
  await harness.advance(24 * hourMs);
  await harness.pass(hourMs);
  await expectUnrefused(harness);
  const [status] = await harness.mirror.query<{ counted: string | null; swept: string; checked: string }>(sql`
    SELECT counts_verified_at AS counted,
           extract(epoch FROM stamps_verified_at) * 1000 AS swept,
           extract(epoch FROM content_verified_at) * 1000 AS checked
      FROM _lockstep.status WHERE sobject = 'Region__mdt'`);
  assert.ok(status);
  assert.equal(status.counted, null, 'counts are impossible, and none are claimed');
  const dayAgo = harness.clock.now() - 24 * hourMs;
  assert.ok(Number(status.swept) > dayAgo && Number(status.checked) > dayAgo);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('what a deployment adds and changes arrives with the next polls, and what it removes goes with a sweep', async () => {
  await using harness = await openCopied();
  const rateOf = async (id: string) => (await regionOf(harness, id))?.tax_rate__c;
  const [chile = '', peru = ''] = await deploy([
    { developerName: 'Chile_South', values: { Tax_Rate__c: 19, Currency__c: 'CLP' } },
    { developerName: 'Peru_South', values: { Tax_Rate__c: 18 } },
  ]);
  await harness.pass(2 * intervalMs);
  assert.deepEqual([await rateOf(chile), await rateOf(peru)], [19, 18]);
  await deploy([{ developerName: 'Peru_South', values: { Tax_Rate__c: 17.5 } }], ['Chile_South']);
  await harness.pass(2 * intervalMs);
  assert.equal(await rateOf(peru), 17.5);
  await harness.pass(sweepMs);
  assert.equal(await regionOf(harness, chile), undefined);
  await expectUnrefused(harness);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a deployment of more records than fit on a page arrives completely, although no query can have a LIMIT', async () => {
  await using harness = await openCopied({ pageRows: 10 });
  await org.control('/queries/cut', { sobject: 'Region__mdt', rows: [10, 7] });
  const names = Array.from({ length: 60 }, (_, n) => `Part_${n}`);
  const ids = await deploy(names.map((developerName) => ({ developerName })));
  await harness.pass(8 * intervalMs);
  for (const [place, id] of ids.entries())
    assert.equal((await regionOf(harness, id))?.developername, names[place]);
  const removed = { names: names.slice(20, 35), ids: ids.slice(20, 35) };
  await deploy([], removed.names);
  await harness.pass(2 * sweepMs);
  for (const id of removed.ids) assert.equal(await regionOf(harness, id), undefined);
  await expectUnrefused(harness);
  await org.control('/queries/lift', {});
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a backfill of a custom metadata type over cut pages misses no record', async () => {
  await org.control('/queries/cut', { sobject: 'Region__mdt', rows: [5, 3] });
  await using harness = await openCopied();
  await org.control('/queries/lift', {});
  await expectUnrefused(harness);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('rows of a custom metadata type that somebody has deleted or changed are repaired by the content check, and counted again', async () => {
  await using harness = await openCopied();
  const [deleted = '', changed = ''] = await deploy([
    { developerName: 'Deleted_By_Hand' },
    { developerName: 'Changed_By_Hand' },
  ]);
  await harness.pass(hourMs);
  await harness.mirror.query(sql`DELETE FROM salesforce.region__mdt WHERE id = ${deleted}`);
  await harness.mirror.query(sql`UPDATE salesforce.region__mdt SET label = 'Edited' WHERE id = ${changed}`);
  await harness.advance(24 * hourMs);
  await harness.pass(2 * hourMs);
  assert.equal((await regionOf(harness, deleted))?.label, 'Deleted By Hand');
  assert.equal((await regionOf(harness, changed))?.label, 'Changed By Hand');
  await expectUnrefused(harness);
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});
