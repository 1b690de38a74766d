/** What reading a head means for those who wait for it, and sweeps over pages that are cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageWith } from '@lockstep/harness/page';
import { assertProperty } from '@lockstep/harness/property';
import { cursorAt, serverNow, streamState, syncState } from '@lockstep/harness/sync-state';
import * as fc from 'fast-check';
import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import type { Mirror } from '../../postgres/index.ts';
import { repairOf } from '../cursors/repair.ts';
import { startOfSweep } from '../cursors/sweep.ts';
import type { StreamState } from '../run/sync-state.ts';
import { hasQuery, prepareSlots, slotQuery, slotStep } from './slots.ts';

const recheckAt = serverNow - 900;
const empty = pageWith(0);
const full = pageWith(1, { done: false, stamp: new Date((serverNow - 60) * 1_000).toISOString() });

/** The stream after one more page of its head, in a request sent at `sentAt`. */
function read(stream: StreamState, page: Page, sentAt: number): StreamState {
  const state = syncState([stream]);
  const goesOn = stream.cursors.head?.position.pass ? { before: null } : {};
  const prepared = { slot: { kind: 'head', index: 0, chainedTo: null, ...goesOn } as const };
  const query = slotQuery(state, prepared);
  return slotStep(state, prepared, query, page, { sentAt, answeredAt: serverNow }).after;
}

const pollSinceOf = ({ isPriority, pollSince, pollSinceBegunAt, pollSinceReadAt }: StreamState) => ({
  isPriority,
  pollSince,
  pollSinceBegunAt,
  pollSinceReadAt,
});
const settled = { isPriority: false, pollSince: null, pollSinceBegunAt: null, pollSinceReadAt: 0 };

test('a head read from the recheck’s position has read everything committed when its request was sent', () => {
  const requested = streamState(1, { isPriority: true, pollSince: recheckAt, pollSinceReadAt: 3 });
  assert.deepEqual(pollSinceOf(read(requested, empty, 5_000)), { ...settled, pollSinceReadAt: 5_000 });
});

test('a head read from a later position does not count as having read everything committed', () => {
  const requested = streamState(1, { isPriority: true, pollSince: recheckAt + 1 });
  assert.deepEqual(pollSinceOf(read(requested, empty, 5_000)), settled);
});

test('a head of several pages counts when the last of them is read, as of its first request', () => {
  const begun = read(streamState(1, { isPriority: true, pollSince: recheckAt }), full, 5_000);
  assert.deepEqual(pollSinceOf(begun), { ...settled, pollSinceBegunAt: 5_000 });
  assert.deepEqual(pollSinceOf(read(begun, empty, 6_000)), { ...settled, pollSinceReadAt: 5_000 });
});

test('a request that comes during a pass waits for the next one', () => {
  const begun = read(streamState(1), full, 5_000);
  const requested = { ...begun, isPriority: true, pollSince: recheckAt };
  assert.deepEqual(pollSinceOf(read(requested, empty, 6_000)), { ...settled, pollSince: recheckAt });
});

const pageRows = 40;
const idOf = (n: number) => `001000000000${String(n).padStart(3, '0')}AAA` as RecordId;

/** Rows of the mirror, the indexes of those whose record is gone, and where Salesforce cuts its pages. */
interface Cut {
  rows: number;
  gone: readonly number[];
  cuts: readonly number[];
  /** Salesforce returns them in reverse order. */
  isReversed?: boolean;
}

/** Salesforce's answer to a query for Ids: those that it has, as many as fit on a page. */
function answerTo(
  ids: readonly RecordId[],
  inOrg: ReadonlySet<RecordId>,
  cutAt: number,
  isReversed: boolean,
): Page {
  const inOrder = ids.filter((id) => inOrg.has(id));
  const found = isReversed ? inOrder.toReversed() : inOrder;
  const came = found.slice(0, cutAt);
  return {
    ...pageWith(came.length, { done: came.length === found.length }),
    records: JSON.stringify(came.map((Id) => ({ Id }))),
  };
}

/** Goes through the mirror's own Ids until the pass ends, one query per request; returns what was found absent. */
async function goThrough(kind: 'sweep' | 'repair', { rows, gone, cuts, isReversed = false }: Cut) {
  const ids = Array.from({ length: rows }, (_, n) => idOf(n));
  const absentInOrg = new Set(gone.map((n) => idOf(n % rows)));
  const inOrg = new Set(ids.filter((id) => !absentInOrg.has(id)));
  const mirror = {
    idsAfter: async (_: unknown, after: RecordId | null, limit: number) =>
      ids.filter((id) => after === null || id > after).slice(0, limit),
  } as unknown as Mirror;
  const repair = cursorAt({ ...repairOf(['2026-11-24']), part: 'ids' as const });
  let state = syncState([streamState(1, { rows, cursors: { repair, sweep: cursorAt(startOfSweep(0)) } })], {
    pageRows,
  });
  const absent = new Set<RecordId>();
  const slot = kind === 'sweep' ? ({ kind, index: 0, nth: 0 } as const) : ({ kind, index: 0 } as const);
  for (let requests = 0; requests < 10 * rows + 20; requests++) {
    const [prepared] = await prepareSlots(mirror, state, [slot], [slot]);
    assert.ok(prepared?.ids);
    const page = answerTo(prepared.ids, inOrg, cuts[requests % cuts.length] ?? pageRows, isReversed);
    const query = hasQuery(prepared)
      ? slotQuery(state, prepared)
      : { soql: '', includeDeleted: false, timeField: null, limit: 0 };
    const step = slotStep(state, prepared, query, page, { sentAt: 0, answeredAt: serverNow });
    for (const id of step.absent ?? []) absent.add(id);
    state = { ...state, streams: [step.after] };
    const { cursors } = step.after;
    const isOver =
      kind === 'sweep' ? cursors.sweep?.position.lastAt === serverNow : !cursors.repair?.position.days.length;
    if (isOver)
      return {
        absent: [...absent].toSorted(),
        expected: [...absentInOrg].toSorted(),
        requests: requests + 1,
      };
  }
  return assert.fail(`the ${kind} does not end`);
}

for (const kind of ['sweep', 'repair'] as const) {
  test(`a ${kind} over Ids ends wherever pages are cut, and finds exactly the rows that are absent`, async () => {
    await assertProperty(
      fc.asyncProperty(
        fc.record({
          rows: fc.integer({ min: 1, max: 120 }),
          gone: fc.array(fc.nat(119), { maxLength: 60 }),
          cuts: fc.array(fc.integer({ min: 2, max: pageRows }), { minLength: 1, maxLength: 4 }),
          isReversed: fc.boolean(),
        }),
        async (cut) => {
          const { absent, expected } = await goThrough(kind, cut);
          assert.deepEqual(absent, expected);
        },
      ),
    );
  });
}

test('a sweep ends even if pages have a single row, as long as Salesforce’s order is the mirror’s', async () => {
  const { absent, expected } = await goThrough('sweep', { rows: 30, gone: [0, 1, 7, 29], cuts: [1] });
  assert.deepEqual(absent, expected);
});

test('with cut pages each absent row costs a sweep a few more requests, and another order doubles them', async () => {
  const whole = { rows: 120, gone: [], cuts: [10] };
  const { requests } = await goThrough('sweep', whole);
  assert.ok(requests <= 120 / 10 + 2, `${requests} requests`);
  const missing = await goThrough('sweep', { ...whole, gone: [0, 60, 119] });
  assert.ok(missing.requests <= requests + 3 * 3, `${missing.requests} requests`);
  const reversed = await goThrough('sweep', { ...whole, isReversed: true });
  assert.ok(reversed.requests <= 2 * requests + 3, `${reversed.requests} requests`);
});
