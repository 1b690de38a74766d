import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ManualClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl, type TestControl } from '@lockstep/harness/control';
import type { SyncId } from '../core/ids.ts';
import type { Control } from './database.ts';
import { runLeases } from './leases.ts';
import type { Sync } from './stored-sync.ts';
import { changeSettings, eraseSync, recordSync } from './syncs.ts';

type Event = { worker: string; what: 'began' | 'ended'; sync: SyncId; epoch: number };

/** Workers in this process, each with its own connections; records the runs that they begin and end, in order. */
function openWorkers() {
  const events: Event[] = [];
  const running = new Map<SyncId, Set<string>>();
  let waiting: { holds: () => boolean; resolve: () => void }[] = [];
  const happened = (event: Event) => {
    events.push(event);
    const holders = running.get(event.sync) ?? new Set();
    running.set(event.sync, holders);
    if (event.what === 'began') holders.add(event.worker);
    else holders.delete(event.worker);
    for (const waiter of waiting.filter(({ holds }) => holds())) waiter.resolve();
    waiting = waiting.filter(({ holds }) => !holds());
  };
  const start = (
    control: Control,
    workerId: string,
    run: (sync: Sync, signal: AbortSignal) => Promise<void> = (_, signal) => untilAborted(signal),
  ) => {
    const stop = new AbortController();
    const onClaim = async (sync: Sync, signal: AbortSignal) => {
      happened({ worker: workerId, what: 'began', sync: sync.id, epoch: sync.epoch });
      try {
        await run(sync, signal);
      } finally {
        happened({ worker: workerId, what: 'ended', sync: sync.id, epoch: sync.epoch });
      }
    };
    const ended = runLeases(control, { workerId, onClaim }, stop.signal);
    return {
      async stop() {
        stop.abort();
        await ended;
      },
    };
  };
  return {
    events,
    start,
    heldBy: (worker: string) =>
      [...running].filter(([, holders]) => holders.has(worker)).map(([sync]) => sync),
    holdersMax: () => {
      const now = new Map<SyncId, number>();
      return events
        .map(({ sync, what }) => {
          const holders = (now.get(sync) ?? 0) + (what === 'began' ? 1 : -1);
          now.set(sync, holders);
          return holders;
        })
        .reduce((most, holders) => Math.max(most, holders), 0);
    },
    until: (holds: () => boolean) =>
      new Promise<void>((resolve) => {
        if (holds()) resolve();
        else waiting.push({ holds, resolve });
      }),
  };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

async function recordSyncs(harness: TestControl, count: number): Promise<SyncId[]> {
  const syncs = Array.from({ length: count }, () => newSync());
  for (const sync of syncs) await recordSync(harness.control, sync);
  return syncs.map(({ id }) => id);
}

const owned = ({ control }: TestControl) =>
  control.db.query(sql`SELECT sync_id, owner FROM lockstep.sync WHERE owner IS NOT NULL`);

/** Ends the session that holds the worker's presence lock, as a crash or a lost network would. */
const killSessionOf = (harness: TestControl, worker: string) =>
  harness.database.db.query(sql`
    SELECT pg_terminate_backend(pid) FROM pg_locks
     WHERE locktype = 'advisory' AND classid = 77 AND objid = hashtext(${worker})::oid
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);

test('workers that start at once share the syncs, and each sync is claimed once', async () => {
  await using harness = await openTestControl();
  const syncs = await recordSyncs(harness, 12);
  const workers = openWorkers();

  const started = ['a', 'b', 'c'].map(async (id) => workers.start(await harness.openAnother(), id));
  await workers.until(() => ['a', 'b', 'c'].every((id) => workers.heldBy(id).length === 4));

  assert.equal(workers.holdersMax(), 1);
  for (const worker of await Promise.all(started)) await worker.stop();
  assert.deepEqual(await owned(harness), []);
  assert.equal(new Set(workers.events.map(({ sync }) => sync)).size, syncs.length);
});

test('a worker that is told to stop during a claim releases what it has claimed before it ends', async () => {
  await using harness = await openTestControl();
  await recordSyncs(harness, 1);
  const workers = openWorkers();
  const another = await harness.openAnother();
  const claimed = Promise.withResolvers<void>();
  const transaction: typeof another.db.transaction = async (work) => {
    const result = await another.db.transaction(work);
    claimed.resolve();
    await sleep(200); // the answer to the commit arrives late
    return result;
  };
  const worker = workers.start({ ...another, db: { ...another.db, transaction } }, 'stopped');
  await claimed.promise;
  await worker.stop();
  assert.deepEqual(await owned(harness), []);
  assert.deepEqual(workers.events, []);
});

test('a worker that joins gets its fair share, and no sync ever has two runs', async () => {
  await using harness = await openTestControl();
  await recordSyncs(harness, 5);
  const workers = openWorkers();
  const first = workers.start(await harness.openAnother(), 'first');
  await workers.until(() => workers.heldBy('first').length === 5);

  const second = workers.start(await harness.openAnother(), 'second');
  await workers.until(() => workers.heldBy('second').length === 2 && workers.heldBy('first').length === 3);

  assert.equal(workers.holdersMax(), 1);
  await first.stop();
  await workers.until(() => workers.heldBy('second').length === 5);
  assert.equal(workers.holdersMax(), 1);
  await second.stop();
});

test('the syncs of a worker whose session is lost go to another worker under a higher epoch', async () => {
  await using harness = await openTestControl();
  const [sync] = await recordSyncs(harness, 1);
  const workers = openWorkers();
  // Its runs notice nothing: this is how a suspended process looks from outside.
  const resume = Promise.withResolvers<void>();
  const lost = workers.start(await harness.openAnother(), 'lost', () => resume.promise);
  await workers.until(() => workers.heldBy('lost').length === 1);
  const other = workers.start(await harness.openAnother(), 'other');

  await killSessionOf(harness, 'lost');
  await workers.until(() => workers.heldBy('other').length === 1);

  const claims = workers.events.filter(({ what }) => what === 'began');
  assert.deepEqual(
    claims.map(({ worker, epoch }) => ({ worker, epoch })),
    [
      { worker: 'lost', epoch: 1 },
      { worker: 'other', epoch: 2 },
    ],
  );
  resume.resolve();
  await lost.stop();
  const [row] = await harness.control.db.query(
    sql`SELECT owner, epoch FROM lockstep.sync WHERE sync_id = ${sync}`,
  );
  assert.deepEqual(row, { owner: 'other', epoch: 2 });
  await other.stop();
});

test('a worker whose session is lost stops its runs and claims syncs again', async () => {
  await using harness = await openTestControl();
  await recordSyncs(harness, 2);
  const workers = openWorkers();
  const worker = workers.start(await harness.openAnother(), 'alone');
  await workers.until(() => workers.heldBy('alone').length === 2);

  await killSessionOf(harness, 'alone');
  await workers.until(() => workers.heldBy('alone').length === 0);
  await workers.until(() => workers.heldBy('alone').length === 2);

  const epochs = workers.events.filter(({ what }) => what === 'began').map(({ epoch }) => epoch);
  assert.deepEqual(epochs, [1, 1, 2, 2]);
  await worker.stop();
});

test('a worker whose own heartbeat is late stops its runs', async () => {
  const clock = new ManualClock();
  await using harness = await openTestControl(clock);
  await recordSyncs(harness, 1);
  const workers = openWorkers();
  const worker = workers.start(harness.control, 'paused');
  await workers.until(() => workers.heldBy('paused').length === 1);
  const lost = harness.log.next('leases lost, claiming again');

  clock.advance(20_000); // nothing ran in between, as after SIGSTOP and SIGCONT

  await workers.until(() => workers.heldBy('paused').length === 0);
  assert.equal((await lost).code, 'TimeoutError');
  await worker.stop();
});

test('a paused sync is released at once and claimed by nobody until it is resumed', async () => {
  await using harness = await openTestControl();
  const [paused, other] = await recordSyncs(harness, 2);
  assert.ok(paused && other);
  const workers = openWorkers();
  const worker = workers.start(await harness.openAnother(), 'a');
  await workers.until(() => workers.heldBy('a').length === 2);

  await changeSettings(harness.control, paused, { paused: true });
  await workers.until(() => workers.heldBy('a').length === 1);
  // A second worker joins and does not claim the paused sync; then the sync is resumed.
  const second = workers.start(await harness.openAnother(), 'b');
  await recordSyncs(harness, 1);
  await workers.until(() => workers.heldBy('a').length === 1 && workers.heldBy('b').length === 1);
  assert.equal(workers.events.filter(({ sync, what }) => sync === paused && what === 'began').length, 1);

  await changeSettings(harness.control, paused, { paused: false });
  await workers.until(() => [...workers.heldBy('a'), ...workers.heldBy('b')].includes(paused));
  await eraseSync(harness.control, other);
  await workers.until(() => ![...workers.heldBy('a'), ...workers.heldBy('b')].includes(other));
  await worker.stop();
  await second.stop();
});

test('a sync whose run ends by itself is claimed again, and a run that fails does not end the others', async () => {
  await using harness = await openTestControl();
  const [ending, failing, healthy] = await recordSyncs(harness, 3);
  const workers = openWorkers();
  let runs = 0;
  const failed = harness.log.next('sync run failed');
  const worker = workers.start(await harness.openAnother(), 'a', async (sync, signal) => {
    if (sync.id === failing) throw new Error('canary');
    if (sync.id === ending && ++runs === 1) return;
    await untilAborted(signal);
  });

  await workers.until(() => workers.events.some(({ sync, epoch }) => sync === ending && epoch === 2));

  assert.equal((await failed).sync, failing);
  assert.doesNotMatch(harness.log.text(), /canary/);
  assert.ok(healthy && workers.heldBy('a').includes(healthy));
  await worker.stop();
});

test('a sync that the database assigns to a worker without a run is released and claimed again', async () => {
  await using harness = await openTestControl();
  const workers = openWorkers();
  const worker = workers.start(await harness.openAnother(), 'a');
  const [sync] = await recordSyncs(harness, 1);
  await workers.until(() => workers.heldBy('a').length === 1);

  // As if a claim had committed but its answer was lost.
  await harness.control.db.query(sql`UPDATE lockstep.sync SET epoch = 2 WHERE sync_id = ${sync}`);

  await workers.until(() => workers.events.some(({ epoch }) => epoch === 3));
  assert.deepEqual(
    workers.events.map(({ what, epoch }) => `${what} ${epoch}`),
    ['began 1', 'ended 1', 'began 3'],
  );
  await worker.stop();
});
