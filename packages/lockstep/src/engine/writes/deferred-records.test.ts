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

/** A database that is away until somebody says otherwise, and the list of what was recorded in it. */
function openStage(closing = new AbortController()) {
  const clock = new ManualClock();
  const recorded: string[] = [];
  const stage = { clock, recorded, isAway: false, whileMarking: () => undefined as void };
  const mirror = {
    markRows: async (_streamNo: number, ids: readonly string[]) => {
      if (stage.isAway) throw new Error('the database is away');
      stage.whileMarking();
      await setImmediate();
      recorded.push(`marks ${ids.map((one) => Number(one.slice(3, 15))).join(' ')}`);
    },
    recordOutcome: async (intents: readonly number[], outcome: string) => {
      if (stage.isAway) throw new Error('the database is away');
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
  return Object.assign(stage, { deferred });
}

async function pass(clock: ManualClock, ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

test('what is deferred is recorded when the database is back, marks before outcomes', async () => {
  const stage = openStage();
  stage.isAway = true;
  stage.deferred.addOutcome([1, 2], 'pending');
  stage.deferred.addMarks('account', [id(1)]);
  stage.deferred.addOutcome([3], 'unknown');
  await pass(stage.clock, 500);
  assert.deepEqual(stage.recorded, []);
  assert.ok(stage.deferred.hasMarks);
  stage.isAway = false;
  await pass(stage.clock, 1_000);
  assert.deepEqual(stage.recorded, ['marks 1', 'pending 1 2', 'unknown 3']);
  assert.ok(!stage.deferred.hasMarks);
});

test('marks that come while others are being made are made too, and their outcome waits for them', async () => {
  const stage = openStage();
  stage.whileMarking = () => {
    stage.whileMarking = () => undefined;
    stage.deferred.addMarks('account', [id(2)]);
    stage.deferred.addOutcome([2], 'pending');
  };
  stage.deferred.addMarks('account', [id(1)]);
  await pass(stage.clock, 500);
  await pass(stage.clock, 1_000);
  assert.deepEqual(stage.recorded, ['marks 1', 'marks 2', 'pending 2']);
});

test('a record that is marked once more while its mark fails is deferred once', async () => {
  const stage = openStage();
  stage.whileMarking = () => {
    stage.whileMarking = () => undefined;
    stage.deferred.addMarks('account', [id(1)]);
    throw new Error('the connection broke');
  };
  stage.deferred.addMarks('account', [id(1)]);
  await pass(stage.clock, 500);
  await pass(stage.clock, 1_000);
  assert.deepEqual(stage.recorded, ['marks 1']);
  assert.ok(!stage.deferred.hasMarks);
});

test('nothing is recorded any more when the sync is closed', async () => {
  const closing = new AbortController();
  const stage = openStage(closing);
  stage.deferred.addMarks('account', [id(1)]);
  closing.abort();
  await pass(stage.clock, 10_000);
  assert.deepEqual(stage.recorded, []);
});
