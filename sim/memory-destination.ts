/**
 * A destination in memory: rows, fences, marks, readings, cursors and intents, as the statements of
 * `src/postgres` keep them. The merge rule itself is the project's own `decide`.
 *
 * Each call is one transaction and happens at one instant, so what SQL does between its statements (snapshots, locks,
 * deadlocks) is outside this model; the tests on a real server attack that. Quarantine and changes of the schema are
 * left out: every record of the model org can be stored.
 */
import type { FaultCode } from '../src/core/faults.ts';
import { Fault } from '../src/core/faults.ts';
import type { RecordId } from '../src/core/ids.ts';
import type { Fence } from '../src/core/merge-rule.ts';
import type { Page } from '../src/core/page.ts';
import { secondsOf } from '../src/core/stamps.ts';
import type {
  CursorMove,
  DirtyRow,
  Holder,
  Mirror,
  Observation,
  PageApplied,
  PagePart,
  Progress,
  StreamTable,
} from '../src/postgres/index.ts';
import type { Bounds, Judged, Keeping, MirrorRow } from './keeping.ts';

interface Reading {
  streams: readonly number[];
  /** Null for a read-back. */
  epoch: number | null;
  expiresAt: number;
}

interface Mark {
  since: number;
  urgent: boolean;
}

interface StreamRecord {
  rows: Map<string, MirrorRow>;
  fences: Map<string, Fence>;
  marks: Map<string, Mark>;
  cursors: Map<string, { position: unknown; version: number }>;
  state: 'queued' | 'backfilling' | 'current' | 'stopped';
  stoppedBy: string | null;
  rowsExpected: number | null;
  backfilledAt: number | null;
}

interface OpenIntent {
  owner: string;
  sobject: string;
  id: string | null;
  outcome: string | null;
  sentAt: number;
}

/** Told what changes, as it changes. */
export interface Onlooker {
  judged(streamNo: number, judged: Judged, bounds: Bounds, part: PagePart): void;
  moved(streamNo: number, move: CursorMove, page: Page | null): void;
  applied(page: Page, part: PagePart, result: PageApplied): void;
  marked(streamNo: number, id: string, reason: string): void;
}

/** A write that was cut off longer ago than any request lasts is settled, whoever owns it. */
const requestLastsMs = 15 * 60_000;

export class MemoryDestination implements Mirror {
  readonly streams: ReadonlyMap<number, StreamRecord>;
  readonly intents: OpenIntent[] = [];
  private readonly readings = new Map<number, Reading>();
  private readonly tables: ReadonlyMap<number, StreamTable>;
  private readonly keeping: Keeping;
  private readonly now: () => number;
  private readonly onlooker: Onlooker;
  private ticket = 0;
  private epoch = 0;

  /** @param now  the destination's own clock */
  constructor(tables: readonly StreamTable[], keeping: Keeping, now: () => number, onlooker: Onlooker) {
    this.tables = new Map(tables.map((table) => [table.stream.streamNo, table]));
    this.streams = new Map(tables.map(({ stream }) => [stream.streamNo, emptyStream()]));
    this.keeping = keeping;
    this.now = now;
    this.onlooker = onlooker;
  }

  stream(streamNo: number): StreamRecord {
    const stream = this.streams.get(streamNo);
    if (!stream) throw new Error('a stream is one of the destination');
    return stream;
  }

  async takeOver({ epoch }: Holder): Promise<void> {
    if (epoch < this.epoch) throw new Fault('SYS-09');
    this.epoch = epoch;
    for (const [lo, reading] of this.readings) {
      if (reading.epoch !== null && reading.epoch <= epoch) this.readings.delete(lo);
    }
  }

  async openTickObservation({ epoch }: Holder, streams: readonly number[], lastsMs: number) {
    if (epoch !== this.epoch) throw new Fault('SYS-09');
    return this.register({ streams, epoch, expiresAt: this.now() + lastsMs });
  }

  async openReadBackObservation(_: string, streams: readonly number[], lastsMs: number) {
    return this.register({ streams, epoch: null, expiresAt: this.now() + lastsMs });
  }

  async closeObservation({ lo }: Observation): Promise<void> {
    this.readings.delete(lo);
  }

  async applyPage({ stream }: StreamTable, page: Page, part: PagePart): Promise<PageApplied> {
    const { streamNo } = stream;
    const { lo } = part.observation;
    const hi = this.endPart(part);
    const { rows, fences, marks } = this.stream(streamNo);
    const anotherIsOpen = this.isOpen(streamNo, (other) => other < hi && other !== lo);
    const fates = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
    for (const record of recordsOf(page, part.absent ?? [])) {
      const row = rows.get(record.id) ?? null;
      const judged = this.keeping.judge(record, row, fences.get(record.id) ?? null, { lo, hi }, part);
      const { verdict, isSame } = judged;
      if (verdict === 'store') {
        if (record.values) rows.set(record.id, record.values);
        else rows.delete(record.id);
        if (anotherIsOpen && this.keeping.leavesFence(judged)) {
          fences.set(record.id, {
            lo,
            hi,
            stamp: record.stamp,
            deleted: record.values === null,
            partial: false,
          });
        }
      }
      const mark = marks.get(record.id);
      if (verdict === 'dirty') {
        marks.set(record.id, { since: Math.max(mark?.since ?? 0, hi), urgent: mark?.urgent ?? false });
      } else if (mark && verdict !== 'stale' && this.keeping.clearsMark(mark.since, lo)) {
        marks.delete(record.id);
      }
      fates[
        verdict === 'store'
          ? isSame
            ? 'unchanged'
            : 'applied'
          : verdict === 'nothing'
            ? 'unchanged'
            : verdict
      ]++;
      this.onlooker.judged(streamNo, judged, { lo, hi }, part);
    }
    const isCursorMoved = part.move ? this.moveCursor(streamNo, part.move, page) : true;
    this.purgeFences(streamNo);
    if (part.isLast) this.purgeExpired();
    const result = { fates, isCursorMoved };
    this.onlooker.applied(page, part, result);
    return result;
  }

  async applyEmptyPages(
    moves: readonly { streamNo: number; move: CursorMove }[],
    part: PagePart,
    dirtyRows: number,
  ) {
    this.endPart(part);
    let areAllMoved = true;
    for (const { streamNo, move } of moves) {
      areAllMoved = this.moveCursor(streamNo, move, null) && areAllMoved;
    }
    if (part.isLast) this.purgeExpired();
    return { areAllMoved, dirty: this.dirty(dirtyRows) };
  }

  async beginStream(streamNo: number, positions: object, rowsExpected: number | null): Promise<void> {
    const stream = this.stream(streamNo);
    for (const [kind, position] of Object.entries(this.keeping.startAt(positions))) {
      if (!stream.cursors.has(kind)) stream.cursors.set(kind, { position, version: 1 });
    }
    if (stream.state !== 'queued') return;
    stream.state = 'backfilling';
    stream.rowsExpected = rowsExpected;
  }

  async readProgress(dirtyRows: number): Promise<Progress> {
    return {
      checkpoints: [...this.streams].map(([streamNo, stream]) => ({
        stream_no: streamNo,
        sobject: this.tableOf(streamNo).stream.sobject,
        table_name: this.tableOf(streamNo).stream.table,
        plan_version: 1,
        state: stream.state,
        stopped_by: stream.stoppedBy,
        rows: stream.rows.size,
        rows_expected: stream.rowsExpected,
        backfilled: stream.backfilledAt !== null,
      })),
      cursors: [...this.streams].flatMap(([streamNo, { cursors }]) =>
        [...cursors].map(([kind, { position, version }]) => ({
          stream_no: streamNo,
          kind: kind as CursorMove['kind'],
          position: structuredCopy(position),
          version,
        })),
      ),
      dirty: this.dirty(dirtyRows),
    };
  }

  async recordStop(streamNo: number, code: FaultCode): Promise<void> {
    Object.assign(this.stream(streamNo), { state: 'stopped', stoppedBy: code });
  }

  async retryStopped(): Promise<void> {
    for (const stream of this.streams.values()) {
      if (stream.state !== 'stopped') continue;
      stream.state = stream.backfilledAt === null ? 'backfilling' : 'current';
      stream.stoppedBy = null;
    }
  }

  async markDirty(streamNo: number, id: RecordId, reason: string): Promise<void> {
    const { marks } = this.stream(streamNo);
    marks.set(id, { since: Math.max(marks.get(id)?.since ?? 0, ++this.ticket), urgent: true });
    this.onlooker.marked(streamNo, id, reason);
  }

  async areDirty(streamNo: number, ids: readonly string[]): Promise<boolean> {
    const { marks } = this.stream(streamNo);
    return ids.some((id) => marks.has(id));
  }

  async recordIntent({ owner, sobject, id }: Parameters<Mirror['recordIntent']>[0]): Promise<number> {
    return this.intents.push({ owner, sobject, id, outcome: null, sentAt: this.now() }) - 1;
  }

  async recordOutcome(intentNo: number, outcome: string): Promise<void> {
    Object.assign(this.intents[intentNo] as OpenIntent, { outcome });
  }

  async healIntents(living: readonly string[], streamNos: ReadonlyMap<string, number>): Promise<number> {
    const open = this.intents.filter(({ outcome }) => outcome === null);
    const cutOff = open.filter(
      ({ owner, sentAt }) => !living.includes(owner) || sentAt < this.now() - requestLastsMs,
    );
    for (const intent of cutOff) intent.outcome = 'unknown';
    for (const { sobject, id } of open) {
      const streamNo = streamNos.get(sobject.toLowerCase());
      if (streamNo !== undefined && id !== null) await this.markDirty(streamNo, id as RecordId, 'cut off');
    }
    return cutOff.length;
  }

  async purgeIntents(): Promise<void> {}

  private register(reading: Reading): Observation {
    const lo = ++this.ticket;
    this.readings.set(lo, reading);
    return { lo };
  }

  /** The reading's end ticket. One that somebody else has closed is refused. */
  private endPart({ observation: { lo }, isLast }: PagePart): number {
    const isOpen = isLast ? this.readings.delete(lo) : this.readings.has(lo);
    if (!isOpen && this.keeping.refusesLateAnswers) throw new Fault('SYS-09');
    return ++this.ticket;
  }

  private moveCursor(streamNo: number, move: CursorMove, page: Page | null): boolean {
    const stream = this.stream(streamNo);
    const cursor = stream.cursors.get(move.kind);
    if (cursor?.version !== move.version) return false;
    stream.cursors.set(move.kind, { position: structuredCopy(move.to), version: move.version + 1 });
    if (move.backfilledAt !== undefined) {
      stream.backfilledAt ??= move.backfilledAt;
      stream.state = 'current';
    }
    this.onlooker.moved(streamNo, move, page);
    return true;
  }

  private isOpen(streamNo: number, holds: (lo: number) => boolean): boolean {
    for (const [lo, { streams }] of this.readings) if (streams.includes(streamNo) && holds(lo)) return true;
    return false;
  }

  private purgeFences(streamNo: number): void {
    const { fences } = this.stream(streamNo);
    if (fences.size === 0) return;
    let horizon = Infinity;
    for (const [lo, { streams }] of this.readings)
      if (streams.includes(streamNo)) horizon = Math.min(horizon, lo);
    for (const [id, { hi }] of fences) if (hi <= horizon) fences.delete(id);
  }

  private purgeExpired(): void {
    for (const [lo, { expiresAt }] of this.readings) if (expiresAt < this.now()) this.readings.delete(lo);
  }

  private dirty(rowsMax: number): DirtyRow[] {
    return [...this.streams]
      .filter(([, { state }]) => state !== 'stopped')
      .flatMap(([stream_no, { marks }]) => [...marks].map(([id, mark]) => ({ stream_no, id, ...mark })))
      .toSorted((a, b) => Number(b.urgent) - Number(a.urgent) || a.since - b.since)
      .slice(0, rowsMax)
      .map(({ stream_no, id, urgent }) => ({ stream_no, id, urgent }));
  }

  private tableOf(streamNo: number): StreamTable {
    const table = this.tables.get(streamNo);
    if (!table) throw new Error('a stream has a table');
    return table;
  }
}

const emptyStream = (): StreamRecord => ({
  rows: new Map(),
  fences: new Map(),
  marks: new Map(),
  cursors: new Map(),
  state: 'queued',
  stoppedBy: null,
  rowsExpected: null,
  backfilledAt: null,
});

/** As the database keeps it: nobody holds a reference into it. */
const structuredCopy = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** A record as one reading shows it. */
export interface ReadRecord {
  id: string;
  /** Null for a record that an answer did not contain. */
  stamp: number | null;
  /** What the mirror would hold; null for a deleted record. */
  values: MirrorRow | null;
  /** The whole record; null for one that is absent. */
  all: MirrorRow | null;
}

function recordsOf(page: Page, absent: readonly RecordId[]): ReadRecord[] {
  const records = (JSON.parse(page.records) as MirrorRow[]).map((all) => ({
    id: all.Id,
    stamp: secondsOf(all.SystemModstamp),
    values: all.IsDeleted ? null : all,
    all,
  }));
  return [...records, ...absent.map((id) => ({ id, stamp: null, values: null, all: null }))];
}
