import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl, type TestControl } from '@lockstep/harness/control';
import type { SyncId } from '../core/ids.ts';
import { readLeases } from './lease-history.ts';
import { claimSyncs, releaseSync } from './lease-sql.ts';
import { eraseSync, recordSync } from './syncs.ts';

async function withSync(): Promise<TestControl & { sync: SyncId }> {
  const harness = await openTestControl();
  const sync = newSync();
  await recordSync(harness.control, sync);
  return { ...harness, sync: sync.id };
}

/** These workers hold no presence lock, so each of them counts as gone. */
const claim = ({ control }: TestControl, worker: string) =>
  control.db.transaction((tx) => claimSyncs(tx, worker, 10));

const epochs = async (harness: TestControl & { sync: SyncId }, before: number | null = null, limit = 10) =>
  (await readLeases(harness.control, harness.sync, { before, limit })).map(({ epoch }) => epoch);

test('each claim is one lease, which ends when it is released or when the next worker claims', async () => {
  await using harness = await withSync();
  await claim(harness, 'one');
  await claim(harness, 'two');
  await releaseSync(harness.control.db, 'two', harness.sync, 2);
  await releaseSync(harness.control.db, 'two', harness.sync, 1);
  await claim(harness, 'three');
  const found = await readLeases(harness.control, harness.sync, { before: null, limit: 10 });
  assert.deepEqual(
    found.map(({ epoch, workerId, ending, endedAt }) => [epoch, workerId, ending, endedAt !== null]),
    [
      [3, 'three', 'lost', false],
      [2, 'two', 'released', true],
      [1, 'one', 'taken over', true],
    ],
  );
  assert.deepEqual(await epochs(harness, 3, 1), [2]);
  await eraseSync(harness.control, harness.sync);
  assert.deepEqual(await harness.control.db.query(sql`SELECT FROM lockstep.lease`), []);
});

test('leases are kept for 30 days after their end, and the newest 1,000 of a sync', async () => {
  await using harness = await withSync();
  const { db } = harness.control;
  for (const worker of ['one', 'two', 'three']) await claim(harness, worker);
  await db.query(sql`
    UPDATE lockstep.lease
       SET ended_at = ended_at - CASE epoch WHEN 1 THEN interval '31 days' ELSE interval '29 days' END`);
  assert.deepEqual(await epochs(harness), [3, 2], 'before anything purges');
  await claim(harness, 'four');
  const stored = async () =>
    (await db.query<{ epoch: number }>(sql`SELECT epoch FROM lockstep.lease ORDER BY epoch`)).map(
      ({ epoch }) => epoch,
    );
  assert.deepEqual(await stored(), [2, 3, 4]);
  await db.query(sql`UPDATE lockstep.sync SET epoch = 1002`);
  await claim(harness, 'five');
  assert.deepEqual(await stored(), [4, 1003]);
});
