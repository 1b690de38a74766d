import type { AppLog } from '../core/log-fields.ts';
import type { Page } from '../core/page.ts';
import { assert } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import type { Tx } from '../lib/database.ts';
import {
  applyEmptyPages,
  applyPage,
  applyTransaction,
  closeObservation,
  type Destination,
  type Holder,
  type Observation,
  openTickObservation,
  type PagePart,
  readDirty,
  recordStop,
  type StreamTable,
} from '../postgres/index.ts';
import { type QueryOutcome, queryPages, type Salesforce } from '../salesforce/index.ts';
import type { Slot } from './next-request.ts';
import { restMs, type SlotQuery, type SlotStep, slotQuery, slotStep, streamOf } from './slots.ts';
import { type DirtyRecord, dirtyRecord, dirtyRows, type StreamState, type SyncState } from './sync-state.ts';

/** What the running of one sync works with. */
export interface SyncDeps {
  clock: Clock;
  log: AppLog;
  salesforce: Salesforce;
  destination: Destination;
  holder: Holder;
}

/** A reading outlives its request by this margin at most; then it is purged and its late answer refused. */
const observationLastsMs = 15 * 60_000;

export interface Ticked {
  state: SyncState;
  areCursorsMoved: boolean;
}

/** A page and what it means, not yet applied. */
interface Part {
  table: StreamTable;
  slot: Slot;
  page: Page;
  step: SlotStep;
}

/**
 * One step of a sync: one Salesforce request and its effect.
 *
 * The reading is registered before the request is sent. Its answer's pages are applied in the order of their slots,
 * which is the order in which Salesforce ran them, one transaction a stream and page; streams without rows share the
 * last one, which closes the reading. A cursor that somebody else has moved meanwhile stays; then the state has to be
 * loaded again, and so it has after a database error.
 *
 * @throws Fault where the request as a whole failed, or the lease was lost (`SYS-09`); database errors as
 *         they come. The reading is closed then, and the state has to be loaded again after a database error.
 */
export async function runTick(
  deps: SyncDeps,
  state: SyncState,
  slots: readonly Slot[],
  signal: AbortSignal,
): Promise<Ticked> {
  const { db } = deps.destination;
  const queries = slots.map((slot) => slotQuery(state, slot));
  const streamNos = [...new Set(slots.map((slot) => streamOf(state, slot).table.stream.streamNo))];
  const observation = await openTickObservation(db, deps.holder, streamNos, observationLastsMs);
  const sentAt = deps.clock.now();
  try {
    const answer = await queryPages(deps.salesforce, queries, 'poll', signal);
    deps.log.debug('asked Salesforce', { requests: 1, tookMs: deps.clock.now() - sentAt });
    const read: SyncState = {
      ...state,
      serverNow: Math.max(state.serverNow, answer.serverNow ?? 0),
      trouble: null,
    };
    const { next, parts } = await understand(deps, read, slots, queries, answer.pages, sentAt);
    const { dirty, areCursorsMoved } = await applyParts(deps, next, parts, observation);
    return { state: { ...next, dirty }, areCursorsMoved };
  } catch (error) {
    // Where the database is away as well, the reading's expiry closes it.
    await closeObservation(db, observation).catch(() => undefined);
    throw error;
  }
}

/** What each slot's answer means. Nothing is applied yet but the stopping of a stream that was refused for good. */
async function understand(
  deps: SyncDeps,
  state: SyncState,
  slots: readonly Slot[],
  queries: readonly SlotQuery[],
  outcomes: readonly QueryOutcome[],
  sentAt: number,
): Promise<{ next: SyncState; parts: Part[] }> {
  let next = state;
  const parts: Part[] = [];
  for (const [place, slot] of slots.entries()) {
    const outcome = outcomes[place];
    const query = queries[place];
    assert(outcome && query, 'each slot has a query and an outcome');
    const asked: StreamState = { ...streamOf(next, slot), polledAt: sentAt };
    if (outcome.kind === 'page') {
      const step = slotStep(withStream(next, slot.index, asked), slot, query, outcome.page);
      parts.push({ table: asked.table, slot, page: outcome.page, step });
      next = withStream(next, slot.index, step.after);
    } else {
      next = withStream(next, slot.index, await afterRefusal(deps, asked, outcome));
    }
  }
  return { next, parts };
}

const withStream = (state: SyncState, index: number, stream: StreamState): SyncState => ({
  ...state,
  streams: state.streams.with(index, stream),
});

/** A refused query concerns its stream alone. What never will work stops it; anything else lets it rest. */
async function afterRefusal(
  deps: SyncDeps,
  stream: StreamState,
  outcome: Exclude<QueryOutcome, { kind: 'page' }>,
): Promise<StreamState> {
  if (outcome.kind === 'skipped') return stream;
  const { fault } = outcome;
  const { sobject, streamNo } = stream.table.stream;
  deps.log.warn('query refused', { stream: sobject, code: fault.code });
  if (fault.kind === 'permanent') {
    await recordStop(deps.destination.db, streamNo, fault.code);
    return { ...stream, stoppedBy: fault.code };
  }
  const tries = (stream.trouble?.tries ?? 0) + 1;
  return { ...stream, trouble: { tries, restsUntil: deps.clock.now() + restMs(tries, fault) } };
}

/** `dirty` is what is left after the last part, read in its transaction. */
async function applyParts(
  deps: SyncDeps,
  state: SyncState,
  parts: readonly Part[],
  observation: Observation,
): Promise<{ dirty: readonly DirtyRecord[]; areCursorsMoved: boolean }> {
  const { db } = deps.destination;
  const hasRows = ({ page, step }: Part) => page.count > 0 || (step.absent?.length ?? 0) > 0;
  const moves = parts
    .filter((part) => !hasRows(part))
    .flatMap(({ table, step }) => (step.move ? [{ streamNo: table.stream.streamNo, move: step.move }] : []));
  const transactions = parts
    .filter(hasRows)
    .map((part) => (tx: Tx, end: PagePart) => applyOnePage(deps, tx, part, end));
  if (moves.length > 0) transactions.push((tx, end) => applyEmptyPages(tx, moves, end));

  let { dirty } = state;
  let areCursorsMoved = true;
  for (const [place, apply] of transactions.entries()) {
    const isLast = place === transactions.length - 1;
    await applyTransaction(db, async (tx) => {
      if (!(await apply(tx, { observation, isLast }))) areCursorsMoved = false;
      if (isLast) dirty = (await readDirty(tx, dirtyRows)).map(dirtyRecord);
    });
  }
  if (transactions.length === 0) await closeObservation(db, observation);
  return { dirty, areCursorsMoved };
}

async function applyOnePage(deps: SyncDeps, tx: Tx, part: Part, end: PagePart): Promise<boolean> {
  const { table, slot, page, step } = part;
  const began = deps.clock.now();
  const { absent, move } = step;
  const { fates, isCursorMoved } = await applyPage(tx, table, page, {
    ...end,
    ...(absent && { absent }),
    ...(move && { move }),
  });
  const fields = { stream: table.stream.sobject, kind: slot.kind, rows: page.count };
  deps.log.debug('page applied', { ...fields, tookMs: deps.clock.now() - began });
  if (fates.quarantined > 0) deps.log.warn('rows set aside', { ...fields, rows: fates.quarantined });
  return isCursorMoved;
}
