import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cursorAt, serverNow, streamState, syncState } from '@lockstep/harness/sync-state';
import { startOfContent } from '../cursors/content.ts';
import { startOfCounts } from '../cursors/counts.ts';
import { repairOf } from '../cursors/repair.ts';
import { startOfSweep } from '../cursors/sweep.ts';
import type { Cursors } from '../run/sync-state.ts';
import { describedAt } from './describes.ts';
import { nextRequest, nothingInBackground } from './next-request.ts';
import { openQuota } from './quota.ts';
import { askedOf, kinds, polled, slotsOf, streamsOf } from './test-requests.ts';

const day = 86_400;
const condition = 'Fri, 14 Aug 2020 20:53:02 GMT';
const [at, stream, sync] = [cursorAt, streamState, syncState];

const backfilling: Partial<Cursors> = { backfill: at({ after: null }) };

test('up to five streams are polled in one request', () => {
  assert.deepEqual(kinds(slotsOf(sync(streamsOf(5)))), ['head 0', 'head 1', 'head 2', 'head 3', 'head 4']);
});

test('more streams take turns, so that none waits longer than a round', () => {
  const streamCount = 12;
  let state = sync(streamsOf(streamCount));
  const lastTurn = Array.from({ length: streamCount }, () => -1);
  for (let turn = 0; turn < 24; turn++) {
    const slots = slotsOf(state, 100_000 + turn);
    for (const { index } of slots) {
      assert.ok(turn - (lastTurn[index] ?? 0) <= Math.ceil(streamCount / 5));
      lastTurn[index] = turn;
    }
    state = polled(state, slots, 100_000 + turn);
  }
});

test('a recheck shares its head’s query as long as neither is within a pass', () => {
  const behind = { recheck: at({ at: serverNow - 950, pass: null }) };
  assert.deepEqual(kinds(slotsOf(sync([stream(1, { cursors: behind })]))), ['head and recheck 0']);
});

test('backfills get the slots that the poll leaves, several pages of one stream in a chain', () => {
  const slots = slotsOf(sync([stream(1), stream(2, { cursors: backfilling, polledAt: 99_000 })]));
  assert.deepEqual(kinds(slots), ['head 0', 'backfill 1', 'backfill 1', 'backfill 1', 'backfill 1']);
  assert.deepEqual(
    slots.map((slot) => (slot.kind === 'backfill' ? slot.chainedTo : undefined)),
    [undefined, null, 1, 2, 3],
  );
});

test('all tables in backfill together get one poll every ten seconds', () => {
  const one = sync([stream(1, { cursors: backfilling, polledAt: 100_000 })]);
  assert.deepEqual(new Set(kinds(slotsOf(one, 109_999))), new Set(['backfill 0']));
  assert.deepEqual(kinds(slotsOf(one, 110_000))[0], 'head 0');
  const three = sync(streamsOf(3, { cursors: backfilling, polledAt: 100_000 }));
  assert.ok(!slotsOf(three, 129_999).some(({ kind }) => kind === 'head'));
  assert.deepEqual(kinds(slotsOf(three, 130_000))[0], 'head 0');
});

test('while backfills run the poll keeps two slots', () => {
  const slots = slotsOf(sync([...streamsOf(4), stream(5, { cursors: backfilling, polledAt: 99_000 })]));
  assert.deepEqual(kinds(slots), ['head 0', 'head 1', 'backfill 4', 'backfill 4', 'backfill 4']);
});

test('backfills run side by side', () => {
  const slots = slotsOf(sync(streamsOf(3, { cursors: backfilling, polledAt: 99_000 })));
  assert.deepEqual(kinds(slots), ['backfill 0', 'backfill 0', 'backfill 1', 'backfill 1', 'backfill 2']);
});

test('while backfills run and rechecks are due, every head is asked within as many requests as there are streams', () => {
  for (const streamCount of [3, 5, 6]) {
    const due = { recheck: at({ at: serverNow - 2_000, pass: null }) };
    const late = { head: at({ at: serverNow - 1_990, overlapSeconds: 2, pass: null }) };
    let state = sync([
      ...streamsOf(streamCount, { cursors: { ...due, ...late } }),
      stream(streamCount + 1, { cursors: { ...backfilling, ...due } }),
    ]);
    const lastTurn = Array.from({ length: streamCount }, () => -1);
    for (let turn = 0; turn < 40; turn++) {
      const slots = slotsOf(state, 100_000 + turn);
      for (const { kind, index } of slots) if (kind === 'head' && index < streamCount) lastTurn[index] = turn;
      state = polled(state, slots, 100_000 + turn);
      for (const last of lastTurn) assert.ok(turn - last <= streamCount + 1, `${streamCount}, turn ${turn}`);
    }
  }
});

test('records to be read again come first, in one slot per stream', () => {
  const slots = slotsOf(sync([stream(1), stream(2, { marked: { isPriority: false, oldest: 7 } })]));
  assert.deepEqual(slots[0], { kind: 're-read', index: 1 });
  assert.deepEqual(kinds(slots.slice(1)), ['head 0', 'head 1']);
});

test('records to be read again always leave slots for the poll', () => {
  const asked = kinds(slotsOf(sync(streamsOf(5, { marked: { isPriority: true, oldest: 7 } }))));
  assert.deepEqual(asked, ['re-read 0', 're-read 1', 're-read 2', 'head 0', 'head 1']);
});

test('records that a proxied write waits for come before all others, then those that have waited longest', () => {
  const marked = (isPriority: boolean, oldest: number) => ({ marked: { isPriority, oldest } });
  const streams = [
    stream(1, marked(false, 5)),
    stream(2, marked(false, 3)),
    stream(3, marked(true, 9)),
    stream(4, marked(false, 4)),
  ];
  const asked = kinds(slotsOf(sync(streams))).filter((slot) => slot.startsWith('re-read'));
  assert.deepEqual(asked, ['re-read 2', 're-read 1', 're-read 3']);
});

test('a check that lags gets a slot, even when five heads would fill the request', () => {
  const due = { sweep: at(startOfSweep(serverNow - 2 * day)) };
  const slots = slotsOf(sync([...streamsOf(5), stream(6, { cursors: due })]));
  assert.equal(slots.filter(({ kind }) => kind === 'head').length, 4);
  assert.deepEqual(kinds(slots).at(-1), 'sweep 5');
});

test('a check that is not due yet takes only slots that nothing else wants', () => {
  const welcome = { sweep: at(startOfSweep(serverNow - 7_200)) };
  assert.deepEqual(kinds(slotsOf(sync([stream(1, { cursors: welcome })]))), ['head 0', 'sweep 0']);
  const full = sync([stream(1, { cursors: welcome }), ...[2, 3, 4, 5].map((n) => stream(n))]);
  assert.ok(!kinds(slotsOf(full)).includes('sweep 0'));
});

test('a check that somebody waits for takes all slots that are left', () => {
  const wanted = { sweep: at({ ...startOfSweep(serverNow), isWanted: true }) };
  const slots = slotsOf(sync([stream(1, { cursors: wanted, rows: 50_000 })]));
  assert.deepEqual(kinds(slots), ['head 0', 'sweep 0', 'sweep 0', 'sweep 0', 'sweep 0']);
  assert.deepEqual(
    slots.flatMap((slot) => (slot.kind === 'sweep' ? [slot.nth] : [])),
    [0, 1, 2, 3],
  );
});

test('days that differ are repaired before anything else is checked', () => {
  const repairing = { repair: at(repairOf(['2026-11-20'])), sweep: at(startOfSweep(serverNow - 2 * day)) };
  assert.deepEqual(kinds(slotsOf(sync([stream(1, { cursors: repairing })]))), [
    'head 0',
    'repair 0',
    'sweep 0',
  ]);
});

test('a table is not checked while its backfill runs', () => {
  const lagging = { ...backfilling, sweep: at(startOfSweep(0)), counts: at(startOfCounts(0)) };
  const slots = slotsOf(sync([stream(1, { cursors: lagging })]));
  assert.deepEqual(new Set(slots.map(({ kind }) => kind)), new Set(['head', 'backfill']));
});

test('a pass that is pages behind gets the slots that are left, in a chain', () => {
  const pass = { until: serverNow, reach: null, from: serverNow - day, rate: 100, window: null };
  const behind = { head: at({ at: serverNow - day, overlapSeconds: 2, pass }) };
  const slots = slotsOf(sync([stream(1, { cursors: behind }), stream(2)]));
  assert.deepEqual(kinds(slots), ['head 0', 'head 1', 'head 0', 'head 0', 'head 0']);
  const own = slots.flatMap((slot) => (slot.kind === 'head' && slot.index === 0 ? [slot] : []));
  assert.deepEqual(
    own.map(({ chainedTo }) => chainedTo),
    [null, 0, 2, 3],
  );
  assert.deepEqual(new Set(own.map(({ before }) => before)), new Set([serverNow - 1]));
});

test('a pass with only its own slot still reads by its window', () => {
  const pass = { until: serverNow, reach: null, from: serverNow - day, rate: 100, window: null };
  const behind = { head: at({ at: serverNow - day, overlapSeconds: 2, pass }) };
  const slots = slotsOf(sync(streamsOf(6, { cursors: behind })));
  for (const slot of slots) assert.ok(slot.kind === 'head' && slot.before !== undefined);
});

test('a pass that needs one more page leaves the other slots to other work', () => {
  const pass = { until: serverNow, reach: null, from: serverNow - 10, rate: 100, window: null };
  const behind = { head: at({ at: serverNow - 10, overlapSeconds: 2, pass }), ...backfilling };
  assert.deepEqual(kinds(slotsOf(sync([stream(1, { cursors: behind })]))), [
    'head 0',
    'backfill 0',
    'backfill 0',
    'backfill 0',
    'backfill 0',
  ]);
});

test('head and recheck that are both pages behind share the slots evenly, the one with more lag first', () => {
  const passOf = (from: number, until: number) => ({ until, reach: null, from, rate: 2_000, window: null });
  const behind = (headLag: number, recheckLag: number) => ({
    head: at({ at: serverNow, overlapSeconds: 2, pass: passOf(serverNow - headLag, serverNow) }),
    recheck: at({ at: 0, pass: passOf(serverNow - 900 - recheckLag, serverNow - 900) }),
  });
  const slotsBehind = (headLag: number, recheckLag: number) => {
    const slots = slotsOf(sync([stream(1, { cursors: behind(headLag, recheckLag) })]));
    return ['head', 'recheck'].map((kind) => slots.filter((slot) => slot.kind === kind).length);
  };
  assert.deepEqual(slotsBehind(100, 50), [3, 2]);
  assert.deepEqual(slotsBehind(50, 100), [2, 3]);
});

test('logs of deletions are requested along with the queries, those that have waited longest first', () => {
  const asked = (askedAt: number) => ({
    deleted: at({ from: serverNow - 7_200, askedAt, windowSeconds: null }),
  });
  const streams = [
    stream(1, { cursors: asked(serverNow - 1_300) }),
    stream(2),
    stream(3, { cursors: asked(0) }),
  ];
  assert.deepEqual(kinds(askedOf(sync(streams)).deletedLogs), ['deleted 2', 'deleted 0']);
});

test('the next request waits for the budget, and an urgent one for a third of the interval', () => {
  const budget = { intervalMs: 3_000, sentAt: [99_000] };
  assert.deepEqual(nextRequest(sync([stream(1)], { budget }), 99_100), { kind: 'wait', until: 102_000 });
  const urgent = sync([stream(1, { isPriority: true })], { budget });
  assert.deepEqual(nextRequest(urgent, 99_100), { kind: 'wait', until: 100_000 });
});

test('nothing is requested while the org’s usage has reached the stop line', () => {
  const quota = { ...openQuota(90), closedUntil: 500_000 };
  assert.deepEqual(nextRequest(sync([stream(1, { isPriority: true })], { quota }), 100_000), {
    kind: 'wait',
    until: 500_000,
  });
});

test('an urgent stream is polled before those that have waited longer', () => {
  const streams = [1, 2, 3, 4, 5, 6, 7].map((n) => stream(n, { polledAt: n }));
  const state = sync(streams.with(6, stream(7, { polledAt: 50, isPriority: true })));
  assert.equal(kinds(slotsOf(state))[0], 'head 6');
});

test('up to five streams are counted in a request of their own, one such request at a time', () => {
  const due = { cursors: { counts: at(startOfCounts(serverNow - 2 * day)) } };
  const state = sync([...streamsOf(6, due), stream(7)]);
  assert.deepEqual(nextRequest(state, 100_000), {
    kind: 'count',
    indexes: [0, 1, 2, 3, 4],
    isSeparate: true,
  });
  const beside = nextRequest(state, 100_000, { ...nothingInBackground, isCounting: true });
  assert.equal(beside.kind, 'composite');
  assert.equal(
    nextRequest({ ...state, sharedInARow: 0 }, 100_000).kind,
    'composite',
    'polls come in between',
  );
});

test('an object with an unknown field is described at once, and one with a hidden field every two minutes', () => {
  const unknown = sync([stream(1), stream(2, { describe: { ...describedAt(99_000), isDue: true } })]);
  assert.deepEqual(nextRequest(unknown, 100_000), { kind: 'describe', indexes: [1], isSeparate: true });
  const one = stream(1, { describe: { ...describedAt(100_000), wholeAt: 100_000, condition } });
  const { stream: own } = one.table;
  const hiding = sync([{ ...one, table: { ...one.table, stream: { ...own, hidden: own.columns } } }]);
  assert.equal(nextRequest(hiding, 219_999).kind, 'composite');
  assert.deepEqual(nextRequest(hiding, 220_000), { kind: 'describe', indexes: [0], isSeparate: true });
});

test('a request has at most five queries, and twenty logs of deletions and descriptions', () => {
  for (let streamCount = 1; streamCount < 30; streamCount++) {
    const lagging = streamsOf(streamCount).map((one, n) =>
      stream(n + 1, {
        rows: 99_999,
        cursors: {
          ...(n % 3 === 0 && backfilling),
          sweep: at({ ...startOfSweep(0), isWanted: n % 2 === 0 }),
          counts: at(startOfCounts(0)),
          content: at({ ...startOfContent(0), isWanted: true }),
          recheck: at({ at: serverNow - 5_000, pass: null }),
          deleted: at({ from: 0, askedAt: 0, windowSeconds: null }),
        },
        describe: { ...describedAt(0), wholeAt: 100_000, condition },
        polledAt: one.polledAt,
      }),
    );
    const next = nextRequest(sync(lagging), 100_000, { ...nothingInBackground, isCounting: true });
    const none = { slots: [], deletedLogs: [], describes: [] };
    const { slots, deletedLogs, describes } = next.kind === 'composite' ? next : none;
    assert.ok(slots.length > 0);
    assert.ok(slots.length <= 5, `${streamCount} streams`);
    assert.ok(deletedLogs.length + describes.length <= 20, `${streamCount} streams`);
  }
});

test('days that differed are counted again when they, or the whole table instead, have been read', () => {
  const counts = at({ ...startOfCounts(serverNow), begunAt: serverNow - 100, round: 'repairing' as const });
  const isCounted = (cursors: Partial<Cursors>) =>
    nextRequest(sync([stream(1, { cursors: { counts, ...cursors } })]), 100_000).kind === 'count';
  assert.equal(isCounted({ repair: at(repairOf(['2026-11-24'])) }), false);
  assert.equal(isCounted({ content: at({ ...startOfContent(serverNow), isWanted: true }) }), false);
  assert.equal(isCounted({ sweep: at({ ...startOfSweep(serverNow), isWanted: true }) }), false);
  assert.equal(isCounted({}), true);
});
