import { assert } from '@lockstep/foundation/assert';
import { Fault } from '../../core/faults.ts';
import type { Observation, StreamFigures } from '../../postgres/index.ts';
import { type Purpose, type QueryOutcome, queryPages, type ResourceAnswer } from '../../salesforce/index.ts';
import { type DeletedQuestion, deletedQuestion } from '../cursors/deleted-log.ts';
import { readingOf } from '../cursors/index.ts';
import { type PreparedSlot, type Slot } from '../cursors/reading.ts';
import type { DeletedLogRequest } from '../plan/next-request.ts';
import { hasQuery, slotQuery, streamOf } from '../plan/slots.ts';
import { resourceOf, withLong } from './after-describe.ts';
import { applyParts, type DeletedLogPart, type Part, type Stop } from './apply-parts.ts';
import { interpretAnswer, type SlotAnswers } from './interpret-answer.ts';
import type { ChosenRequest, PreparedRequest } from './prepare-request.ts';
import { withoutProblem } from './problems.ts';
import type { SyncDeps } from './sync-deps.ts';
import { type StreamState, type SyncState, withFigures, withStream } from './sync-state.ts';
import { afterTableError } from './table-errors.ts';

/** How long a reading may last; then it is purged, and its late answer is refused. */
const observationLastsMs = 15 * 60_000;
/** If a request takes longer, its streams get requests of their own until it is known which of them is slow. */
const slowMs = 2_000;

/** A reading that is registered but not yet sent. */
export interface OpenReading {
  /** How long its answer may take; then its streams get requests of their own. Null: as long as any request may take. */
  limitMs: number | null;
  state: SyncState;
  asking: ChosenRequest;
  prepared: readonly PreparedSlot[];
  observation: Observation;
}

/** An answer that has arrived, and what it means. None of it is applied yet. */
export interface Received {
  reading: OpenReading;
  parts: readonly Part[];
  deletedLogs: readonly DeletedLogPart[];
  stops: readonly Stop[];
  /** The state after everything is applied. */
  next: SyncState;
}

/** An answer did not arrive within the limit of its reading. From now on its streams get requests of their own. */
export class TooSlow extends Error {}

export interface Ticked {
  state: SyncState;
  figures: readonly StreamFigures[];
  /** Indexes of the streams that had a page stored: their tables work. */
  stored: ReadonlySet<number>;
  /** False if the state must be loaded again: a cursor was elsewhere, or the database refused a page. */
  areCursorsMoved: boolean;
}

/**
 * Begins a tick, which is one Salesforce request and its effect: registers the reading before the request is sent.
 *
 * @returns null if the quota has closed meanwhile: nothing may be requested
 * @throws Fault `SYS-09`: the lease was lost; database errors as they come
 */
export async function beginReading(
  deps: SyncDeps,
  preparedAsking: PreparedRequest,
  limitMs: number | null = null,
): Promise<OpenReading | null> {
  const { mirror, holder } = deps;
  const { state, asking, prepared } = preparedAsking;
  const asked = [...asking.slots, ...asking.deletedLogs];
  const streamNos = [...new Set(asked.map((one) => streamOf(state, one).table.stream.streamNo))];
  const observation = await mirror.openTickObservation(holder, streamNos, observationLastsMs);
  const reading = { limitMs, state, asking, prepared, observation };
  if (deps.mayAsk()) return reading;
  await closeReading(deps, reading);
  return null;
}

/**
 * Sends the request and interprets its answer.
 *
 * @throws Fault if the request as a whole failed; database errors as they come. The reading is closed then.
 */
export async function askSalesforce(
  deps: SyncDeps,
  reading: OpenReading,
  signal: AbortSignal,
): Promise<Received> {
  const { clock } = deps;
  const { state, asking } = reading;
  const sentAt = clock.now();
  try {
    const answer = await ask(deps, reading, signal);
    const tookMs = clock.now() - sentAt;
    deps.log.debug('asked Salesforce', { requests: 1, tookMs });
    deps.onAnswer(answer.usage);
    const { now, believed, isAhead } = deps.serverClock.hear(answer.serverNow);
    if (isAhead) deps.log.warn('the time of an answer is ahead', { where: 'Date' });
    // An answer proves things as of before its request, so the state's time advances only after it is interpreted.
    const understood = interpretAnswer(deps, { ...state, syncProblem: null }, asking.slots, answer, {
      sentAt,
      answeredAt: believed,
    });
    countQueries(deps, reading, understood.parts);
    const paced = withPace(understood.next, asking.slots, tookMs);
    return { ...understood, reading, next: { ...paced, serverNow: now } };
  } catch (error) {
    await closeReading(deps, reading);
    throw isOverLimit(reading, error, clock.now() - sentAt) ? new TooSlow() : error;
  }
}

/** Counts the answered queries; each is an equal share of the request. */
function countQueries(
  { onQuery }: SyncDeps,
  { prepared, asking: { deletedLogs } }: OpenReading,
  parts: readonly Part[],
): void {
  const asked = new Set(prepared.filter(hasQuery).map(({ slot }) => slot));
  const share = 1 / (asked.size + deletedLogs.length);
  const purpose = purposeOf(prepared);
  for (const { slot, table, page } of parts)
    if (asked.has(slot))
      onQuery?.({ sobject: table.stream.sobject, kind: slot.kind, rows: page.count, purpose, share });
}

/** Whether an error concerns only one request: not the database, and no other holder has taken over. */
export const isOfRequest = (error: unknown): error is Fault =>
  error instanceof Fault && error.code !== 'SYS-09';

const isOverLimit = ({ limitMs }: OpenReading, error: unknown, tookMs: number): boolean =>
  limitMs !== null && tookMs >= limitMs && error instanceof Fault && error.code === 'NET-01';

/** If the database is away as well, the reading closes when it expires. */
const closeReading = ({ mirror }: SyncDeps, { observation }: OpenReading) =>
  mirror.closeObservation(observation).catch(() => undefined);

/**
 * Applies an answer's pages in the order of their slots, which is the order in which Salesforce ran them, in one
 * transaction per stream and page; pages without rows share the last one, which closes the reading. A page that the
 * database refuses is a problem of its own stream. A cursor that somebody else has moved meanwhile stays where it is;
 * then the state must be loaded again, as after any failure here.
 *
 * @param hi  a ticket taken after the answer had arrived: the start of the next reading, which then needs no fences
 *            against this one
 * @throws Fault `SYS-09`: another holder has taken over; database errors as they come. The reading is closed then.
 */
export async function applyAnswer(deps: SyncDeps, received: Received, hi?: number): Promise<Ticked> {
  const { reading, next } = received;
  try {
    const { figures, stored, failed, areCursorsMoved } = await applyParts(
      deps,
      received,
      reading.observation,
      hi,
    );
    let after = next;
    for (const [index, error] of failed) {
      const stream = await afterTableError(deps, reading.state.streams[index] as StreamState, error);
      after = withStream(after, index, stream);
    }
    const state = withFigures(withStored(after, stored), figures);
    return { state, figures, stored, areCursorsMoved: areCursorsMoved && failed.size === 0 };
  } catch (error) {
    await closeReading(deps, reading);
    throw error;
  }
}

/** The answer to a slot without a query, because the mirror has no Ids left to ask for. */
const nothing: QueryOutcome = {
  kind: 'page',
  page: { records: '[]', count: 0, last: null, lastId: null, done: true, unstorable: [], nulsRemoved: 0 },
};

async function ask(
  { salesforce }: SyncDeps,
  { state, prepared, asking: { slots, deletedLogs, describes }, limitMs }: OpenReading,
  signal: AbortSignal,
): Promise<SlotAnswers & Pick<Awaited<ReturnType<typeof queryPages>>, 'serverNow' | 'usage'>> {
  const asked = prepared.filter(hasQuery);
  // Slots without a query are left out, so the index of a slot is not the index of its query.
  const queryOf = (index: number) => asked.findIndex(({ slot }) => slot === slots[index]);
  const queries = prepared.map((one) => (hasQuery(one) ? slotQuery(state, one, queryOf) : null));
  const questions = deletedLogs.map((deletedLog) => questionOf(state, deletedLog));
  const sent = queries.filter((query) => query !== null);
  if (sent.length === 0 && questions.length === 0) {
    const slots = prepared.map((one) => ({ prepared: one, query: null, outcome: nothing }));
    return { slots, deletedLogs: [], describes: [], serverNow: null, usage: null };
  }
  const asking: Parameters<typeof queryPages>[2] = {
    purpose: purposeOf(prepared),
    resources: [...questions, ...describes.map((one) => resourceOf(streamOf(state, one), one))],
    ...(limitMs !== null && { timeoutMs: limitMs }),
  };
  const answer = await queryPages(salesforce, sent, asking, signal);
  return {
    ...answer,
    slots: prepared.map((one, index) => ({
      prepared: one,
      query: queries[index] ?? null,
      outcome: hasQuery(one) ? (answer.pages[asked.indexOf(one)] as QueryOutcome) : nothing,
    })),
    deletedLogs: deletedLogs.map((deletedLog, index) => ({
      deletedLog,
      question: questions[index] as DeletedQuestion,
      answer: answer.resources[index] as ResourceAnswer,
    })),
    describes: describes.map((describe, nth) => ({
      describe,
      answer: answer.resources[questions.length + nth] as ResourceAnswer,
    })),
  };
}

function questionOf(state: SyncState, deletedLog: DeletedLogRequest): DeletedQuestion {
  const { cursors, table } = streamOf(state, deletedLog);
  assert(cursors.deleted, 'the log that is asked for exists');
  return deletedQuestion(table.stream.sobject, cursors.deleted.position, state.serverNow);
}

/** A request is counted under the most urgent purpose in it. */
const purposes = ['repair', 'poll', 'backfill'] as const;

function purposeOf(slots: readonly PreparedSlot[]): Purpose {
  const own = new Set(slots.map(({ slot }) => readingOf(slot).purpose));
  return purposes.find((purpose) => own.has(purpose)) ?? 'reconcile';
}

/** The state after pages of these streams were stored: nothing is wrong with their tables. */
export function withStored(state: SyncState, stored: ReadonlySet<number>): SyncState {
  const streams = state.streams.map((stream, index) =>
    stored.has(index) ? withoutProblem(stream, 'table') : stream,
  );
  return { ...state, streams };
}

/** How long a request may hold up other objects; then it is cut off, and its streams get requests of their own. */
const sharedMsMax = 5_000;

/** How long to wait for an answer. While the sync has a problem, each stream in turn may take as long as it needs. */
export const answerLimitMs = ({ state }: PreparedRequest): number | null =>
  state.streams.length === 1 || state.syncProblem ? null : sharedMsMax;

/** Whether a request has pages of thousands of rows, which may be slow; all others are short. */
const carriesPages = (slots: readonly Slot[]) => !slots.every((slot) => readingOf(slot).isShort);

/** The state after an answer that did not arrive in time. */
export const afterTooSlow = (state: SyncState, { asking: { slots, describes } }: OpenReading): SyncState =>
  withLong(
    withSlow(state, slots, () => (carriesPages(slots) ? 'pages' : 'polls')),
    describes,
  );

/**
 * After a slow request its streams get requests of their own, each until one is fast; if pages were slow, until one
 * with pages is. A slow request with pages changes nothing as long as it stays within the limit.
 */
function withPace(state: SyncState, slots: readonly Slot[], tookMs: number): SyncState {
  const isFast = tookMs <= slowMs;
  if (carriesPages(slots)) return isFast ? withSlow(state, slots, () => null) : state;
  return withSlow(state, slots, ({ slow }) => (slow === 'pages' ? slow : isFast ? null : 'polls'));
}

function withSlow(
  state: SyncState,
  slots: readonly Slot[],
  slowOf: (stream: StreamState) => StreamState['slow'],
): SyncState {
  const asked = new Set(slots.map(({ index }) => index));
  const streams = state.streams.map((stream, index) => {
    const slow = asked.has(index) ? slowOf(stream) : stream.slow;
    return slow === stream.slow ? stream : { ...stream, slow };
  });
  return { ...state, streams };
}
