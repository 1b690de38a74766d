import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ManualClock } from '@lockstep/foundation/clock';
import { openLog } from '@lockstep/foundation/log';
import type { RecordId } from '../../core/ids.ts';
import type { LogFields } from '../../core/log-fields.ts';
import type { Destination } from '../../postgres/index.ts';
import { DeferredRecords } from './deferred-records.ts';

const id = (number: number) => `001${String(number).padStart(12, '0')}AAA` as RecordId;

/** A database that can be set away, and the list of what was recorded in it. */
function openClockHarness(closing = new AbortController()) {
  const clock = new ManualClock();
  const recorded: string[] = [];
  const harness = { clock, recorded, isAway: false, whileMarking: () => undefined as void };
  const mirror = {
    markRows: async (_streamNo: number, ids: readonly string[]) => {
      if (harness.isAway) throw new Error('the database is away');
      harness.whileMarking();
      await setImmediate();
      recorded.push(`marks ${ids.map((one) => Number(one.slice(3, 15))).join(' ')}`);
    },
    recordOutcome: async (intents: readonly number[], outcome: string) => {
      if (harness.isAway) throw new Error('the database is away');
      recorded.push(`${outcome} ${intents.join(' ')}`);
    },
  };
  const tables = new Map([['account', { stream: { streamNo: 1 } }]]);
  const deps = {
    clock,
    log: openLog<LogFields>({ write: () => undefined }),
    destination: () => Promise.resolve({ mirror, tables } as unknown as Destination),
    onMarked: () => undefined,
  };
  const deferred = new DeferredRecords(deps, closing.signal);
  return Object.assign(harness, { deferred });
}

async function pass(clock: ManualClock, ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

test('what is deferred is recorded when the database is back, marks before outcomes', async () => {
  const harness = openClockHarness();
  harness.isAway = true;
  harness.deferred.addOutcome([1, 2], 'pending');
  harness.deferred.addMarks('account', [id(1)]);
  harness.deferred.addOutcome([3], 'unknown');
  await pass(harness.clock, 500);
  assert.deepEqual(harness.recorded, []);
  assert.ok(harness.deferred.hasMarks);
  harness.isAway = false;
  await pass(harness.clock, 1_000);
  assert.deepEqual(harness.recorded, ['marks 1', 'pending 1 2', 'unknown 3']);
  assert.ok(!harness.deferred.hasMarks);
});

test('marks that are deferred while others are being made are made too, and their outcome waits for them', async () => {
  const harness = openClockHarness();
  harness.whileMarking = () => {
    harness.whileMarking = () => undefined;
    harness.deferred.addMarks('account', [id(2)]);
    harness.deferred.addOutcome([2], 'pending');
  };
  harness.deferred.addMarks('account', [id(1)]);
  await pass(harness.clock, 500);
  await pass(harness.clock, 1_000);
  assert.deepEqual(harness.recorded, ['marks 1', 'marks 2', 'pending 2']);
});

test('a record that is marked again while its mark fails is deferred only once', async () => {
  const harness = openClockHarness();
  harness.whileMarking = () => {
    harness.whileMarking = () => undefined;
    harness.deferred.addMarks('account', [id(1)]);
    throw new Error('the connection broke');
  };
  harness.deferred.addMarks('account', [id(1)]);
  await pass(harness.clock, 500);
  await pass(harness.clock, 1_000);
  assert.deepEqual(harness.recorded, ['marks 1']);
  assert.ok(!harness.deferred.hasMarks);
});

test('nothing is recorded after the sync is closed', async () => {
  const closing = new AbortController();
  const harness = openClockHarness(closing);
  harness.deferred.addMarks('account', [id(1)]);
  closing.abort();
  await pass(harness.clock, 10_000);
  assert.deepEqual(harness.recorded, []);
});
