/**
 * A destination in memory: rows, fences, marks, readings, cursors, intents and records set aside, as the statements of
 * `lockstep/postgres` keep them. The merge rule itself is the project's own `decide`.
 *
 * Each call is one transaction and happens at one instant, so what SQL does between its statements (snapshots, locks,
 * deadlocks) is outside this model; the tests on a real server cover that.
 */
import { Fault } from 'lockstep/core/faults';
import type { RecordId } from 'lockstep/core/ids';
import type { Page } from 'lockstep/core/page';
import { secondsOf } from 'lockstep/core/stamps';
import type {
  ApplyCounts,
  ApplyResult,
  CursorMove,
  Holder,
  MarkReason,
  Mirror,
  Observation,
  PagePart,
  ProblemChange,
  Remainder,
  StreamTable,
} from 'lockstep/postgres';
import { countAside, dueAside, setAside, setAsideUnsettled } from './memory-aside.ts';
import { MemoryBulk } from './memory-bulk.ts';
import { MemoryIntents } from './memory-intents.ts';
import { dueMarks, holdsMissing, keepMissing, type RemovalLimit } from './memory-missing.ts';
import { beginStream, figuresOf, moveCursor, progressOf } from './memory-progress.ts';
import { carryOut, emptyStream, heldBy, type StreamRecord } from './memory-stream.ts';
import type { Bounds, MergePolicy, MergeResult } from './merge-policy.ts';
import { type ReadRecord, recordsOf } from './read-record.ts';
import { Readings } from './readings.ts';
import type { StateEntry } from './sql-destination.ts';
import { UnchangedTables } from './unchanged-tables.ts';

/** Notified of each change. */
export interface DestinationObserver {
  /** @param marked  why the record was marked to be read again; null if it was not */
  judged(
    streamNo: number,
    judged: MergeResult,
    bounds: Bounds,
    part: PagePart,
    marked: MarkReason | null,
  ): void;
  /** A record was set aside as this reading shows it. */
  setAside(record: ReadRecord): void;
  moved(streamNo: number, move: CursorMove): void;
  applied(page: Page, part: PagePart, result: ApplyResult): void;
  marked(streamNo: number, id: string, reason: string): void;
  decided(streamNo: number, decision: 'accepted' | 'kept'): void;
  /** A record of a Bulk job was refused as one that the job has sent before. */
  repeated(streamNo: number, id: string): void;
  /** A Bulk backfill has stored all its records. */
  filled(streamNo: number): void;
}

export class MemoryDestination extends UnchangedTables implements Mirror {
  readonly streams: ReadonlyMap<number, StreamRecord>;
  private readonly readings = new Readings();
  private readonly intents = new MemoryIntents();
  private readonly bulk: MemoryBulk;
  private readonly tables: ReadonlyMap<number, StreamTable>;
  private readonly mergePolicy: MergePolicy;
  private readonly now: () => number;
  private readonly onlooker: DestinationObserver;
  private epoch = 0;

  /** @param now  the destination's own clock */
  constructor(
    tables: readonly StreamTable[],
    mergePolicy: MergePolicy,
    now: () => number,
    onlooker: DestinationObserver,
  ) {
    super();
    this.tables = new Map(tables.map((table) => [table.stream.streamNo, table]));
    this.streams = new Map(tables.map(({ stream }) => [stream.streamNo, emptyStream()]));
    this.mergePolicy = mergePolicy;
    this.now = now;
    this.onlooker = onlooker;
    this.bulk = new MemoryBulk({
      readings: this.readings,
      mergePolicy,
      now,
      onlooker,
      epoch: () => this.epoch,
      stream: (streamNo) => this.stream(streamNo),
      applyPage: (table, page, part) => this.applyPage(table, page, part),
      mergePage: (...given) => this.mergePage(...given),
      purgeFences: (streamNo) => this.purgeFences(streamNo),
      moveCursors: (streamNo, moves) => this.moveCursors(streamNo, moves),
    });
  }

  readonly beginBulk: Mirror['beginBulk'] = (...given) => this.bulk.begin(...given);
  readonly moveBulk: Mirror['moveBulk'] = (...given) => this.bulk.move(...given);
  readonly endBulk: Mirror['endBulk'] = (...given) => this.bulk.end(...given);
  readonly storeSlice: Mirror['storeSlice'] = (...given) => this.bulk.storeSlice(...given);
  readonly endBulkSweep: Mirror['endBulkSweep'] = (...given) => this.bulk.endSweep(...given);
  readonly endBulkPage: Mirror['endBulkPage'] = (...given) => this.bulk.endPage(...given);

  stream(streamNo: number): StreamRecord {
    const stream = this.streams.get(streamNo);
    if (!stream) throw new Error('the destination has no such stream');
    return stream;
  }

  async takeOver({ epoch }: Holder): Promise<void> {
    if (epoch < this.epoch) throw new Fault('SYS-09');
    this.epoch = epoch;
    this.readings.closeOfEpochsUpTo(epoch);
    this.bulk.closeForgotten(this.streams);
  }

  async openTickObservation({ epoch }: Holder, streams: readonly number[], lastsMs: number) {
    if (epoch !== this.epoch) throw new Fault('SYS-09');
    return {
      lo: this.readings.begin({ kind: 'tick', streams, epoch, expiresAt: this.now() + lastsMs }),
      nonce: '',
    };
  }

  async openReadBackObservation(_: string, streams: readonly number[], lastsMs: number) {
    return {
      lo: this.readings.begin({ kind: 'read-back', streams, epoch: null, expiresAt: this.now() + lastsMs }),
      nonce: '',
    };
  }

  async closeObservation({ lo }: Observation): Promise<void> {
    this.readings.close(lo);
  }

  async applyPage({ stream: { streamNo } }: StreamTable, page: Page, part: PagePart): Promise<ApplyResult> {
    const bounds = { lo: part.observation.lo, hi: this.endPart(part) };
    const stream = this.stream(streamNo);
    const counts = this.mergePage(streamNo, page, part, bounds);
    if (part.check && counts.dirty > 0) setAsideUnsettled(stream, this.now());
    const unmoved = this.moveCursors(streamNo, part.moves ?? []);
    this.purgeFences(streamNo);
    if (part.isLast) this.readings.closeExpired(this.now());
    const result = { counts, unmoved, merged: [] }; // the model org merges no records
    this.onlooker.applied(page, part, result);
    return result;
  }

  private mergePage(streamNo: number, page: Page, part: PagePart, bounds: Bounds): ApplyCounts {
    const stream = this.stream(streamNo);
    const isFencing = this.readings.isAnotherOpen(streamNo, bounds.lo, bounds.hi);
    const kept = part.check
      ? keepMissing(stream, part.absent ?? [], bounds.hi, this.removalLimit())
      : new Set();
    const counts = { applied: 0, unchanged: 0, stale: 0, dirty: kept.size, quarantined: 0 };
    // Those that fit are stored by one statement, before the others are set aside.
    const records = recordsOf(page, part).toSorted((a, b) => Number(a.isMisfit) - Number(b.isMisfit));
    for (const record of records) {
      if (record.isAbsent && kept.has(record.id)) continue;
      const stored = {
        row: stream.rows.get(record.id) ?? null,
        fence: stream.fences.get(record.id) ?? null,
        isAside: stream.aside.has(record.id),
      };
      const judged = this.mergePolicy.merge(record, stored, bounds, part);
      if (record.isMisfit && record.values !== null) {
        counts[judged.verdict === 'store' ? 'quarantined' : countedAs(judged)]++;
        setAside(stream, judged, { ...bounds, isFencing }, this.mergePolicy, this.now());
        if (judged.verdict === 'store') this.onlooker.setAside(record);
        continue;
      }
      counts[countedAs(judged)]++;
      const marked = stream.marks.get(record.id)?.reason ?? null;
      carryOut(stream, judged, { ...bounds, isFencing }, this.mergePolicy, part.check !== undefined);
      this.onlooker.judged(streamNo, judged, bounds, part, marked);
    }
    return counts;
  }

  /** Whether missing rows stay until somebody decides. */
  isHeld(stream: StreamRecord): boolean {
    return holdsMissing(stream, this.removalLimit());
  }

  async applyRemainder(rest: readonly Remainder[], part: PagePart) {
    this.endPart(part);
    const unmoved = rest.flatMap(({ table, moves }) => this.moveCursors(table.stream.streamNo, moves));
    for (const { table, marks, stop } of rest) {
      const { streamNo } = table.stream;
      if (stop) Object.assign(this.stream(streamNo), { state: 'stopped', stopCode: stop.code });
      const standing = marks?.ids.filter((id) => this.stream(streamNo).rows.has(id)) ?? [];
      if (marks) await this.markRows(streamNo, standing, marks.reason, false);
    }
    if (part.isLast) this.readings.closeExpired(this.now());
    return { unmoved, figures: figuresOf(this.streams, this.removalLimit()) };
  }

  async beginStream(streamNo: number, positions: object, rowsExpected: number | null): Promise<void> {
    beginStream(this.stream(streamNo), this.mergePolicy.startAt(positions), rowsExpected);
  }

  async readProgress() {
    return progressOf(this.streams, this.tables, this.removalLimit());
  }

  async nextMarked(streamNo: number, limit: number) {
    return dueMarks(this.stream(streamNo), this.removalLimit())
      .slice(0, limit)
      .map(([id]) => id as RecordId);
  }

  async readFigures() {
    return { ticket: this.readings.last, figures: figuresOf(this.streams, this.removalLimit()) };
  }

  async retryStopped(): Promise<void> {
    for (const stream of this.streams.values()) {
      if (stream.state !== 'stopped') continue;
      stream.state = stream.backfilledAt === null ? 'backfilling' : 'current';
      stream.stopCode = null;
    }
  }

  async idsAfter({ stream: { streamNo } }: StreamTable, after: RecordId | null, limit: number) {
    const ids = [...this.stream(streamNo).rows.keys()].filter((id) => after === null || id > after);
    return ids.toSorted().slice(0, limit) as RecordId[];
  }

  async changedAfter(
    { stream: { streamNo } }: StreamTable,
    { at, id: last }: { at: number; id: RecordId | null },
    limit: number,
    before: number | null,
  ) {
    const changed = [...this.stream(streamNo).rows]
      .map(([id, row]) => ({ id: id as RecordId, at: secondsOf(row.SystemModstamp) }))
      .filter((one) => one.at > at || (one.at === at && (last === null || one.id > last)))
      .filter((one) => before === null || one.at < before);
    return changed.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).slice(0, limit);
  }

  async countByDay({ stream: { streamNo } }: StreamTable, _: object, before: number) {
    const stamps = [...this.stream(streamNo).rows.values()]
      .map((row) => secondsOf(row.SystemModstamp))
      .filter((stamp) => stamp < before);
    return [{ day: '', count: stamps.length, newest: stamps.length > 0 ? Math.max(...stamps) : null }];
  }

  splitQueries(): Promise<void> {
    throw new Error('the simulated org refuses no query for its length');
  }

  async recordProblems(changes: readonly ProblemChange[]): Promise<void> {
    for (const { streamNo, kind, ...change } of changes) {
      const { problems } = this.stream(streamNo);
      if (change.code === null) problems.delete(kind);
      else {
        const { code, explanation, next, tries } = change;
        problems.set(kind, { stream_no: streamNo, kind, code, explanation, next, tries });
      }
    }
  }

  async markRows(
    streamNo: number,
    ids: readonly RecordId[],
    reason: MarkReason,
    urgent: boolean,
  ): Promise<void> {
    for (const id of ids.toSorted()) {
      this.stream(streamNo).marks.set(id, this.readings.ticket(), urgent, reason);
      this.onlooker.marked(streamNo, id, reason);
    }
  }

  async decideOnAbsent(streamNo: number, decision: 'accepted' | 'kept'): Promise<void> {
    this.stream(streamNo).marks.decideOnAbsent(decision);
    this.onlooker.decided(streamNo, decision);
  }

  async retrySetAside(): Promise<void> {
    for (const [streamNo, stream] of this.streams) {
      for (const id of dueAside(stream, this.now())) {
        const ticket = this.readings.ticket();
        if (stream.marks.has(id)) continue;
        stream.marks.set(id, ticket, false, 'set aside');
        this.onlooker.marked(streamNo, id, 'set aside');
      }
    }
  }

  async readSetAside() {
    return countAside(this.streams, this.tables);
  }

  async unsettled(streamNo: number, ids: readonly string[]) {
    const { marks, aside } = this.stream(streamNo);
    return ids
      .filter((id) => marks.has(id) || aside.has(id))
      .toSorted()
      .map((id) => [id, marks.has(id) ? 'dirty' : 'quarantined'] as const);
  }

  async recordIntent(intent: Parameters<Mirror['recordIntent']>[0]) {
    return this.intents.record(intent, this.now());
  }

  async recordOutcome(intents: readonly number[], outcome: string): Promise<void> {
    this.intents.end(intents, outcome);
  }

  async hasOpenIntents(): Promise<boolean> {
    return this.intents.areOpen();
  }

  async recoverIntents(living: readonly string[], streamNos: ReadonlyMap<string, number>, isStart: boolean) {
    const { cutOff, open } = this.intents.cutOff(living, this.now());
    const withoutId = new Map<string, number>();
    for (const { sobject, id, sentAt } of isStart ? [...cutOff, ...open] : cutOff) {
      const name = sobject.toLowerCase();
      const streamNo = streamNos.get(name);
      if (streamNo === undefined) continue;
      const age = Math.ceil((this.now() - sentAt) / 1_000);
      if (id === null) withoutId.set(name, Math.max(age, withoutId.get(name) ?? 0));
      else await this.markRows(streamNo, [id as RecordId], 'cut off', true);
    }
    return { recovered: cutOff.length, withoutId };
  }

  /** The whole state, in the same words as `SqlDestination.look`. */
  held(): StateEntry[] {
    const state = [`epoch ${this.epoch}`, `ticket ${this.readings.last}`];
    return [
      ...[...this.streams].flatMap(([streamNo, stream]) => heldBy(streamNo, stream)),
      ...[...state, ...this.readings.held(), ...this.intents.held()].map((text) => ({
        text,
        position: null,
      })),
    ];
  }

  /** The rank in reading order of each marked record; records of equal rank may come in any order. */
  ranks(): Map<string, string> {
    return new Map(
      [...this.streams.values()].flatMap((stream) =>
        dueMarks(stream, this.removalLimit()).map(([id, { urgent, since, first, reason }]) => [
          id,
          reason === 'absent' ? `absent ${first}` : `${urgent} ${since}`,
        ]),
      ),
    );
  }

  /** Returns the reading's end ticket. Refuses a reading that somebody else has closed. */
  private endPart({ observation: { lo }, isLast, hi }: PagePart): number {
    const isOpen = isLast ? this.readings.close(lo) : this.readings.isOpen(lo);
    if (!isOpen && this.mergePolicy.refusesLateAnswers) throw new Fault('SYS-09');
    const own = this.readings.ticket();
    return hi ?? own;
  }

  private moveCursors(streamNo: number, moves: readonly CursorMove[]): CursorMove['kind'][] {
    return moves.filter((move) => !this.moveCursor(streamNo, move)).map(({ kind }) => kind);
  }

  private moveCursor(streamNo: number, move: CursorMove): boolean {
    const isMoved = moveCursor(this.stream(streamNo), move);
    if (isMoved) this.onlooker.moved(streamNo, move);
    return isMoved;
  }

  private purgeFences(streamNo: number): void {
    const { fences } = this.stream(streamNo);
    if (fences.size === 0) return;
    const horizon = this.readings.horizon(streamNo);
    for (const [id, { hi }] of fences) if (hi <= horizon) fences.delete(id);
  }

  private removalLimit(): RemovalLimit {
    return { removalsMax: (rows) => this.mergePolicy.removalsMax(rows), now: this.now() };
  }
}

function countedAs({ verdict, isSame }: MergeResult): 'applied' | 'unchanged' | 'stale' | 'dirty' {
  if (verdict === 'store') return isSame ? 'unchanged' : 'applied';
  return verdict === 'nothing' ? 'unchanged' : verdict;
}
