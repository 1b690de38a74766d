import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { Page } from '../core/page.ts';
import { assert } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import type { Holder, Mirror, Observation, StreamFigures } from '../postgres/index.ts';
import {
  type Purpose,
  type QueryOutcome,
  queryPages,
  type RiderAnswer,
  type Salesforce,
} from '../salesforce/index.ts';
import { applyParts, type Part, type RiderPart, type Stop } from './apply-parts.ts';
import { compareCounts } from './compare-counts.ts';
import { type DeletedQuestion, deletedQuestion } from './cursors/deleted-log.ts';
import type { Slot } from './fill-slots.ts';
import type { Rider } from './next-request.ts';
import { afterAnswer } from './quota.ts';
import { type AnsweredRider, readDeletedLog } from './read-deleted-log.ts';
import type { RelatedRecords } from './related-records.ts';
import { restMs } from './rest.ts';
import {
  type ExchangeTimes,
  hasQuery,
  type PreparedSlot,
  prepareSlots,
  type SlotQuery,
  slotQuery,
  slotStep,
  streamOf,
} from './slots.ts';
import { type StreamState, type SyncState, withFigures } from './sync-state.ts';

/** What the running of one sync works with. */
export interface SyncDeps {
  clock: Clock;
  log: AppLog;
  salesforce: Salesforce;
  mirror: Mirror;
  holder: Holder;
  related: RelatedRecords;
  /** Told of each query that was answered. */
  onQuery?: ((query: { sobject: string; kind: string; rows: number }) => void) | undefined;
}

/** A reading outlives its request by this margin at most; then it is purged and its late answer refused. */
const observationLastsMs = 15 * 60_000;
/** Streams that share a request which lasts longer are asked for alone until it is known which of them is slow. */
const slowMs = 2_000;

export interface Asking {
  slots: readonly Slot[];
  riders: readonly Rider[];
}

/** A reading that is registered and not yet asked for. */
export interface Reading {
  state: SyncState;
  asking: Asking;
  prepared: readonly PreparedSlot[];
  observation: Observation;
}

/** An answer that has come, and what it means. Nothing of it is applied. */
export interface Landed {
  reading: Reading;
  parts: readonly Part[];
  riders: readonly RiderPart[];
  stops: readonly Stop[];
  /** The state after all of it is applied. */
  next: SyncState;
}

export interface Ticked {
  state: SyncState;
  figures: readonly StreamFigures[];
  /** False where the state has to be loaded again: a cursor stood elsewhere, or the database refused a page. */
  areCursorsMoved: boolean;
}

/**
 * A step of a sync is one Salesforce request and its effect. It begins by registering the reading, before the request
 * is sent.
 *
 * @throws Fault `SYS-09`: the lease was lost; database errors as they come
 */
export async function beginReading(deps: SyncDeps, state: SyncState, asking: Asking): Promise<Reading> {
  const { mirror, holder } = deps;
  const prepared = await prepareSlots(mirror, state, asking.slots);
  const asked = [...asking.slots, ...asking.riders];
  const streamNos = [...new Set(asked.map((one) => streamOf(state, one).table.stream.streamNo))];
  const observation = await mirror.openTickObservation(holder, streamNos, observationLastsMs);
  return { state, asking, prepared, observation };
}

/**
 * Asks, and understands the answer.
 *
 * @throws Fault where the request as a whole failed; database errors as they come. The reading is closed then.
 */
export async function askSalesforce(deps: SyncDeps, reading: Reading, signal: AbortSignal): Promise<Landed> {
  const { clock } = deps;
  const { state, asking } = reading;
  const sentAt = clock.now();
  try {
    const answer = await ask(deps, reading, signal);
    const tookMs = clock.now() - sentAt;
    deps.log.debug('asked Salesforce', { requests: 1, tookMs });
    const quota = afterAnswer(state.quota, answer.usage, clock.now());
    // What an answer proves is true as of before its request: the state's time moves on after it is understood.
    const understood = await understand(deps, { ...state, quota, trouble: null }, asking.slots, answer, {
      sentAt,
      answeredAt: answer.serverNow,
    });
    const serverNow = Math.max(state.serverNow, answer.serverNow ?? 0);
    const next = { ...withPace(understood.next, asking.slots, tookMs), serverNow };
    return { ...understood, reading, next };
  } catch (error) {
    await closeReading(deps, reading);
    throw error;
  }
}

/** Where the database is away as well, the reading's expiry closes it. */
const closeReading = ({ mirror }: SyncDeps, { observation }: Reading) =>
  mirror.closeObservation(observation).catch(() => undefined);

/**
 * Applies an answer's pages in the order of their slots, which is the order in which Salesforce ran them, one
 * transaction a stream and page; what has no rows shares the last one, which closes the reading. A page that the
 * database refuses is its own stream's trouble. A cursor that somebody else has moved meanwhile stays; then the state
 * has to be loaded again, as after any failure here.
 *
 * @param hi  a ticket that was taken after the answer had come: the beginning of the next reading, which needs no
 *            fences against this one then
 * @throws Fault `SYS-09`: another holder has taken over; database errors as they come. The reading is closed then.
 */
export async function applyAnswer(deps: SyncDeps, landed: Landed, hi?: number): Promise<Ticked> {
  const { reading, next } = landed;
  try {
    const { figures, failed, areCursorsMoved } = await applyParts(deps, landed, reading.observation, hi);
    const streams = next.streams.map((stream, index) => {
      const fault = failed.get(index);
      return fault ? inTrouble(deps, reading.state.streams[index] as StreamState, fault) : stream;
    });
    const state = withFigures({ ...next, streams }, figures);
    return { state, figures, areCursorsMoved: areCursorsMoved && failed.size === 0 };
  } catch (error) {
    await closeReading(deps, reading);
    throw error;
  }
}

/** Each slot with its query and what became of it, and what the riders brought. */
interface Answered {
  slots: readonly { prepared: PreparedSlot; query: SlotQuery | null; outcome: QueryOutcome }[];
  riders: readonly AnsweredRider[];
}

/** A slot without a question (the mirror has no Id left to ask for) is answered by nothing. */
const nothing: QueryOutcome = {
  kind: 'page',
  page: { records: '[]', count: 0, last: null, lastId: null, done: true, unstorable: [], nulsRemoved: 0 },
};

async function ask(
  { salesforce }: SyncDeps,
  { state, prepared, asking: { slots, riders } }: Reading,
  signal: AbortSignal,
): Promise<Answered & Pick<Awaited<ReturnType<typeof queryPages>>, 'serverNow' | 'usage'>> {
  const asked = prepared.filter(hasQuery);
  // A slot that has nothing to ask is left out, so that places are those of the slots that were chosen.
  const queryOf = (place: number) => asked.findIndex(({ slot }) => slot === slots[place]);
  const queries = prepared.map((one) => (hasQuery(one) ? slotQuery(state, one, queryOf) : null));
  const questions = riders.map((rider) => questionOf(state, rider));
  const paths = questions.map(({ path }) => path);
  const sent = queries.filter((query) => query !== null);
  if (sent.length === 0 && paths.length === 0) {
    const slots = prepared.map((one) => ({ prepared: one, query: null, outcome: nothing }));
    return { slots, riders: [], serverNow: null, usage: null };
  }
  const answer = await queryPages(salesforce, sent, { purpose: purposeOf(prepared), riders: paths }, signal);
  return {
    ...answer,
    slots: prepared.map((one, place) => ({
      prepared: one,
      query: queries[place] ?? null,
      outcome: hasQuery(one) ? (answer.pages[asked.indexOf(one)] as QueryOutcome) : nothing,
    })),
    riders: riders.map((rider, place) => ({
      rider,
      question: questions[place] as DeletedQuestion,
      answer: answer.riders[place] as RiderAnswer,
    })),
  };
}

function questionOf(state: SyncState, rider: Rider): DeletedQuestion {
  const { cursors, table } = streamOf(state, rider);
  assert(cursors.deleted, 'a rider asks for a log that there is');
  return deletedQuestion(table.stream.sobject, cursors.deleted.position, state.serverNow);
}

/** A request counts as what is most pressing in it. */
function purposeOf(slots: readonly PreparedSlot[]): Purpose {
  const kinds = new Set(slots.map(({ slot }) => slot.kind));
  if (kinds.has('re-read')) return 'repair';
  if (kinds.has('head') || kinds.has('head and tail') || kinds.has('tail')) return 'poll';
  return kinds.has('backfill') ? 'backfill' : 'reconcile';
}

/** What each slot's answer means. Nothing is applied yet. */
async function understand(
  deps: SyncDeps,
  state: SyncState,
  chosen: readonly Slot[],
  { slots, riders }: Answered,
  times: ExchangeTimes,
): Promise<{ next: SyncState; parts: Part[]; riders: RiderPart[]; stops: Stop[] }> {
  let next = state;
  const parts: Part[] = [];
  const stops: Stop[] = [];
  const refusals = new Map<number, Fault>();
  const lost = new Set<Slot | undefined>();
  for (const { prepared, query, outcome } of slots) {
    const { slot } = prepared;
    const { index } = slot;
    if (isHead(slot)) next = withStream(next, index, { ...streamOf(next, slot), polledAt: times.sentAt });
    if (outcome.kind === 'refused') refusals.set(index, outcome.fault);
    // A page behind one that did not come is no page in a row: its cursor would pass what is missing.
    const isBehindLost = 'chainedTo' in slot && slot.chainedTo !== null && lost.has(chosen[slot.chainedTo]);
    if (outcome.kind !== 'page' || isBehindLost) {
      lost.add(slot);
      continue;
    }
    const part = await partOf(deps, next, { prepared, query, page: outcome.page }, times);
    parts.push(part);
    next = withStream(next, index, part.step.after);
  }
  for (const index of new Set(slots.map(({ prepared }) => prepared.slot.index))) {
    const stream = next.streams[index] as StreamState;
    const fault = refusals.get(index);
    next = withStream(next, index, fault ? afterRefusal(deps, stream, fault) : { ...stream, trouble: null });
    if (fault?.kind === 'permanent') stops.push({ table: stream.table, fault });
  }
  const riderParts: RiderPart[] = [];
  for (const answered of riders) {
    const part = readDeletedLog(deps, next, answered);
    if (!part) continue;
    riderParts.push(part);
    next = withStream(next, part.index, part.after);
  }
  return { next, parts, riders: riderParts, stops };
}

const isHead = ({ kind }: Slot) => kind === 'head' || kind === 'head and tail';

async function partOf(
  deps: SyncDeps,
  state: SyncState,
  { prepared, query, page }: { prepared: PreparedSlot; query: SlotQuery | null; page: Page },
  times: ExchangeTimes,
): Promise<Part> {
  const { slot } = prepared;
  const { table } = streamOf(state, slot);
  deps.onQuery?.({ sobject: table.stream.sobject, kind: slot.kind, rows: page.count });
  if (slot.kind === 'counts' && query?.count) {
    const step = await compareCounts(deps, state, slot, query.count, page);
    return { table, slot, page: null, step };
  }
  const asked = query ?? { soql: '', includeDeleted: false, timeField: null };
  return { table, slot, page, step: slotStep(state, prepared, asked, page, times) };
}

const withStream = (state: SyncState, index: number, stream: StreamState): SyncState => ({
  ...state,
  streams: state.streams.with(index, stream),
});

/** A refused query concerns its stream alone. What never will work stops it; anything else lets it rest. */
function afterRefusal(deps: SyncDeps, stream: StreamState, fault: Fault): StreamState {
  deps.log.warn('query refused', { stream: stream.table.stream.sobject, code: fault.code });
  return fault.kind === 'permanent' ? { ...stream, stoppedBy: fault.code } : inTrouble(deps, stream, fault);
}

function inTrouble({ clock }: SyncDeps, stream: StreamState, fault: Fault): StreamState {
  const tries = (stream.trouble?.tries ?? 0) + 1;
  return { ...stream, trouble: { tries, restsUntil: clock.now() + restMs(tries, fault) } };
}

/**
 * After a slow request its streams go alone, each until it is fast by itself. Pages by the thousand are slow by nature
 * and say nothing.
 */
function withPace(state: SyncState, slots: readonly Slot[], tookMs: number): SyncState {
  const isLight = slots.every((slot) => isHead(slot) || slot.kind === 'tail' || slot.kind === 're-read');
  if (!isLight) return state;
  const asked = new Set(slots.map(({ index }) => index));
  const goesAlone = tookMs > slowMs;
  const streams = state.streams.map((stream, index) =>
    asked.has(index) && stream.goesAlone !== goesAlone ? { ...stream, goesAlone } : stream,
  );
  return { ...state, streams };
}
