import { unreachable } from '@lockstep/foundation/assert';
import { Fault } from '../../core/faults.ts';
import type { RecordId } from '../../core/ids.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { failureFields, type Mirror } from '../../postgres/index.ts';
import type { Mailbox } from './mailbox.ts';
import type { Problems } from './problems.ts';
import { type StreamState, type SyncState, withFigures } from './sync-state.ts';

/**
 * What a person or a program asks of a running sync. A sync request changes what the next requests read and nothing else:
 * it sets marks that the choice of the next request knows, and is done when the cursors say so.
 */
export interface SyncRequest {
  id: number;
  kind: 'flush' | 'verify counts' | 'verify ids' | 'verify content' | 'refetch' | 'keep' | 'remove';
  /** API names; null: all objects. */
  objects: readonly string[] | null;
  /** Of the records to repair. */
  ids: readonly string[] | null;
}

/** Where sync requests come from and answers go. */
export interface SyncRequestQueue {
  /** Those that are not done, oldest first. */
  open(): Promise<readonly SyncRequest[]>;
  report(requestId: number, progress: object): Promise<void>;
  end(requestId: number, outcome: { result: object } | { fault: Fault }): Promise<void>;
}

/** A sync request that is being served. */
interface Active {
  syncRequest: SyncRequest;
  /** Local time, and Salesforce's time, from which on a reading counts. */
  since: number;
  serverSince: ServerSeconds;
  /** By the stream's number; a stream is struck off when what was requested of it is done. */
  left: Map<number, Left>;
  count: number;
  /** API names of all that it is about. */
  objects: readonly string[];
  /** API names of those that could not be served, with the reason. */
  skipped: { object: string; reason: string }[];
  reportedAt: number;
}

interface Left {
  /**
   * The last ticket when the stream had been read: what was marked by then is read again before it is done. Null until
   * it has been read.
   */
  readAt: number | null;
  /** Beginnings of the passes that were over or under way when the request came: they do not count. */
  before: ReadonlySet<number>;
  /** What had failed when the request came: one in the same millisecond is told by its number of tries. */
  problems: Problems;
}

const reportEveryMs = 1_000;

export class SyncRequests {
  private readonly active = new Map<number, Active>();
  private readonly box: SyncRequestQueue;
  private readonly log: AppLog;
  private readonly mailbox: Pick<Mailbox, 'post'>;

  /** @param mailbox  told when a sync request can be told done that no reading ends */
  constructor(box: SyncRequestQueue, log: AppLog, mailbox: Pick<Mailbox, 'post'>) {
    this.box = box;
    this.log = log;
    this.mailbox = mailbox;
  }

  /**
   * Takes up what is new, drops what was withdrawn. While nobody can be asked, what has been taken goes on.
   *
   * @param isUnderWay  whether something is being read of a stream that the state does not know of yet
   */
  async look(
    mirror: Mirror,
    state: SyncState,
    now: number,
    isUnderWay: (streamNo: number) => boolean,
  ): Promise<SyncState> {
    const open = await this.box.open().catch(() => null);
    if (!open) {
      this.log.warn('sync requests not read');
      return state;
    }
    const ids = new Set(open.map(({ id }) => id));
    for (const id of this.active.keys()) if (!ids.has(id)) this.active.delete(id);
    const fresh = open.filter(({ id }) => !this.active.has(id));
    for (const syncRequest of fresh) await this.take(mirror, state, syncRequest, now, isUnderWay);
    if (!fresh.some(({ kind }) => kind === 'refetch')) return state;
    // It begins with marks, which are what its end is told by.
    const { figures } = await mirror.readFigures();
    return withFigures(state, figures);
  }

  /** Tells whatever is done. Only to be called with a state that the mirror holds. */
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

  /** Notes the ticket up to which marks count, of all streams that have been read since the last look. */
  private async markRead(mirror: Mirror, state: SyncState): Promise<SyncState> {
    const read = [...this.active.values()].flatMap((active) =>
      state.streams.filter((stream) => isJustRead(active, stream)).map((stream) => ({ active, stream })),
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

  /** The state with what is requested, for the choice of the next request. */
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
        // What is under way began in this second at the latest.
        const unknown = isUnderWay(streamNo) ? [state.serverNow] : [];
        const before = new Set([...beginningsOf(stream), ...unknown]);
        active.left.set(streamNo, { readAt: null, before, problems: stream.problems });
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

  /** Beside the requests, because there may be a million rows to decide on. */
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
          // As if it had just come: it is taken again.
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
    await this.box.report(active.syncRequest.id, {
      done: active.count - active.left.size,
      of: active.count,
      objects,
    });
  }

  private async end(mirror: Mirror, active: Active): Promise<void> {
    const { syncRequest, objects, skipped, serverSince } = active;
    const repairs = await mirror.readRepairs(serverSince);
    // What the mirror cannot hold was read, and is not there: whoever waits has to know.
    const setAside = (await mirror.readSetAside()).filter(({ sobject }) => objects.includes(sobject));
    const result = { objects: objects.length - skipped.length, skipped, repairs, setAside };
    try {
      await this.box.end(syncRequest.id, { result });
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
 * Why a stream cannot be served, as the tries say that were made since the request: its object is refused, or what the request
 * wants of it. Null: nothing is known to be in the way.
 */
function whyNotDone(active: Active, stream: StreamState): string | null {
  const { syncRequest, since } = active;
  const { stopped, problems } = stream;
  if (stopped && stopped.triedAt >= since) return `it is stopped (${stopped.code})`;
  const [failed] = passesOf(syncRequest, stream).filter((kind) => hasFailedSince(active, stream, kind));
  const problem = failed && problems[failed];
  return problem ? `its ${passWords[failed]} failed (${problem.code})` : null;
}

function hasFailedSince({ since, left }: Active, { table, problems }: StreamState, kind: PassKind): boolean {
  const problem = problems[kind];
  if (!problem || problem.failedAt < since) return false;
  const before = left.get(table.stream.streamNo)?.problems[kind];
  return problem.failedAt !== before?.failedAt || problem.tries !== before.tries;
}

const passWords = { counts: 'count', sweep: 'comparison of Ids', content: 'reading of all records' } as const;

type PassKind = 'counts' | 'sweep' | 'content';

function beginningsOf({ cursors: { counts, sweep, content } }: StreamState): readonly number[] {
  const times = [counts, sweep, content].flatMap((cursor) =>
    cursor ? [cursor.position.lastAt, cursor.position.begunAt] : [],
  );
  return times.filter((time) => time !== null);
}

/** The passes that a sync request wants of a stream. An object without a time to follow is flushed by reading it whole. */
function passesOf({ kind }: SyncRequest, { cursors }: StreamState): readonly PassKind[] {
  switch (kind) {
    case 'flush':
      return cursors.head ? [] : ['sweep', 'content'];
    case 'verify counts':
      return cursors.counts ? ['counts'] : [];
    case 'verify ids':
      return ['sweep'];
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

/** Whether a whole pass has been made since the request. Salesforce's time has whole seconds, so a tie is told by name. */
function isPassed({ left, serverSince }: Active, { cursors, table }: StreamState, kind: PassKind): boolean {
  const lastAt = cursors[kind]?.position.lastAt;
  if (lastAt === undefined) return true;
  return lastAt >= serverSince && !left.get(table.stream.streamNo)?.before.has(lastAt);
}

/** Whether all is read that the request wants of the stream, but for what is marked. */
function isRead(active: Active, stream: StreamState): boolean {
  const { syncRequest, since } = active;
  return (
    passesOf(syncRequest, stream).every((kind) => isPassed(active, stream, kind)) &&
    (syncRequest.kind !== 'flush' || !stream.cursors.head || stream.pollSinceReadAt >= since) &&
    (stream.cursors.repair?.position.days.length ?? 0) === 0
  );
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

/** The stream as the request wants it read. */
function withRequest(active: Active, stream: StreamState): StreamState {
  if (!active.left.has(stream.table.stream.streamNo)) return stream;
  return tryingAgain(active, reading(active, stream));
}

/** What has failed before somebody asked is tried again at once. */
function tryingAgain(active: Active, stream: StreamState): StreamState {
  const { syncRequest, since } = active;
  const { stopped, problems } = stream;
  let next = stream;
  if (stopped && stopped.triedAt < since && stopped.retryAt > since)
    next = { ...next, stopped: { ...stopped, retryAt: since } };
  for (const kind of passesOf(syncRequest, stream)) {
    const problem = problems[kind];
    if (!problem || hasFailedSince(active, stream, kind) || problem.retryAt <= since) continue;
    next = { ...next, problems: { ...next.problems, [kind]: { ...problem, retryAt: since } } };
  }
  return next;
}

function reading(active: Active, stream: StreamState): StreamState {
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
  return { ...stream, cursors, isUrgent: true, pollSince };
}

function progressOf(active: Active, stream: StreamState): { rows: number; of: number } {
  const [pass] = passesOf(active.syncRequest, stream).filter(
    (kind) => kind !== 'counts' && !isPassed(active, stream, kind),
  );
  const position = pass && stream.cursors[pass]?.position;
  return { rows: position && 'done' in position ? position.done : 0, of: stream.rows };
}
