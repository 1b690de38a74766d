import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { Page } from '../core/page.ts';
import { assert } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import { sqlState } from '../lib/database.ts';
import {
  type CursorMove,
  databaseFault,
  type Holder,
  type Mirror,
  type Observation,
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
  mirror: Mirror;
  holder: Holder;
}

/** A reading outlives its request by this margin at most; then it is purged and its late answer refused. */
const observationLastsMs = 15 * 60_000;

export interface Ticked {
  state: SyncState;
  /** False where the state has to be loaded again: a cursor stood elsewhere, or the database refused a page. */
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
 * last one, which closes the reading. A page that the database refuses is its own stream's trouble. A cursor that
 * somebody else has moved meanwhile stays; then the state has to be loaded again, as after any failure here.
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
  const { mirror } = deps;
  const queries = slots.map((slot) => slotQuery(state, slot));
  const streamNos = [...new Set(slots.map((slot) => streamOf(state, slot).table.stream.streamNo))];
  const observation = await mirror.openTickObservation(deps.holder, streamNos, observationLastsMs);
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
    const { dirty, failed, areCursorsMoved } = await applyParts(deps, parts, observation);
    const streams = next.streams.map((stream, index) => {
      const fault = failed.get(index);
      return fault ? inTrouble(deps, state.streams[index] as StreamState, fault) : stream;
    });
    return { state: { ...next, streams, dirty }, areCursorsMoved: areCursorsMoved && failed.size === 0 };
  } catch (error) {
    // Where the database is away as well, the reading's expiry closes it.
    await mirror.closeObservation(observation).catch(() => undefined);
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
  const refusals = new Map<number, Fault>();
  const lost = new Set<number>();
  for (const [place, slot] of slots.entries()) {
    const outcome = outcomes[place];
    const query = queries[place];
    assert(outcome && query, 'each slot has a query and an outcome');
    const { index } = slot;
    if (slot.kind === 'head') next = withStream(next, index, { ...streamOf(next, slot), polledAt: sentAt });
    if (outcome.kind === 'refused') refusals.set(index, outcome.fault);
    // A page behind one that did not come is no page in a row: its cursor would pass what is missing.
    const isBehindLost = slot.kind === 'backfill' && slot.chainedTo !== null && lost.has(slot.chainedTo);
    if (outcome.kind !== 'page' || isBehindLost) {
      lost.add(place);
      continue;
    }
    const step = slotStep(next, slot, query, outcome.page);
    parts.push({ table: streamOf(next, slot).table, slot, page: outcome.page, step });
    next = withStream(next, index, step.after);
  }
  for (const index of new Set(slots.map((slot) => slot.index))) {
    const stream = next.streams[index] as StreamState;
    const fault = refusals.get(index);
    next = withStream(
      next,
      index,
      fault ? await afterRefusal(deps, stream, fault) : { ...stream, trouble: null },
    );
  }
  return { next, parts };
}

const withStream = (state: SyncState, index: number, stream: StreamState): SyncState => ({
  ...state,
  streams: state.streams.with(index, stream),
});

/** A refused query concerns its stream alone. What never will work stops it; anything else lets it rest. */
async function afterRefusal(deps: SyncDeps, stream: StreamState, fault: Fault): Promise<StreamState> {
  const { sobject, streamNo } = stream.table.stream;
  deps.log.warn('query refused', { stream: sobject, code: fault.code });
  if (fault.kind !== 'permanent') return inTrouble(deps, stream, fault);
  await deps.mirror.recordStop(streamNo, fault.code);
  return { ...stream, stoppedBy: fault.code };
}

function inTrouble({ clock }: SyncDeps, stream: StreamState, fault: Fault): StreamState {
  const tries = (stream.trouble?.tries ?? 0) + 1;
  return { ...stream, trouble: { tries, restsUntil: clock.now() + restMs(tries, fault) } };
}

interface PartsApplied {
  /** What is left after the last part, read in its transaction. */
  dirty: readonly DirtyRecord[];
  /** Streams, by their place in the state, whose page the database refused. The others went on. */
  failed: ReadonlyMap<number, Fault>;
  areCursorsMoved: boolean;
}

async function applyParts(
  deps: SyncDeps,
  parts: readonly Part[],
  observation: Observation,
): Promise<PartsApplied> {
  const failed = new Map<number, Fault>();
  const stands = new Set<string>();
  const hasRows = ({ page, step }: Part) => page.count > 0 || (step.absent?.length ?? 0) > 0;
  const cursorOf = ({ slot }: Part) => `${slot.index} ${slot.kind}`;
  for (const part of parts.filter(hasRows)) {
    if (failed.has(part.slot.index)) continue;
    // A later page of a chain must not move a cursor that the page before it could not move.
    const move = stands.has(cursorOf(part)) ? undefined : part.step.move;
    try {
      const isMoved = await applyOnePage(deps, part, move, observation);
      if (!isMoved) stands.add(cursorOf(part));
    } catch (error) {
      failed.set(part.slot.index, faultOfPage(deps, part, error));
    }
  }
  const moves = parts
    .filter((part) => !hasRows(part) && !failed.has(part.slot.index) && !stands.has(cursorOf(part)))
    .flatMap(({ table, step }) => (step.move ? [{ streamNo: table.stream.streamNo, move: step.move }] : []));
  const last = await deps.mirror.applyEmptyPages(moves, { observation, isLast: true }, dirtyRows);
  return {
    dirty: last.dirty.map(dirtyRecord),
    failed,
    areCursorsMoved: last.areAllMoved && stands.size === 0,
  };
}

/** A page that the database refuses by itself is its stream's trouble. Anything else is the whole sync's. */
function faultOfPage(deps: SyncDeps, { table }: Part, error: unknown): Fault {
  const code = sqlState(error);
  if (error instanceof Fault || code === undefined || databaseFault(error, '')) throw error;
  const { sobject } = table.stream;
  deps.log.warn('page refused by the database', { stream: sobject, sqlState: code });
  return new Fault('DB-15', { stream: sobject, sqlState: code });
}

async function applyOnePage(
  deps: SyncDeps,
  part: Part,
  move: CursorMove | undefined,
  observation: Observation,
): Promise<boolean> {
  const { table, slot, page, step } = part;
  const began = deps.clock.now();
  const { absent } = step;
  const { fates, isCursorMoved } = await deps.mirror.applyPage(table, page, {
    observation,
    isLast: false,
    ...(absent && { absent }),
    ...(move && { move }),
  });
  const fields = { stream: table.stream.sobject, kind: slot.kind, rows: page.count };
  deps.log.debug('page applied', { ...fields, tookMs: deps.clock.now() - began });
  if (fates.quarantined > 0) deps.log.warn('rows set aside', { ...fields, rows: fates.quarantined });
  return isCursorMoved;
}
