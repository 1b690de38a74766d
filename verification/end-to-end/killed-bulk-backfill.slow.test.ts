/**
 * A worker that is killed at every step of a Bulk backfill, while records are written in the org and through the proxy:
 * the next one goes on where it was, and in the end the mirror is as the org.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import type { Random } from '@lockstep/foundation/random';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { withSeed } from '@lockstep/harness/property';
import { startWorkerChild } from '@lockstep/harness/worker-child';

const sobject = 'Killed__c';
const count = 12_000;
/** An object of 3,000 records is large, and its results have pages of 3,000. */
const pageRows = 60;

/** The step at which a worker is killed; a random time after its request, or during it. */
const steps = {
  create: { path: '*/jobs/query', method: 'POST' },
  ask: { path: '*/jobs/query/750*', method: 'GET' },
  list: { path: '*/resultPages' },
  read: { path: '*/results' },
};
type Step = keyof typeof steps | 'finish' | 'any time';
const rounds: readonly Step[] = [
  ...(['create', 'ask', 'list', 'read', 'read', 'read', 'finish'] as const),
  ...(['read', 'list', 'create', 'any time', 'any time', 'finish'] as const),
  ...(['any time', 'read', 'any time', 'read', 'finish', 'read'] as const),
];

const openHarness = () =>
  openEndToEndHarness({
    org: { records: 100 },
    sobjects: [sobject],
    intervalMs: 200,
    prepare: async (org) => {
      const fields = [{ name: 'Note__c', type: 'string', length: 200 }];
      await org.control('/sobjects/create', { name: sobject, nameNumber: 'K-', fields });
      await org.control('/records/generate', { sobject, count });
    },
  });

/** Where the backfill is, as the destination knows it. */
interface Place {
  version: number;
  job: { id: string; hi: number | null } | null;
  pages: { path: string; rows: number; is_done: boolean }[];
}

async function placeOf({ admin }: EndToEndHarness): Promise<Place | null> {
  const [cursor] = await admin.query<Place>(sql`
    SELECT version, position -> 'job' AS job,
           coalesce((SELECT json_agg(json_build_object('path', path, 'rows', rows, 'is_done', is_done) ORDER BY page_no)
                       FROM _lockstep.bulk_page), '[]') AS pages
      FROM _lockstep.cursor WHERE kind = 'bulk'`);
  return cursor ?? null;
}

/** Of a job whose results were ready nothing is read again that was stored. */
function assertGoesOn(before: Place | null, now: Place | null): void {
  if (!before?.job?.hi || !now) return;
  assert.equal(now.job?.id, before.job.id, 'no other job takes its place');
  for (const { path, rows, is_done: isDone } of before.pages) {
    const page = now.pages.find((one) => one.path === path);
    assert.ok(page && page.rows >= rows && (page.is_done || !isDone), `page ${path} goes on from ${rows}`);
  }
}

const isComplete = async ({ admin }: EndToEndHarness) =>
  (await admin.query(sql`SELECT FROM _lockstep.checkpoint WHERE state = 'current'`)).length > 0;

/** Empties the mirror, so that another backfill begins. */
const beginAgain = ({ admin }: EndToEndHarness): Promise<void> =>
  admin.transaction((tx) =>
    tx.script(`
      SELECT FROM _lockstep.checkpoint FOR UPDATE;
      TRUNCATE salesforce.killed__c, _lockstep.fence;
      DELETE FROM _lockstep.cursor WHERE kind IN ('backfill', 'bulk');
      UPDATE _lockstep.checkpoint SET state = 'backfilling', backfilled_at = NULL, rows = 0`),
  );

/** Runs a worker until it is at the step, and kills it there. */
async function killAt(harness: EndToEndHarness, step: Step, nth: number, random: Random): Promise<void> {
  await using undo = new AsyncDisposableStack();
  const isAsked = step !== 'finish' && step !== 'any time';
  const reached = isAsked
    ? await armFault(harness.org, {
        match: steps[step],
        times: null,
        effect: step === 'create' && random.next() < 0.5 ? { hang: 'after' } : { delayMs: 0 },
      })
    : null;
  if (reached) undo.defer(() => reached.end());
  if (step === 'ask') {
    await harness.org.control('/jobs/fault', { next: 'query', fault: { kind: 'stay' } });
    undo.defer(async () => void (await harness.org.control('/jobs/lift', {})));
  }
  await using _worker = startWorkerChild(harness, `killed-${nth}`, { pageRows });
  if (step === 'finish') await untilTrue(() => isComplete(harness), 'the backfill is complete');
  else {
    await (reached
      ? reached.untilFired()
      : untilTrue(async () => (await placeOf(harness)) !== null, 'it has begun'));
    await systemClock.sleep(random.between(0, step === 'any time' ? 3_000 : 400));
  }
}

async function untilTrue(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 6_000; tries++) {
    if (await isTrue()) return;
    await systemClock.sleep(10);
  }
  assert.fail(`never: ${what}`);
}

/** Writes in the org and through the proxy until told to end; resolves with how many there were. */
async function writeUntil(harness: EndToEndHarness, random: Random, signal: AbortSignal): Promise<number> {
  const { org } = harness;
  const rows = await org.db.query<{ id: string }>(sql`SELECT "Id" AS id FROM org."Killed__c" ORDER BY "Id"`);
  const alive = rows.map(({ id }) => id);
  const address = `${dataPath}/sobjects/${sobject}`;
  let writes = 0;
  for (; !signal.aborted; writes++) {
    const id = random.pick(alive);
    const values = { Note__c: `write ${writes}` };
    const way = random.between(1, 10);
    if (way <= 4) await harness.call('PATCH', `${address}/${id}`, values);
    else if (way <= 7) await org.control('/records/write', { writes: [{ update: id, values }] });
    else if (way === 8)
      alive.push((JSON.parse((await harness.call('POST', address, values)).text) as { id: string }).id);
    else {
      alive.splice(alive.indexOf(id), 1);
      if (way === 9) await harness.call('DELETE', `${address}/${id}`);
      else await org.control('/records/write', { writes: [{ delete: id }] });
    }
    await systemClock.sleep(random.between(0, 40));
  }
  return writes;
}

async function assertEqual(harness: EndToEndHarness): Promise<void> {
  const inOrg = await harness.org.db.query<{ record: string }>(sql`
    SELECT concat_ws('|', "Id", extract(epoch FROM "SystemModstamp")::bigint, "Note__c") AS record
      FROM org."Killed__c" WHERE NOT "IsDeleted" ORDER BY "Id" COLLATE "C"`);
  const text = inOrg.map(({ record }) => record).join('\n');
  const wanted = createHash('md5').update(text).digest('hex');
  const row = sql`concat_ws('|', id, extract(epoch FROM systemmodstamp)::bigint, note__c)`;
  await harness.until(
    sql`SELECT md5(string_agg(${row}, E'\n' ORDER BY id)) = ${wanted} FROM salesforce.killed__c`,
    'the mirror is as the org',
  );
  const [checkpoint] = await harness.admin.query<{ rows: number }>(
    sql`SELECT rows FROM _lockstep.checkpoint`,
  );
  assert.equal(checkpoint?.rows, inOrg.length, 'the checkpoint counts the rows');
}

test('a worker that is killed at any step of a Bulk backfill loses nothing, and the next one goes on where it was', async () => {
  await using harness = await openHarness();
  await withSeed(20_261_130, async (random) => {
    const writing = new AbortController();
    const writes = writeUntil(harness, random, writing.signal);
    let backfills = 1;
    let betweenSlices = 0;
    for (const [nth, step] of rounds.entries()) {
      if (await isComplete(harness)) {
        await beginAgain(harness);
        backfills++;
      }
      // These steps come before any that has been taken.
      const isPast = (step === 'create' || step === 'ask' || step === 'list') && (await placeOf(harness));
      if (isPast) await beginAgain(harness);
      const before = await placeOf(harness);
      await killAt(harness, step, nth, random);
      const now = await placeOf(harness);
      assertGoesOn(before, now);
      if (now?.pages.some(({ rows, is_done: isDone }) => rows > 0 && !isDone)) betweenSlices++;
    }
    assert.ok(
      backfills >= 3 && betweenSlices >= 2,
      `${backfills} backfills, ${betweenSlices} between slices`,
    );
    await using _last = startWorkerChild(harness, 'last', { pageRows });
    await untilTrue(() => isComplete(harness), 'the last backfill is complete');
    writing.abort();
    assert.ok((await writes) > 100);
    await assertEqual(harness);
    for (const left of [
      sql`SELECT FROM _lockstep.observation WHERE kind = 'bulk'`,
      sql`SELECT FROM _lockstep.bulk_page`,
      sql`SELECT FROM _lockstep.cursor WHERE kind = 'bulk'`,
    ])
      assert.deepEqual(await harness.admin.query(left), []);
  });
});
