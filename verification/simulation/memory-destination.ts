/**
 * A destination in memory: rows, fences, marks, readings, cursors, intents and records set aside, as the statements of
 * `src/postgres` keep them. The merge rule itself is the project's own `decide`.
 *
 * Each call is one transaction and happens at one instant, so what SQL does between its statements (snapshots, locks,
 * deadlocks) is outside this model; the tests on a real server cover that. Changes of the schema are left out.
 */
import { Fault } from 'lockstep/core/faults';
import type { RecordId } from 'lockstep/core/ids';
import type { Page } from 'lockstep/core/page';
import { secondsOf } from 'lockstep/core/stamps';
import type { RepairPosition, SweepPosition } from 'lockstep/engine/testing';
import type {
  ApplyResult,
  CursorMove,
  Holder,
  MarkReason,
  Mirror,
  Observation,
  PagePart,
  ProblemChange,
  Progress,
  Remainder,
  StreamFigures,
  StreamTable,
} from 'lockstep/postgres';
import type { Mark } from './marks.ts';
import { MemoryIntents } from './memory-intents.ts';
import {
  carryOut,
  emptyStream,
  heldBy,
  type StreamRecord,
  setAside,
  setAsideUnsettled,
} from './memory-stream.ts';
import type { Bounds, MergePolicy, MergeResult } from './merge-policy.ts';
import { recordsOf } from './read-record.ts';
import { Readings } from './readings.ts';
import type { StateEntry } from './sql-destination.ts';

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
  moved(streamNo: number, move: CursorMove): void;
  applied(page: Page, part: PagePart, result: ApplyResult): void;
  marked(streamNo: number, id: string, reason: string): void;
  decided(streamNo: number, decision: 'accepted' | 'kept'): void;
}

export class MemoryDestination implements Mirror {
  readonly streams: ReadonlyMap<number, StreamRecord>;
  private readonly readings = new Readings();
  private readonly intents = new MemoryIntents();
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
    this.tables = new Map(tables.map((table) => [table.stream.streamNo, table]));
    this.streams = new Map(tables.map(({ stream }) => [stream.streamNo, emptyStream()]));
    this.mergePolicy = mergePolicy;
    this.now = now;
    this.onlooker = onlooker;
  }

  stream(streamNo: number): StreamRecord {
    const stream = this.streams.get(streamNo);
    if (!stream) throw new Error('the destination has no such stream');
    return stream;
  }

  async takeOver({ epoch }: Holder): Promise<void> {
    if (epoch < this.epoch) throw new Fault('SYS-09');
    this.epoch = epoch;
    this.readings.closeOfEpochsUpTo(epoch);
  }

  async openTickObservation({ epoch }: Holder, streams: readonly number[], lastsMs: number) {
    if (epoch !== this.epoch) throw new Fault('SYS-09');
    return { lo: this.readings.begin({ streams, epoch, expiresAt: this.now() + lastsMs }), nonce: '' };
  }

  async openReadBackObservation(_: string, streams: readonly number[], lastsMs: number) {
    return { lo: this.readings.begin({ streams, epoch: null, expiresAt: this.now() + lastsMs }), nonce: '' };
  }

  async closeObservation({ lo }: Observation): Promise<void> {
    this.readings.close(lo);
  }

  async applyPage({ stream: { streamNo } }: StreamTable, page: Page, part: PagePart): Promise<ApplyResult> {
    const { lo } = part.observation;
    const bounds = { lo, hi: this.endPart(part) };
    const stream = this.stream(streamNo);
    const isFencing = this.readings.isAnotherOpen(streamNo, lo, bounds.hi);
    const kept = part.check ? this.keepMissing(stream, part.absent ?? [], bounds.hi) : new Set();
    const counts = { applied: 0, unchanged: 0, stale: 0, dirty: kept.size, quarantined: 0 };
    for (const record of recordsOf(page, part)) {
      if (record.isAbsent && kept.has(record.id)) continue;
      const row = stream.rows.get(record.id) ?? null;
      const judged = this.mergePolicy.merge(record, row, stream.fences.get(record.id) ?? null, bounds, part);
      if (record.isMisfit && record.values !== null) {
        counts[judged.verdict === 'store' ? 'quarantined' : countedAs(judged)]++;
        setAside(stream, judged, { ...bounds, isFencing }, this.mergePolicy, this.now());
        continue;
      }
      counts[countedAs(judged)]++;
      const marked = stream.marks.get(record.id)?.reason ?? null;
      carryOut(stream, judged, { ...bounds, isFencing }, this.mergePolicy, part.check !== undefined);
      this.onlooker.judged(streamNo, judged, bounds, part, marked);
    }
    if (part.check && counts.dirty > 0) setAsideUnsettled(stream, this.now());
    const unmoved = this.moveCursors(streamNo, part.moves ?? []);
    this.purgeFences(streamNo);
    if (part.isLast) this.readings.closeExpired(this.now());
    const result = { counts, unmoved, merged: [] }; // the model org merges no records
    this.onlooker.applied(page, part, result);
    return result;
  }

  /** The Ids whose rows stay, because more rows would go within a day than may without a decision. */
  private keepMissing(stream: StreamRecord, ids: readonly RecordId[], hi: number): Set<string> {
    const { rows, marks, removed } = stream;
    const reasonOf = (id: string) => marks.get(id)?.reason;
    const missing = ids.filter(
      (id) => rows.has(id) && reasonOf(id) !== 'accepted' && reasonOf(id) !== 'deleted log',
    );
    if (missing.length === 0) return new Set();
    const isHeld = this.isHeld(stream, missing.filter((id) => reasonOf(id) !== 'absent').length);
    if (isHeld) for (const id of missing.toSorted()) marks.missed(id, hi);
    else {
      const hour = Math.floor(this.now() / 3_600_000) * 3_600;
      removed.set(hour, (removed.get(hour) ?? 0) + missing.length);
    }
    return new Set(isHeld ? missing : []);
  }

  /**
   * Whether missing rows stay until somebody decides.
   *
   * @param more  missing rows not yet marked as absent
   */
  isHeld({ rows, marks, removed }: StreamRecord, more = 0): boolean {
    const since = this.now() / 1_000 - 86_400;
    const lately = [...removed].reduce((sum, [hour, count]) => sum + (hour > since ? count : 0), 0);
    return marks.absentCount + lately + more > this.mergePolicy.removalsMax(rows.size + lately);
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
    return { unmoved, figures: this.figures() };
  }

  async beginStream(streamNo: number, positions: object, rowsExpected: number | null): Promise<void> {
    const stream = this.stream(streamNo);
    for (const [kind, position] of Object.entries(this.mergePolicy.startAt(positions)) as [
      string,
      unknown,
    ][]) {
      if (position && !stream.cursors.has(kind)) stream.cursors.set(kind, { position, version: 1 });
    }
    if (stream.state !== 'queued') return;
    stream.state = 'backfilling';
    stream.rowsExpected = rowsExpected;
  }

  async readProgress(): Promise<Progress> {
    return {
      checkpoints: [...this.streams].map(([streamNo, stream]) => ({
        stream_no: streamNo,
        sobject: this.tableOf(streamNo).stream.sobject,
        table_name: this.tableOf(streamNo).stream.table,
        plan_version: 1,
        state: stream.state,
        stop_code: stream.stopCode,
        rows: stream.rows.size,
        rows_expected: stream.rowsExpected,
        backfilled: stream.backfilledAt !== null,
      })),
      cursors: [...this.streams].flatMap(([streamNo, { cursors }]) =>
        [...cursors].map(([kind, { position, version }]) => ({
          stream_no: streamNo,
          kind: kind,
          position,
          version,
        })),
      ),
      figures: this.figures(),
      problems: [...this.streams.values()].flatMap(({ problems }) => [...problems.values()]),
    };
  }

  async nextMarked(streamNo: number, limit: number) {
    return this.due(this.stream(streamNo))
      .slice(0, limit)
      .map(([id]) => id as RecordId);
  }

  async readFigures() {
    return { ticket: this.readings.last, figures: this.figures() };
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

  async countByDay({ stream: { streamNo } }: StreamTable, _: object, before: number) {
    const stamps = [...this.stream(streamNo).rows.values()]
      .map((row) => secondsOf(row.SystemModstamp))
      .filter((stamp) => stamp < before);
    return [{ day: '', count: stamps.length, newest: stamps.length > 0 ? Math.max(...stamps) : null }];
  }

  /** In this model nobody edits rows by hand. */
  async recountRows(): Promise<void> {}

  /** Nobody changes or locks tables, or hides a field. */
  async isAsPlanned() {
    return true;
  }

  async isWritable() {
    return true;
  }

  async lockHolders() {
    return null;
  }

  async restoreTable() {
    return null;
  }

  async hasCursorIndex() {
    return true;
  }

  async restoreCursorIndex(): Promise<void> {}

  async showFields(): Promise<void> {}

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

  /** The sobjects do not refer to each other. */
  async referencesOf() {
    return [];
  }

  async rowsReferringTo() {
    return [];
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

  async readRepairs() {
    return [];
  }

  async retrySetAside(): Promise<void> {
    for (const [streamNo, { aside, marks, state }] of this.streams) {
      if (state === 'stopped') continue;
      const due = [...aside].filter(([, { retryAt }]) => retryAt <= this.now());
      for (const [id] of due.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const ticket = this.readings.ticket();
        if (marks.has(id)) continue;
        marks.set(id, ticket, false, 'set aside');
        this.onlooker.marked(streamNo, id, 'set aside');
      }
    }
  }

  async readSetAside() {
    return [...this.streams].flatMap(([streamNo, { aside }]) =>
      aside.size === 0
        ? []
        : [
            {
              sobject: this.tableOf(streamNo).stream.sobject,
              column: 'a__c',
              code: 'misfit',
              rows: aside.size,
            },
          ],
    );
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

  async purgeOld(): Promise<void> {}

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
        this.due(stream).map(([id, { urgent, since, first, reason }]) => [
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
    const stream = this.stream(streamNo);
    const cursor = stream.cursors.get(move.kind);
    if ((cursor?.version ?? 0) !== move.version) return false;
    stream.cursors.set(move.kind, { position: copyOf(move.to), version: move.version + 1 });
    if (move.backfilledAt !== undefined) {
      stream.backfilledAt ??= move.backfilledAt;
      stream.state = 'current';
    }
    this.onlooker.moved(streamNo, move);
    return true;
  }

  private purgeFences(streamNo: number): void {
    const { fences } = this.stream(streamNo);
    if (fences.size === 0) return;
    const horizon = this.readings.horizon(streamNo);
    for (const [id, { hi }] of fences) if (hi <= horizon) fences.delete(id);
  }

  private figures(): StreamFigures[] {
    return [...this.streams].map(([stream_no, stream]) => {
      const due = stream.state === 'stopped' ? [] : this.due(stream).map(([, mark]) => mark);
      const isMarked = due.length > 0;
      return {
        stream_no,
        rows: stream.rows.size,
        urgent: isMarked ? due.some(({ urgent, reason }) => urgent && reason !== 'absent') : null,
        oldest: isMarked ? Math.min(...due.map(({ first }) => first)) : null,
      };
    });
  }

  private due(stream: StreamRecord): [string, Mark][] {
    const sweep = stream.cursors.get('sweep')?.position as SweepPosition | undefined;
    const repair = stream.cursors.get('repair')?.position as RepairPosition | undefined;
    const isChecking = (sweep?.after ?? null) !== null || (repair?.days.length ?? 0) > 0;
    return stream.marks.due(!isChecking && !this.isHeld(stream));
  }

  private tableOf(streamNo: number): StreamTable {
    const table = this.tables.get(streamNo);
    if (!table) throw new Error('the stream has no table');
    return table;
  }
}

/** A copy, as in a database: the caller cannot change it any more. */
const copyOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

function countedAs({ verdict, isSame }: MergeResult): 'applied' | 'unchanged' | 'stale' | 'dirty' {
  if (verdict === 'store') return isSame ? 'unchanged' : 'applied';
  return verdict === 'nothing' ? 'unchanged' : verdict;
}
