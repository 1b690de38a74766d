import { unreachable } from '@lockstep/foundation/assert';
import type { Bell } from '@lockstep/foundation/bell';
import { Fault } from '../../core/faults.ts';
import type { RecordId } from '../../core/ids.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { failureFields, type Mirror } from '../../postgres/index.ts';
import { type StreamState, type SyncState, withFigures } from './sync-state.ts';

/**
 * What a person or a program wishes of a running sync. A wish changes what the next requests read and nothing else:
 * it sets marks that the choice of the next request knows, and is done when the cursors say so.
 */
export interface Wish {
  id: number;
  kind: 'flush' | 'compare' | 'reconcile' | 'reread' | 'repair' | 'keep' | 'remove';
  /** API names; null: all objects. */
  objects: readonly string[] | null;
  /** Of the records to repair. */
  ids: readonly string[] | null;
}

/** Where wishes come from and answers go. */
export interface WishBox {
  /** Those that are not done, oldest first. */
  open(): Promise<readonly Wish[]>;
  report(wishId: number, progress: object): Promise<void>;
  end(wishId: number, outcome: { result: object } | { fault: Fault }): Promise<void>;
}

/** A wish that is being granted. */
interface Granted {
  wish: Wish;
  /** Local time, and Salesforce's time, from which on a reading counts. */
  since: number;
  serverSince: ServerSeconds;
  /** By the stream's number; a stream is struck off when what was wished of it is done. */
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
  /** Beginnings of the passes that were over or under way when the wish came: they do not count. */
  before: ReadonlySet<number>;
}

const reportEveryMs = 1_000;

export class Wishes {
  private readonly granted = new Map<number, Granted>();
  private readonly box: WishBox;
  private readonly log: AppLog;
  private readonly bell: Pick<Bell, 'ring'>;

  /** @param bell  rung when a wish can be told done that no reading ends */
  constructor(box: WishBox, log: AppLog, bell: Pick<Bell, 'ring'>) {
    this.box = box;
    this.log = log;
    this.bell = bell;
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
      this.log.warn('wishes not read');
      return state;
    }
    const ids = new Set(open.map(({ id }) => id));
    for (const id of this.granted.keys()) if (!ids.has(id)) this.granted.delete(id);
    const fresh = open.filter(({ id }) => !this.granted.has(id));
    for (const wish of fresh) await this.grant(mirror, state, wish, now, isUnderWay);
    if (!fresh.some(({ kind }) => kind === 'repair')) return state;
    // It begins with marks, which are what its end is told by.
    const { figures } = await mirror.readFigures();
    return withFigures(state, figures);
  }

  /** Tells whatever is done. Only to be called with a state that the mirror holds. */
  async settle(mirror: Mirror, state: SyncState, at: number): Promise<void> {
    const now = await this.markRead(mirror, state);
    for (const granted of this.granted.values()) {
      for (const stream of now.streams) {
        if (!isDone(granted, stream)) continue;
        granted.left.delete(stream.table.stream.streamNo);
        const reason = whyNotDone(granted, stream);
        if (reason) granted.skipped.push({ object: stream.table.stream.sobject, reason });
      }
      if (granted.left.size === 0) await this.end(mirror, granted);
      else await this.report(granted, now, at);
    }
  }

  /** Notes the ticket up to which marks count, of all streams that have been read since the last look. */
  private async markRead(mirror: Mirror, state: SyncState): Promise<SyncState> {
    const read = [...this.granted.values()].flatMap((granted) =>
      state.streams.filter((stream) => isJustRead(granted, stream)).map((stream) => ({ granted, stream })),
    );
    if (read.length === 0) return state;
    const { ticket, figures } = await mirror.readFigures();
    for (const { granted, stream } of read) {
      const { streamNo } = stream.table.stream;
      const own = granted.left.get(streamNo);
      if (own) granted.left.set(streamNo, { ...own, readAt: ticket });
    }
    return withFigures(state, figures);
  }

  /** The state with what is wished, for the choice of the next request. */
  wishedOf(state: SyncState): SyncState {
    return [...this.granted.values()].reduce(
      (next, granted) => ({ ...next, streams: next.streams.map((stream) => wishing(granted, stream)) }),
      state,
    );
  }

  private async grant(
    mirror: Mirror,
    state: SyncState,
    wish: Wish,
    now: number,
    isUnderWay: (streamNo: number) => boolean,
  ): Promise<void> {
    const names = wish.objects?.map((name) => name.toLowerCase());
    const chosen = state.streams.filter(
      ({ table }) => !names || names.includes(table.stream.sobject.toLowerCase()),
    );
    const granted: Granted = {
      wish,
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
      if (reason) granted.skipped.push({ object: sobject, reason });
      else {
        // What is under way began in this second at the latest.
        const unknown = isUnderWay(streamNo) ? [state.serverNow] : [];
        granted.left.set(streamNo, { readAt: null, before: new Set([...beginningsOf(stream), ...unknown]) });
      }
    }
    granted.count = granted.left.size;
    this.granted.set(wish.id, granted);
    this.log.info('wish taken', { kind: wish.kind });
    const ids = (wish.ids ?? []) as readonly RecordId[];
    for (const streamNo of granted.left.keys()) {
      if (wish.kind === 'repair') await mirror.markRows(streamNo, ids, 'asked', true);
      const decision = decisionOf(wish);
      if (decision) this.decide(mirror, granted, streamNo, decision);
    }
  }

  /** Beside the requests, because there may be a million rows to decide on. */
  private decide(mirror: Mirror, granted: Granted, streamNo: number, decision: Decision): void {
    mirror
      .decideOnAbsent(streamNo, decision)
      .then(
        () => granted.left.delete(streamNo),
        (error: unknown) => {
          this.log.warn('wish not ended yet', { kind: granted.wish.kind, ...failureFields(error) });
          // As if it had just come: it is granted again.
          this.granted.delete(granted.wish.id);
        },
      )
      .finally(() => this.bell.ring());
  }

  private async report(granted: Granted, state: SyncState, now: number): Promise<void> {
    if (now - granted.reportedAt < reportEveryMs) return;
    granted.reportedAt = now;
    const objects = state.streams
      .filter(({ table }) => granted.left.has(table.stream.streamNo))
      .map((stream) => ({ object: stream.table.stream.sobject, ...progressOf(granted, stream) }));
    await this.box.report(granted.wish.id, {
      done: granted.count - granted.left.size,
      of: granted.count,
      objects,
    });
  }

  private async end(mirror: Mirror, granted: Granted): Promise<void> {
    const { wish, objects, skipped, serverSince } = granted;
    const repairs = await mirror.readRepairs(serverSince);
    // What the mirror cannot hold was read, and is not there: whoever waits has to know.
    const setAside = (await mirror.readSetAside()).filter(({ sobject }) => objects.includes(sobject));
    const result = { objects: objects.length - skipped.length, skipped, repairs, setAside };
    try {
      await this.box.end(wish.id, { result });
      this.granted.delete(wish.id);
    } catch {
      this.log.warn('wish not ended yet', { kind: wish.kind });
    }
  }
}

type Decision = Parameters<Mirror['decideOnAbsent']>[1];

const decisionOf = ({ kind }: Wish): Decision | null =>
  kind === 'keep' ? 'kept' : kind === 'remove' ? 'accepted' : null;

const whyNot = ({ cursors }: StreamState): string | null =>
  cursors.backfill ? 'its first copy is not complete' : null;

/**
 * Why a stream cannot be served, as the tries say that were made since the wish: its object is refused, or what the wish
 * wants of it. Null: nothing is known to be in the way.
 */
function whyNotDone({ wish, since }: Granted, stream: StreamState): string | null {
  const { stopped, problems } = stream;
  if (stopped && stopped.triedAt >= since) return `it is stopped (${stopped.code})`;
  const [failed] = passesOf(wish, stream).filter((kind) => (problems[kind]?.failedAt ?? 0) >= since);
  const problem = failed && problems[failed];
  return problem ? `its ${passWords[failed]} failed (${problem.code})` : null;
}

const passWords = { counts: 'count', sweep: 'comparison of Ids', content: 'reading of all records' } as const;

type PassKind = 'counts' | 'sweep' | 'content';

function beginningsOf({ cursors: { counts, sweep, content } }: StreamState): readonly number[] {
  const times = [counts, sweep, content].flatMap((cursor) =>
    cursor ? [cursor.position.lastAt, cursor.position.begunAt] : [],
  );
  return times.filter((time) => time !== null);
}

/** The passes that a wish wants of a stream. An object without a time to follow is flushed by reading it whole. */
function passesOf({ kind }: Wish, { cursors }: StreamState): readonly PassKind[] {
  switch (kind) {
    case 'flush':
      return cursors.head ? [] : ['sweep', 'content'];
    case 'compare':
      return cursors.counts ? ['counts'] : [];
    case 'reconcile':
      return ['sweep'];
    case 'reread':
      return ['sweep', 'content'];
    case 'repair':
    case 'keep':
    case 'remove':
      return [];
    default:
      return unreachable(kind);
  }
}

/** Whether a whole pass has been made since the wish. Salesforce's time has whole seconds, so a tie is told by name. */
function isPassed({ left, serverSince }: Granted, { cursors, table }: StreamState, kind: PassKind): boolean {
  const lastAt = cursors[kind]?.position.lastAt;
  if (lastAt === undefined) return true;
  return lastAt >= serverSince && !left.get(table.stream.streamNo)?.before.has(lastAt);
}

/** Whether all is read that the wish wants of the stream, but for what is marked. */
function isRead(granted: Granted, stream: StreamState): boolean {
  const { wish, since } = granted;
  return (
    passesOf(wish, stream).every((kind) => isPassed(granted, stream, kind)) &&
    (wish.kind !== 'flush' || !stream.cursors.head || stream.wideReadAt >= since) &&
    (stream.cursors.mend?.position.days.length ?? 0) === 0
  );
}

function isJustRead(granted: Granted, stream: StreamState): boolean {
  const own = granted.left.get(stream.table.stream.streamNo);
  return own?.readAt === null && !decisionOf(granted.wish) && !stream.stopped && isRead(granted, stream);
}

function isDone(granted: Granted, stream: StreamState): boolean {
  const own = granted.left.get(stream.table.stream.streamNo);
  if (!own || decisionOf(granted.wish)) return false;
  if (whyNotDone(granted, stream) !== null) return true;
  return own.readAt !== null && !(stream.marked && stream.marked.oldest <= own.readAt);
}

/** The stream as the wish wants it read. */
function wishing(granted: Granted, stream: StreamState): StreamState {
  if (!granted.left.has(stream.table.stream.streamNo)) return stream;
  return tryingAgain(granted, reading(granted, stream));
}

/** What has failed before somebody asked is tried again at once. */
function tryingAgain({ wish, since }: Granted, stream: StreamState): StreamState {
  const { stopped, problems } = stream;
  let next = stream;
  if (stopped && stopped.triedAt < since && stopped.retryAt > since)
    next = { ...next, stopped: { ...stopped, retryAt: since } };
  for (const kind of passesOf(wish, stream)) {
    const problem = problems[kind];
    if (!problem || problem.failedAt >= since || problem.restsUntil <= since) continue;
    next = { ...next, problems: { ...next.problems, [kind]: { ...problem, restsUntil: since } } };
  }
  return next;
}

function reading(granted: Granted, stream: StreamState): StreamState {
  const { wish, since } = granted;
  let { cursors } = stream;
  for (const kind of passesOf(wish, stream)) {
    const held = cursors[kind];
    if (!held || held.position.isWanted || isPassed(granted, stream, kind)) continue;
    cursors = { ...cursors, [kind]: { ...held, position: { ...held.position, isWanted: true } } };
  }
  const { tail } = stream.cursors;
  const wantsHead = wish.kind === 'flush' && tail !== null && stream.wideReadAt < since;
  if (!wantsHead) return { ...stream, cursors };
  const isUnderWay = stream.wideSince !== null && stream.wideSince >= since;
  const wideFrom = isUnderWay ? stream.wideFrom : Math.min(tail.position.at, stream.wideFrom ?? Infinity);
  return { ...stream, cursors, isUrgent: true, wideFrom };
}

function progressOf(granted: Granted, stream: StreamState): { rows: number; of: number } {
  const [pass] = passesOf(granted.wish, stream).filter(
    (kind) => kind !== 'counts' && !isPassed(granted, stream, kind),
  );
  const position = pass && stream.cursors[pass]?.position;
  return { rows: position && 'done' in position ? position.done : 0, of: stream.rows };
}
