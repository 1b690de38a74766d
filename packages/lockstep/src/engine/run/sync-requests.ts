import { unreachable } from '@lockstep/foundation/assert';
import { Fault } from '../../core/faults.ts';
import type { RecordId } from '../../core/ids.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { failureFields, type Mirror } from '../../postgres/index.ts';
import { firstParents } from '../cursors/new-parents.ts';
import type { Mailbox } from './mailbox.ts';
import type { ActivityProblem } from './problems.ts';
import { type StreamState, type SyncState, withFigures } from './sync-state.ts';

/**
 * What a person or a program asks of a running sync. A sync request only changes what the next requests read: it
 * marks the state for the choice of the next request, and is done when the cursors show it.
 */
export interface SyncRequest {
  id: number;
  kind: 'flush' | 'verify counts' | 'verify ids' | 'verify content' | 'refetch' | 'keep' | 'remove';
  /** API names; null: all objects. */
  objects: readonly string[] | null;
  /** The records to refetch; null for other kinds. */
  ids: readonly string[] | null;
}

/** Where sync requests come from and their results go. */
export interface SyncRequestQueue {
  /** The requests that are not done, oldest first. */
  open(): Promise<readonly SyncRequest[]>;
  report(requestId: number, progress: object): Promise<void>;
  end(requestId: number, outcome: { result: object } | { fault: Fault }): Promise<void>;
}

/** A sync request that is being served. */
interface Active {
  syncRequest: SyncRequest;
  /** Only readings since this time count: in local time, and in Salesforce's time. */
  since: number;
  serverSince: ServerSeconds;
  /** The streams that are not done, by their number. */
  left: Map<number, Left>;
  count: number;
  /** API names of all its objects. */
  objects: readonly string[];
  /** Those that could not be served, by API name, with the reason. */
  skipped: { object: string; reason: string }[];
  reportedAt: number;
}

interface Left {
  /**
   * The last ticket when the stream had been read: records marked up to then must be read again before it is done.
   * Null until it has been read.
   */
  readAt: number | null;
  /** When the passes began that were over or under way when the request came: these passes do not count. */
  before: ReadonlySet<number>;
  /** What had failed when the request came. */
  failed: Pick<StreamState, 'stopped' | 'problems'>;
}

const reportEveryMs = 1_000;

export class SyncRequests {
  private readonly active = new Map<number, Active>();
  private readonly queue: SyncRequestQueue;
  private readonly log: AppLog;
  private readonly mailbox: Pick<Mailbox, 'post'>;

  /** @param mailbox  notified when a decision is made, which no reading ends */
  constructor(queue: SyncRequestQueue, log: AppLog, mailbox: Pick<Mailbox, 'post'>) {
    this.queue = queue;
    this.log = log;
    this.mailbox = mailbox;
  }

  /**
   * Takes new requests and drops withdrawn ones. While the queue cannot be read, those already taken continue.
   *
   * @param isUnderWay  whether a stream is being read in a way that the state does not show yet
   */
  async look(
    mirror: Mirror,
    state: SyncState,
    now: number,
    isUnderWay: (streamNo: number) => boolean,
  ): Promise<SyncState> {
    const open = await this.queue.open().catch(() => null);
    if (!open) {
      this.log.warn('sync requests not read');
      return state;
    }
    const ids = new Set(open.map(({ id }) => id));
    for (const id of this.active.keys()) if (!ids.has(id)) this.active.delete(id);
    const fresh = open.filter(({ id }) => !this.active.has(id));
    for (const syncRequest of fresh) await this.take(mirror, state, syncRequest, now, isUnderWay);
    if (!fresh.some(({ kind }) => kind === 'refetch')) return state;
    // A refetch begins with marks, and the figures show when they are gone.
    const { figures } = await mirror.readFigures();
    return withFigures(state, figures);
  }

  /** Reports what is done. Call it only with a state that has been applied to the mirror. */
  async settle(mirror: Mirror, state: SyncState, at: number): Promise<void> {
    const now = await this.markRead(mirror, state);
    for (const active of this.active.values()) {
      for (const stream of now.streams) {
        if (!isDone(active, stream)) continue;
        active.left.delete(stream.table.stream.streamNo);
        const reason = whyNotDone(active, stream);
        if (reason) active.skipped.push({ object: stream.table.stream.sobject, reason });
      }
      if (active.left.size === 0) await this.end(mirror, active);
      else await this.report(active, now, at);
    }
  }

  /** Notes the ticket up to which marks count, for all streams that have been read since the last call. */
  private async markRead(mirror: Mirror, state: SyncState): Promise<SyncState> {
    const read = [...this.active.values()].flatMap((active) =>
      state.streams
        .filter((stream) => isJustRead(active, stream) && areParentsRead(active, stream, state))
        .map((stream) => ({ active, stream })),
    );
    if (read.length === 0) return state;
    const { ticket, figures } = await mirror.readFigures();
    for (const { active, stream } of read) {
      const { streamNo } = stream.table.stream;
      const own = active.left.get(streamNo);
      if (own) active.left.set(streamNo, { ...own, readAt: ticket });
    }
    return withFigures(state, figures);
  }

  /** The state with the requests marked in it, for the choice of the next request. */
  withRequests(state: SyncState): SyncState {
    return [...this.active.values()].reduce(
      (next, active) => ({ ...next, streams: next.streams.map((stream) => withRequest(active, stream)) }),
      state,
    );
  }

  private async take(
    mirror: Mirror,
    state: SyncState,
    syncRequest: SyncRequest,
    now: number,
    isUnderWay: (streamNo: number) => boolean,
  ): Promise<void> {
    const names = syncRequest.objects?.map((name) => name.toLowerCase());
    const chosen = state.streams.filter(
      ({ table }) => !names || names.includes(table.stream.sobject.toLowerCase()),
    );
    const active: Active = {
      syncRequest,
      since: now,
      serverSince: state.serverNow,
      left: new Map(),
      count: 0,
      objects: chosen.map(({ table }) => table.stream.sobject),
      skipped: [],
      reportedAt: now,
    };
    for (const stream of chosen) {
      const { sobject, streamNo } = stream.table.stream;
      const reason = whyNot(stream);
      if (reason) active.skipped.push({ object: sobject, reason });
      else {
        // A pass under way began in this second at the latest.
        const unknown = isUnderWay(streamNo) ? [state.serverNow] : [];
        const before = new Set([...beginningsOf(stream), ...unknown]);
        active.left.set(streamNo, { readAt: null, before, failed: stream });
      }
    }
    active.count = active.left.size;
    this.active.set(syncRequest.id, active);
    this.log.info('sync request taken', { kind: syncRequest.kind });
    const ids = (syncRequest.ids ?? []) as readonly RecordId[];
    for (const streamNo of active.left.keys()) {
      if (syncRequest.kind === 'refetch') await mirror.markRows(streamNo, ids, 'asked', true);
      const decision = decisionOf(syncRequest);
      if (decision) this.decide(mirror, active, streamNo, decision);
    }
  }

  /** In the background, because there may be a million rows to decide on. */
  private decide(mirror: Mirror, active: Active, streamNo: number, decision: Decision): void {
    mirror
      .decideOnAbsent(streamNo, decision)
      .then(
        () => active.left.delete(streamNo),
        (error: unknown) => {
          this.log.warn('sync request not ended yet', {
            kind: active.syncRequest.kind,
            ...failureFields(error),
          });
          // It is taken again as if it were new.
          this.active.delete(active.syncRequest.id);
        },
      )
      .finally(() => this.mailbox.post({ kind: 'news' }));
  }

  private async report(active: Active, state: SyncState, now: number): Promise<void> {
    if (now - active.reportedAt < reportEveryMs) return;
    active.reportedAt = now;
    const objects = state.streams
      .filter(({ table }) => active.left.has(table.stream.streamNo))
      .map((stream) => ({ object: stream.table.stream.sobject, ...progressOf(active, stream) }));
    await this.queue.report(active.syncRequest.id, {
      done: active.count - active.left.size,
      of: active.count,
      objects,
    });
  }

  private async end(mirror: Mirror, active: Active): Promise<void> {
    const { syncRequest, objects, skipped, serverSince } = active;
    const repairs = await mirror.readRepairs(serverSince);
    // Set-aside records were read but are not in the mirror: whoever waits has to know.
    const setAside = (await mirror.readSetAside()).filter(({ sobject }) => objects.includes(sobject));
    const result = { objects: objects.length - skipped.length, skipped, repairs, setAside };
    try {
      await this.queue.end(syncRequest.id, { result });
      this.active.delete(syncRequest.id);
    } catch {
      this.log.warn('sync request not ended yet', { kind: syncRequest.kind });
    }
  }
}

type Decision = Parameters<Mirror['decideOnAbsent']>[1];

const decisionOf = ({ kind }: SyncRequest): Decision | null =>
  kind === 'keep' ? 'kept' : kind === 'remove' ? 'accepted' : null;

const whyNot = ({ cursors }: StreamState): string | null =>
  cursors.backfill ? 'its backfill is not complete' : null;

/**
 * Why a stream cannot be served, according to the tries made since the request: its object is refused, or a pass that
 * the request wants has failed. Null: nothing is known to be in the way.
 */
function whyNotDone(active: Active, stream: StreamState): string | null {
  const { syncRequest, since } = active;
  const { stopped, problems } = stream;
  const failed = failedBefore(active, stream);
  if (stopped && isNewer(stopped, failed?.stopped, since)) return `it is stopped (${stopped.code})`;
  for (const kind of passesOf(syncRequest, stream)) {
    const problem = problems[kind];
    if (problem && isNewer(problem, failed?.problems[kind], since))
      return `its ${passWords[kind]} failed (${problem.code})`;
  }
  return null;
}

const failedBefore = ({ left }: Active, { table }: StreamState): Left['failed'] | undefined =>
  left.get(table.stream.streamNo)?.failed;

type Failure = Pick<ActivityProblem, 'failedAt' | 'tries' | 'retryAt'>;

/** Whether it failed since the request. A later failure in the same millisecond differs in its number of tries. */
const isNewer = (failure: Failure, before: Failure | null | undefined, since: number): boolean =>
  failure.failedAt >= since && (failure.failedAt !== before?.failedAt || failure.tries !== before.tries);

const passWords = { counts: 'count', sweep: 'comparison of Ids', content: 'reading of all records' } as const;

type PassKind = 'counts' | 'sweep' | 'content';

function beginningsOf({ cursors: { counts, sweep, content } }: StreamState): readonly number[] {
  const times = [counts, sweep, content].flatMap((cursor) =>
    cursor ? [cursor.position.lastAt, cursor.position.begunAt] : [],
  );
  return times.filter((time) => time !== null);
}

/** The passes that a sync request needs. An object without a time field is flushed by reading all of it. */
function passesOf({ kind }: SyncRequest, { cursors }: StreamState): readonly PassKind[] {
  switch (kind) {
    case 'flush':
      return cursors.head ? [] : ['sweep', 'content'];
    case 'verify counts':
      return cursors.counts ? ['counts'] : [];
    case 'verify ids':
      // Salesforce does not list the Ids of an object that is read by its parents.
      return cursors.parents ? ['sweep', 'content'] : ['sweep'];
    case 'verify content':
      return ['sweep', 'content'];
    case 'refetch':
    case 'keep':
    case 'remove':
      return [];
    default:
      return unreachable(kind);
  }
}

/** Whether a whole pass began since the request. Times are whole seconds, so passes begun before are excluded. */
function isPassed({ left, serverSince }: Active, { cursors, table }: StreamState, kind: PassKind): boolean {
  const lastAt = cursors[kind]?.position.lastAt;
  if (lastAt === undefined) return true;
  return lastAt >= serverSince && !left.get(table.stream.streamNo)?.before.has(lastAt);
}

/** Whether everything that the request wants of the stream has been read, apart from marked records. */
function isRead(active: Active, stream: StreamState): boolean {
  const { syncRequest, since } = active;
  return (
    passesOf(syncRequest, stream).every((kind) => isPassed(active, stream, kind)) &&
    (syncRequest.kind !== 'flush' || !stream.cursors.head || stream.pollSinceReadAt >= since) &&
    (stream.cursors.repair?.position.days.length ?? 0) === 0
  );
}

/** A flush includes the records of parents that it has brought itself. */
function areParentsRead({ syncRequest, left }: Active, stream: StreamState, { streams }: SyncState): boolean {
  if (syncRequest.kind !== 'flush' || !stream.cursors.parents || stream.problems.poll) return true;
  const parents = firstParents(stream, streams)?.stream;
  return !parents || (!left.has(parents.table.stream.streamNo) && stream.newParents === 0);
}

function isJustRead(active: Active, stream: StreamState): boolean {
  const own = active.left.get(stream.table.stream.streamNo);
  return own?.readAt === null && !decisionOf(active.syncRequest) && !stream.stopped && isRead(active, stream);
}

function isDone(active: Active, stream: StreamState): boolean {
  const own = active.left.get(stream.table.stream.streamNo);
  if (!own || decisionOf(active.syncRequest)) return false;
  if (whyNotDone(active, stream) !== null) return true;
  return own.readAt !== null && !(stream.marked && stream.marked.oldest <= own.readAt);
}

/** The stream with what the request wants read. */
function withRequest(active: Active, stream: StreamState): StreamState {
  if (!active.left.has(stream.table.stream.streamNo)) return stream;
  return retryingNow(active, withWantedPasses(active, stream));
}

/** What failed before the request is tried again at once. */
function retryingNow(active: Active, stream: StreamState): StreamState {
  const { syncRequest, since } = active;
  const { stopped, problems } = stream;
  const failed = failedBefore(active, stream);
  const atOnce = <Of extends Failure>(failure: Of, before: Failure | null | undefined): Of =>
    isNewer(failure, before, since) ? failure : { ...failure, retryAt: Math.min(failure.retryAt, since) };
  const retried = passesOf(syncRequest, stream).flatMap((kind) => {
    const problem = problems[kind];
    return problem ? [[kind, atOnce(problem, failed?.problems[kind])]] : [];
  });
  return {
    ...stream,
    stopped: stopped && atOnce(stopped, failed?.stopped),
    problems: { ...problems, ...Object.fromEntries(retried) },
  };
}

function withWantedPasses(active: Active, stream: StreamState): StreamState {
  const { syncRequest, since } = active;
  let { cursors } = stream;
  for (const kind of passesOf(syncRequest, stream)) {
    const held = cursors[kind];
    if (!held || held.position.isWanted || isPassed(active, stream, kind)) continue;
    cursors = { ...cursors, [kind]: { ...held, position: { ...held.position, isWanted: true } } };
  }
  const { recheck } = stream.cursors;
  const wantsHead = syncRequest.kind === 'flush' && recheck !== null && stream.pollSinceReadAt < since;
  if (!wantsHead) return { ...stream, cursors };
  const isUnderWay = stream.pollSinceBegunAt !== null && stream.pollSinceBegunAt >= since;
  const pollSince = isUnderWay
    ? stream.pollSince
    : Math.min(recheck.position.at, stream.pollSince ?? Infinity);
  return { ...stream, cursors, isPriority: true, pollSince };
}

function progressOf(active: Active, stream: StreamState): { rows: number; of: number } {
  const [pass] = passesOf(active.syncRequest, stream).filter(
    (kind) => kind !== 'counts' && !isPassed(active, stream, kind),
  );
  const position = pass && stream.cursors[pass]?.position;
  return { rows: position && 'done' in position ? position.done : 0, of: stream.rows };
}
