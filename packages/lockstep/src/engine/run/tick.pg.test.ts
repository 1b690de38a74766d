import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { openLog } from '@lockstep/foundation/log';
import { sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationHarness, record } from '@lockstep/harness/destination';
import { openScriptedOrg } from '@lockstep/harness/scripted-org';
import { startPositions } from '../cursors/index.ts';
import { dueOf, restingPass } from '../cursors/pace.ts';
import type { Slot } from '../cursors/reading.ts';
import { openQuota } from '../plan/quota.ts';
import { RelatedRecords } from '../writes/related-records.ts';
import { loadState } from './load-state.ts';
import { prepareRequest } from './prepare-request.ts';
import { ServerClock } from './server-time.ts';
import { applyAnswer, askSalesforce, beginReading } from './tick.ts';

const serverNow = Date.UTC(2026, 10, 24) / 1000;
const signal = new AbortController().signal;

interface Answer {
  records: object[];
  done?: boolean;
  totalSize?: number;
}

/** Answers the queries of a request in turn, and runs `meanwhile` before it answers. */
async function openTick(
  answers: readonly Answer[],
  meanwhile: () => Promise<unknown> = async () => undefined,
) {
  const harness = await openDestinationHarness({ streams: ['Account', 'Contact'] });
  const org = await openScriptedOrg(async () => {
    await meanwhile();
    const compositeResponse = answers.map(({ records, done = true, totalSize = records.length }, place) => ({
      body: { totalSize, done, records },
      httpHeaders: {},
      httpStatusCode: 200,
      referenceId: `q${place}`,
    }));
    return { body: JSON.stringify({ compositeResponse }) };
  });
  const { destination, holder } = harness;
  const { mirror, tables } = destination;
  for (const { stream } of tables.values()) {
    await mirror.beginStream(stream.streamNo, startPositions(stream, serverNow), null);
  }
  const log = openLog({ write: () => undefined });
  const related = new RelatedRecords({
    log,
    destination: async () => destination,
    onMarked: () => undefined,
  });
  const asks = { salesforce: org.open(), onAnswer: () => undefined, mayAsk: () => true };
  const serverClock = new ServerClock(systemClock, {
    now: serverNow,
    saidAt: systemClock.now(),
    ahead: null,
  });
  const deps = { clock: systemClock, log, ...asks, mirror, holder, related, serverClock };
  const budget = { intervalMs: 3_000, sentAt: [] };
  const known = { serverNow, budget, quota: openQuota(90), pageRows: 2_000 };
  const state = await loadState(mirror, tables, known, 0);
  return {
    harness,
    /** The last request's text. */
    asked: () => org.received.at(-1)?.body ?? '',
    run: async (slots: readonly Slot[]) => {
      const reading = await beginReading(
        deps,
        await prepareRequest(deps, state, { slots, deletedLogs: [], describes: [] }),
      );
      assert.ok(reading);
      return applyAnswer(deps, await askSalesforce(deps, reading, signal));
    },
    copied: async () => {
      const [cursor] = await harness.db.query<{ position: { after: string | null } }>(
        sql`SELECT position FROM _lockstep.cursor WHERE stream_no = 1 AND kind = 'backfill'`,
      );
      return cursor?.position.after;
    },
    openReadings: () => harness.db.query(sql`SELECT lo FROM _lockstep.observation`),
    async [Symbol.asyncDispose]() {
      await org[Symbol.asyncDispose]();
      await harness[Symbol.asyncDispose]();
    },
  };
}

const chain: readonly Slot[] = [
  { kind: 'backfill', index: 0, chainedTo: null },
  { kind: 'backfill', index: 0, chainedTo: 0 },
];

test('the pages of a chain move their cursor one after the other, and the reading is closed', async () => {
  await using tick = await openTick([
    { records: [record(1)], done: false, totalSize: 2 },
    { records: [record(2)], done: false, totalSize: 2 },
  ]);
  const { areCursorsMoved } = await tick.run(chain);
  assert.equal(areCursorsMoved, true);
  assert.equal(await tick.copied(), idOf(2));
  assert.equal((await tick.harness.rows()).length, 2);
  assert.deepEqual(await tick.openReadings(), []);
});

test('checks are paced by the rows that the mirror has after each page, not by those at the start', async () => {
  await using tick = await openTick([{ records: [record(1), record(2)], done: false, totalSize: 3 }]);
  const { state } = await tick.run(chain.slice(0, 1));
  const [account, contact] = state.streams;
  assert.deepEqual([account?.rows, contact?.rows], [2, 0]);
  const begun = { ...restingPass(state.serverNow), begunAt: state.serverNow, done: 1 };
  const period = { everySeconds: 86_400, idleSeconds: 86_400 };
  assert.equal(
    dueOf(begun, account?.rows ?? 0, period, state.serverNow + 10_000),
    null,
    'half of the rows are read',
  );
});

test('a page refers to the one before it, even if a slot in between has nothing to ask', async () => {
  await using tick = await openTick([
    { records: [record(1)], done: false, totalSize: 2 },
    { records: [record(2)] },
  ]);
  await tick.run([
    { kind: 'sweep', index: 0, nth: 0 },
    { kind: 'sweep', index: 0, nth: 1 },
    { kind: 'content', index: 0, chainedTo: null },
    { kind: 'content', index: 0, chainedTo: 2 },
  ]);
  assert.deepEqual(tick.asked().match(/@\{q\d/g), ['@{q0']);
  assert.equal((await tick.harness.rows()).length, 2);
});

test('a page after a discarded one moves no cursor', async () => {
  await using tick = await openTick([
    { records: [record(1)], totalSize: 7 },
    { records: [record(2)], done: false, totalSize: 2 },
  ]);
  const { state } = await tick.run(chain);
  assert.equal(await tick.copied(), null);
  assert.equal(state.streams[0]?.cursors.backfill?.position.after, null);
  assert.equal(state.streams[0]?.problems.backfill?.tries, 1);
  assert.deepEqual(await tick.openReadings(), []);
});

test('an incomplete page is a problem of its own stream, and the other stream goes on', async () => {
  await using tick = await openTick([{ records: [record(1)], totalSize: 7 }, { records: [record(9)] }]);
  const { state } = await tick.run([
    { kind: 'head', index: 0, chainedTo: null },
    { kind: 'head', index: 1, chainedTo: null },
  ]);
  assert.equal((await tick.harness.rows('Contact')).length, 1);
  assert.deepEqual(
    state.streams.map(({ problems }) => problems.poll?.tries ?? 0),
    [1, 0],
  );
});

test('a cursor that somebody resets meanwhile stays there, whatever the pages of a chain contain', async () => {
  let setBack = async (): Promise<unknown> => undefined;
  await using tick = await openTick(
    [
      { records: [record(1)], done: false, totalSize: 2 },
      { records: [record(2)], done: false, totalSize: 2 },
    ],
    () => setBack(),
  );
  setBack = () =>
    tick.harness.db.query(sql`UPDATE _lockstep.cursor SET version = version + 1 WHERE kind = 'backfill'`);
  const { areCursorsMoved } = await tick.run(chain);
  assert.equal(areCursorsMoved, false);
  assert.equal(await tick.copied(), null);
  assert.equal((await tick.harness.rows()).length, 2, 'the rows are kept');
});
