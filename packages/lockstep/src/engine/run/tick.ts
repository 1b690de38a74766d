import { assert } from '@lockstep/foundation/assert';
import { Fault } from '../../core/faults.ts';
import type { Observation, StreamFigures } from '../../postgres/index.ts';
import { type Purpose, type QueryOutcome, queryPages, type ResourceAnswer } from '../../salesforce/index.ts';
import { type DeletedQuestion, deletedQuestion } from '../cursors/deleted-log.ts';
import { readingOf } from '../cursors/index.ts';
import { type PreparedSlot, type Slot } from '../cursors/reading.ts';
import type { DeletedLogRequest } from '../plan/next-request.ts';
import { hasQuery, slotQuery, streamOf } from '../plan/slots.ts';
import { applyParts, type DeletedLogPart, type Part, type Stop } from './apply-parts.ts';
import type { Asking, Prepared } from './prepare-asking.ts';
import { withoutProblem } from './problems.ts';
import type { SyncDeps } from './sync-deps.ts';
import { type StreamState, type SyncState, withFigures, withStream } from './sync-state.ts';
import { afterTableError } from './table-errors.ts';
import { type Answered, understand } from './understand.ts';

/** A reading outlives its request by this margin at most; then it is purged and its late answer refused. */
const observationLastsMs = 15 * 60_000;
/** Streams that share a request which lasts longer are asked for alone until it is known which of them is slow. */
const slowMs = 2_000;

/** A reading that is registered and not yet asked for. */
export interface Reading {
  /** So long its answer may take; then its streams are asked for apart. Null: as long as any request may. */
  limitMs: number | null;
  state: SyncState;
  asking: Asking;
  prepared: readonly PreparedSlot[];
  observation: Observation;
}

/** An answer that has come, and what it means. Nothing of it is applied. */
export interface Received {
  reading: Reading;
  parts: readonly Part[];
  deletedLogs: readonly DeletedLogPart[];
  stops: readonly Stop[];
  /** The state after all of it is applied. */
  next: SyncState;
}

/** An answer did not come within the limit of its reading. Its streams go alone from now on. */
export class TooSlow extends Error {}

export interface Ticked {
  state: SyncState;
  figures: readonly StreamFigures[];
  /** The places of the streams of which a page was stored: their tables work. */
  stored: ReadonlySet<number>;
  /** False where the state has to be loaded again: a cursor stood elsewhere, or the database refused a page. */
  areCursorsMoved: boolean;
}

/**
 * A step of a sync is one Salesforce request and its effect. It begins by registering the reading, before the request
 * is sent.
 *
 * @returns null where the quota has closed meanwhile: nothing may be asked
 * @throws Fault `SYS-09`: the lease was lost; database errors as they come
 */
export async function beginReading(
  deps: SyncDeps,
  preparedAsking: Prepared,
  limitMs: number | null = null,
): Promise<Reading | null> {
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
 * Asks, and understands the answer.
 *
 * @throws Fault where the request as a whole failed; database errors as they come. The reading is closed then.
 */
export async function askSalesforce(
  deps: SyncDeps,
  reading: Reading,
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
    if (isAhead) deps.log.warn('an answer is ahead of its time', { where: 'Date' });
    // What an answer proves is true as of before its request: the state's time moves on after it is understood.
    const understood = understand(deps, { ...state, syncProblem: null }, asking.slots, answer, {
      sentAt,
      answeredAt: believed,
    });
    const paced = withPace(understood.next, asking.slots, tookMs);
    return { ...understood, reading, next: { ...paced, serverNow: now } };
  } catch (error) {
    await closeReading(deps, reading);
    throw isOverLimit(reading, error, clock.now() - sentAt) ? new TooSlow() : error;
  }
}

/** Whether an error concerns one request: no error of the database, and no other holder has taken over. */
export const isOfRequest = (error: unknown): error is Fault =>
  error instanceof Fault && error.code !== 'SYS-09';

const isOverLimit = ({ limitMs }: Reading, error: unknown, tookMs: number): boolean =>
  limitMs !== null && tookMs >= limitMs && error instanceof Fault && error.code === 'NET-01';

/** Where the database is away as well, the reading's expiry closes it. */
const closeReading = ({ mirror }: SyncDeps, { observation }: Reading) =>
  mirror.closeObservation(observation).catch(() => undefined);

/**
 * Applies an answer's pages in the order of their slots, which is the order in which Salesforce ran them, one
 * transaction a stream and page; what has no rows shares the last one, which closes the reading. A page that the
 * database refuses is its own stream's problem. A cursor that somebody else has moved meanwhile stays; then the state
 * has to be loaded again, as after any failure here.
 *
 * @param hi  a ticket that was taken after the answer had come: the beginning of the next reading, which needs no
 *            fences against this one then
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

/** A slot without a question (the mirror has no Id left to ask for) is answered by nothing. */
const nothing: QueryOutcome = {
  kind: 'page',
  page: { records: '[]', count: 0, last: null, lastId: null, done: true, unstorable: [], nulsRemoved: 0 },
};

async function ask(
  { salesforce }: SyncDeps,
  { state, prepared, asking: { slots, deletedLogs }, limitMs }: Reading,
  signal: AbortSignal,
): Promise<Answered & Pick<Awaited<ReturnType<typeof queryPages>>, 'serverNow' | 'usage'>> {
  const asked = prepared.filter(hasQuery);
  // A slot that has nothing to ask is left out, so that places are those of the slots that were chosen.
  const queryOf = (place: number) => asked.findIndex(({ slot }) => slot === slots[place]);
  const queries = prepared.map((one) => (hasQuery(one) ? slotQuery(state, one, queryOf) : null));
  const questions = deletedLogs.map((deletedLog) => questionOf(state, deletedLog));
  const paths = questions.map(({ path }) => path);
  const sent = queries.filter((query) => query !== null);
  if (sent.length === 0 && paths.length === 0) {
    const slots = prepared.map((one) => ({ prepared: one, query: null, outcome: nothing }));
    return { slots, deletedLogs: [], serverNow: null, usage: null };
  }
  const asking: Parameters<typeof queryPages>[2] = {
    purpose: purposeOf(prepared),
    resources: paths,
    ...(limitMs !== null && { timeoutMs: limitMs }),
  };
  const answer = await queryPages(salesforce, sent, asking, signal);
  return {
    ...answer,
    slots: prepared.map((one, place) => ({
      prepared: one,
      query: queries[place] ?? null,
      outcome: hasQuery(one) ? (answer.pages[asked.indexOf(one)] as QueryOutcome) : nothing,
    })),
    deletedLogs: deletedLogs.map((deletedLog, place) => ({
      deletedLog,
      question: questions[place] as DeletedQuestion,
      answer: answer.resources[place] as ResourceAnswer,
    })),
  };
}

function questionOf(state: SyncState, deletedLog: DeletedLogRequest): DeletedQuestion {
  const { cursors, table } = streamOf(state, deletedLog);
  assert(cursors.deleted, 'the log that is asked for exists');
  return deletedQuestion(table.stream.sobject, cursors.deleted.position, state.serverNow);
}

/** A request counts as what is most pressing in it. */
const purposes = ['repair', 'poll', 'backfill'] as const;

function purposeOf(slots: readonly PreparedSlot[]): Purpose {
  const own = new Set(slots.map(({ slot }) => readingOf(slot).purpose));
  return purposes.find((purpose) => own.has(purpose)) ?? 'reconcile';
}

/** The state with streams of which a page was stored: nothing is wrong with their tables. */
export function withStored(state: SyncState, stored: ReadonlySet<number>): SyncState {
  const streams = state.streams.map((stream, index) =>
    stored.has(index) ? withoutProblem(stream, 'table') : stream,
  );
  return { ...state, streams };
}

/** What holds up other objects is waited for so long; then it goes on apart. */
const sharedMsMax = 5_000;

/** How long an answer is waited for. While the sync has a problem, streams go in turn, and each has its time. */
export const answerLimitMs = ({ state }: Prepared): number | null =>
  state.streams.length === 1 || state.syncProblem ? null : sharedMsMax;

/** Pages by the thousand are slow by nature; everything else is short. */
const carriesPages = (slots: readonly Slot[]) => !slots.every((slot) => readingOf(slot).isShort);

/** The state after an answer that did not come in time. */
export const afterTooSlow = (state: SyncState, { asking: { slots } }: Reading): SyncState =>
  withSlow(state, slots, () => (carriesPages(slots) ? 'pages' : 'polls'));

/**
 * After a slow request its streams go alone, each until it is fast by itself: where pages were slow, with pages. How long
 * these take says nothing else, as long as nobody waits too long for them.
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
