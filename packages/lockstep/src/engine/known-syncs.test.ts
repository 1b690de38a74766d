import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { newSyncId, type SyncId } from '../core/ids.ts';
import { openKnownSyncs } from './known-syncs.ts';

function opened(...ids: SyncId[]) {
  const clock = new ManualClock();
  const reads: number[] = [];
  let failure: Error | null = null;
  const known = openKnownSyncs(clock, async () => {
    reads.push(clock.now());
    if (failure) throw failure;
    return [...ids];
  });
  const fail = (error: Error | null) => (failure = error);
  return { clock, known, reads, ids, fail };
}

test('a thousand made-up ids cost one look at the control database, and known ids none', async () => {
  const sync = newSyncId();
  const { known, reads } = opened(sync);
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => known.has(newSyncId())));
  assert.deepEqual(new Set(answers), new Set([false]));
  for (let times = 0; times < 10; times++) assert.equal(await known.has(sync), true);
  assert.equal(reads.length, 1);
});

test('a sync made after the last look is found with the next, a second later at most', async () => {
  const { clock, known, reads, ids } = opened();
  assert.equal(await known.has(newSyncId()), false);
  const made = newSyncId();
  ids.push(made);
  const answer = known.has(made);
  clock.advance(1_000);
  assert.equal(await answer, true);
  assert.equal(reads.length, 2);
});

test('a sync made while a look is under way is found by another look', async () => {
  const made = newSyncId();
  const under = Promise.withResolvers<readonly SyncId[]>();
  const clock = new ManualClock();
  let looks = 0;
  const known = openKnownSyncs(clock, () => (++looks === 1 ? under.promise : Promise.resolve([made])));
  const first = known.has(newSyncId());
  await new Promise(setImmediate);
  const second = known.has(made);
  under.resolve([]);
  assert.equal(await first, false);
  clock.advance(1_000);
  assert.equal(await second, true);
});

test('if the ids cannot be read, nothing is known, and the next look may succeed', async () => {
  const sync = newSyncId();
  const { clock, known, fail } = opened(sync);
  fail(new Error('away'));
  await assert.rejects(known.has(sync), /away/);
  fail(null);
  const answer = known.has(sync);
  clock.advance(1_000);
  assert.equal(await answer, true);
});
