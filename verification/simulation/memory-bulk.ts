/**
 * What a destination in memory does for tables that are read by Bulk: `lockstep/postgres` has the same in `bulk.ts` and
 * `store-slice.ts`. A slice is stored at one instant; what its transactions let happen in between is outside this model.
 */
import { type CsvSlice, idAt, partOf, withoutRecords } from 'lockstep/core/csv-slice';
import { Fault } from 'lockstep/core/faults';
import type { RecordId } from 'lockstep/core/ids';
import type { Page } from 'lockstep/core/page';
import type {
  ApplyCounts,
  BulkPageRow,
  BulkPart,
  CursorMove,
  Holder,
  Mirror,
  Observation,
  PagePart,
  StreamTable,
} from 'lockstep/postgres';
import { ReadingClosed, RepeatedRecord, SeenLost } from 'lockstep/postgres';
import { moveCursor } from './memory-progress.ts';
import type { StreamRecord } from './memory-stream.ts';
import type { Bounds, MergePolicy, MergeResult } from './merge-policy.ts';
import { recordsOf } from './read-record.ts';
import type { Readings } from './readings.ts';

/** What it shares with the rest of the destination. */
export interface MemoryTables {
  readings: Readings;
  mergePolicy: MergePolicy;
  now: () => number;
  epoch: () => number;
  stream: (streamNo: number) => StreamRecord;
  applyPage: Mirror['applyPage'];
  /** Merges the records of a page by the merge rule, without what else belongs to applying it. */
  mergePage: (streamNo: number, page: Page, part: PagePart, bounds: Bounds) => ApplyCounts;
  purgeFences: (streamNo: number) => void;
  moveCursors: (streamNo: number, moves: readonly CursorMove[]) => unknown;
  onlooker: {
    judged(streamNo: number, judged: MergeResult, bounds: Bounds, part: PagePart, marked: null): void;
    marked(streamNo: number, id: string, reason: string): void;
    /** A record was refused as one that the job has sent before. */
    repeated(streamNo: number, id: string): void;
    /** A backfill has ended. */
    filled(streamNo: number): void;
  };
}

/** How long a reading stays open that nobody moves. */
const lastsMs = 3 * 24 * 3_600_000;

const noCounts: ApplyCounts = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };

type Stored = Awaited<ReturnType<Mirror['storeSlice']>>;

export class MemoryBulk {
  private readonly tables: MemoryTables;

  constructor(tables: MemoryTables) {
    this.tables = tables;
  }

  /** Closes the readings that no cursor remembers, as a takeover does. */
  closeForgotten(streams: ReadonlyMap<number, StreamRecord>): void {
    const { readings, mergePolicy } = this.tables;
    const remembered = [...streams.values()].map(({ cursors }) => readingIn(cursors.get('bulk')?.position));
    for (const lo of readings.ofBulk())
      if (!remembered.includes(lo) || !mergePolicy.keepsBulkReadings) readings.close(lo);
  }

  begin: Mirror['beginBulk'] = async ({ epoch }, { stream: { streamNo } }, version, position) => {
    const { readings, now } = this.tables;
    if (epoch !== this.tables.epoch()) throw new Fault('SYS-09');
    const stream = this.tables.stream(streamNo);
    const lo = readings.begin({ kind: 'bulk', streams: [streamNo], epoch: null, expiresAt: now() + lastsMs });
    const backfill = stream.cursors.get('backfill')?.position as { after: RecordId | null } | undefined;
    const backfilledTo = backfill?.after ?? null;
    const isFirstFill = stream.rows.size === 0;
    const to = position({ observation: { lo, nonce: '' }, isFirstFill, backfilledTo });
    if (moveCursor(stream, { kind: 'bulk', version, to })) return;
    readings.close(lo);
    throw new Fault('SYS-09');
  };

  move: Mirror['moveBulk'] = async (holder, { stream: { streamNo } }, observation, version, to) => {
    const { readings, now } = this.tables;
    this.requireLease(holder);
    this.requireOpen(observation);
    const hi = readings.ticket();
    const stream = this.tables.stream(streamNo);
    if (!moveCursor(stream, { kind: 'bulk', version, to: to.position(hi) })) throw new Fault('SYS-09');
    readings.renew(observation.lo, now() + lastsMs);
    if (to.pages?.isNewJob) Object.assign(stream, { bulkPages: [], seen: new Set() });
    addPages(streamNo, stream, to.pages?.paths ?? []);
  };

  end: Mirror['endBulk'] = async (holder, { stream: { streamNo } }, observation, version, end) => {
    const { readings } = this.tables;
    this.requireLease(holder);
    const isComplete = typeof end === 'object' && !('position' in end);
    const isOpen = observation !== null && readings.isOpen(observation.lo);
    if (isOpen) readings.ticket();
    if (isComplete && !isOpen && this.tables.mergePolicy.keepsBulkReadings) throw new ReadingClosed();
    const stream = this.tables.stream(streamNo);
    const to = typeof end === 'object' && 'position' in end ? end.position : {};
    if (!moveCursor(stream, { kind: 'bulk', version, to })) throw new Fault('SYS-09');
    if (isOpen) readings.close(observation.lo);
    Object.assign(stream, { bulkPages: [], seen: new Set() });
    if (isComplete || end === 'forget') stream.cursors.delete('bulk');
    if (typeof end === 'object' && 'moves' in end) this.tables.moveCursors(streamNo, end.moves);
    if (typeof end === 'object' && 'completeAt' in end) {
      stream.backfilledAt ??= end.completeAt;
      stream.state = 'current';
      this.tables.onlooker.filled(streamNo);
    }
    this.tables.purgeFences(streamNo);
  };

  storeSlice: Mirror['storeSlice'] = async (table, slice, part) => {
    const isDirect = !slice.isSuspect && isFirstFill(part) && this.tables.mergePolicy.copiesDirectly;
    const copied = isDirect ? await this.copy(table, slice, part) : null;
    if (copied) return copied;
    const twice = firstOfTwo(idsOf(slice));
    if (twice !== undefined) this.refuse(part, twice);
    const merged = slice.isSuspect ? null : this.merge(table, slice, part);
    return merged ?? this.storeAsPage(table, slice, part);
  };

  endSweep: Mirror['endBulkSweep'] = async ({ stream: { streamNo } }, { observation: { lo }, hi, rows }) => {
    const stream = this.tables.stream(streamNo);
    if (stream.seen.size !== rows) throw new SeenLost();
    for (const id of [...stream.rows.keys()].toSorted()) {
      const fence = stream.fences.get(id);
      const isNewer = fence && lo < fence.hi && hi <= fence.lo && !fence.partial;
      if (stream.seen.has(id) || isNewer) continue;
      stream.marks.found(id, hi, 'absent');
      this.tables.onlooker.marked(streamNo, id, 'absent');
    }
  };

  endPage: Mirror['endBulkPage'] = async (page, next) => {
    const stream = this.tables.stream(page.stream_no);
    this.advance(page, { is_done: true });
    if (next !== null) addPages(page.stream_no, stream, [next]);
  };

  /** COPY, after the records with a fence were merged; null: the slice has to be stored in another way. */
  private async copy(table: StreamTable, slice: CsvSlice, part: BulkPart): Promise<Stored | null> {
    const { mergePolicy } = this.tables;
    const { streamNo } = table.stream;
    const { rows, fences } = this.tables.stream(streamNo);
    if (!this.lock(part)) return null;
    const ids = idsOf(slice);
    const isFenced = ids.map((id) => mergePolicy.looksAtFences && fences.has(id));
    const fenced = isFenced.flatMap((is, nth) => (is ? [nth] : []));
    let counts = noCounts;
    if (fenced.length > 0) {
      counts = await this.mergeAsPage(table, partOf(slice, fenced), part);
      if (!this.lock(part)) return null;
    }
    const rest = withoutRecords(slice, (nth) => isFenced[nth] ?? false);
    const records = recordsOf(part.pageOf(rest), pagePartOf(part));
    const fitting = records.filter(({ isMisfit }) => !isMisfit);
    const isTaken = fitting.some(({ id, copy }) => rows.has(id) || copy !== null);
    if (isTaken) {
      this.requireFenced(part, slice);
      return null;
    }
    if (fitting.length < records.length) return null;
    this.requireUnseen(part, partOf(slice, fenced));
    this.noteSeen(part, partOf(slice, fenced));
    const bounds = boundsOf(part);
    for (const record of records) {
      if (record.values) rows.set(record.id, record.values);
      const judged = { record, verdict: 'store', isSame: false, hasRow: false } as const;
      this.tables.onlooker.judged(streamNo, judged, bounds, pagePartOf(part), null);
    }
    return { counts: { ...counts, applied: counts.applied + records.length }, page: this.past(slice, part) };
  }

  /** On a first fill a row without a fence is the job's own. */
  private requireFenced(part: BulkPart, slice: CsvSlice): void {
    const { rows, fences } = this.tables.stream(part.page.stream_no);
    const repeated = idsOf(slice).find((id) => rows.has(id) && !fences.has(id));
    if (isFirstFill(part) && repeated !== undefined) this.refuse(part, repeated);
  }

  /** Of merged records the table's key does not tell that the job has sent them before. */
  private requireUnseen(part: BulkPart, merged: CsvSlice): void {
    const { seen } = this.tables.stream(part.page.stream_no);
    if (!isFirstFill(part)) return;
    const ids = idsOf(merged);
    const repeated = ids.find((id) => seen.has(id)) ?? firstOfTwo(ids);
    if (repeated !== undefined) this.refuse(part, repeated);
  }

  /** For a first fill, which records were merged; for a sweep, which there are. */
  private noteSeen(part: BulkPart, slice: CsvSlice): void {
    if (!isFirstFill(part) && part.way.kind !== 'sweep') return;
    const { seen } = this.tables.stream(part.page.stream_no);
    for (const id of idsOf(slice)) seen.add(id);
  }

  private refuse({ page }: BulkPart, id: string): never {
    this.tables.onlooker.repeated(page.stream_no, id);
    throw new RepeatedRecord();
  }

  /** False: an older reading is under way, which needs fences. */
  private lock(part: BulkPart): boolean {
    const { readings, mergePolicy } = this.tables;
    this.lockReading(part);
    const { lo } = part.observation;
    return !mergePolicy.looksForOlderReadings || !readings.isAnotherOpen(part.page.stream_no, lo, part.hi);
  }

  /** By way of a staging table; null: a record does not fit. */
  private merge({ stream: { streamNo } }: StreamTable, slice: CsvSlice, part: BulkPart): Stored | null {
    const page = part.pageOf(slice);
    this.lockReading(part);
    this.requireFenced(part, slice);
    const isWhole = part.way.kind !== 'sweep';
    const hasMisfit = isWhole && recordsOf(page, pagePartOf(part)).some(({ isMisfit }) => isMisfit);
    this.requireUnseen(part, slice);
    if (hasMisfit) return null;
    this.noteSeen(part, slice);
    const counts = this.tables.mergePage(streamNo, page, pagePartOf(part), boundsOf(part));
    const after = this.past(slice, part);
    this.tables.purgeFences(streamNo);
    return { counts, page: after };
  }

  private async storeAsPage(table: StreamTable, slice: CsvSlice, part: BulkPart): Promise<Stored> {
    const counts = await this.mergeAsPage(table, slice, part);
    this.lockReading(part);
    this.requireUnseen(part, slice);
    this.noteSeen(part, slice);
    return { counts, page: this.past(slice, part) };
  }

  private async mergeAsPage(table: StreamTable, slice: CsvSlice, part: BulkPart): Promise<ApplyCounts> {
    const page = part.pageOf(slice);
    this.lockReading(part);
    const { counts } = await this.tables.applyPage(table, page, pagePartOf(part));
    return counts;
  }

  private requireLease({ epoch }: Holder): void {
    if (epoch !== this.tables.epoch()) throw new Fault('SYS-09');
  }

  private requireOpen({ lo }: Observation): void {
    const { readings, mergePolicy } = this.tables;
    if (!readings.isOpen(lo) && mergePolicy.keepsBulkReadings) throw new ReadingClosed();
  }

  private lockReading({ observation, page }: BulkPart): void {
    this.requireOpen(observation);
    this.tables.readings.ticket();
    this.findPage(page);
  }

  private past(slice: CsvSlice, { page }: BulkPart): BulkPageRow {
    const rows = page.rows + slice.starts.length;
    return this.advance(page, { rows, last_id: idAt(slice, slice.starts.length - 1) });
  }

  private advance(page: BulkPageRow, to: Partial<BulkPageRow>): BulkPageRow {
    const found = this.findPage(page);
    if (found.is_done && this.tables.mergePolicy.locksPages) throw new Fault('SYS-09');
    Object.assign(found, to);
    return { ...page, ...to };
  }

  /** The page, if it still is as the caller knows it. */
  private findPage({ stream_no: streamNo, page_no: pageNo, path, rows }: BulkPageRow): BulkPageRow {
    const found = this.tables.stream(streamNo).bulkPages.find((page) => page.page_no === pageNo);
    const isAsKnown = found?.path === path && found.rows === rows;
    if (!found || (this.tables.mergePolicy.locksPages && !isAsKnown)) throw new Fault('SYS-09');
    return found;
  }
}

const readingIn = (position: unknown): number | null =>
  (position as { observation?: Observation | null } | undefined)?.observation?.lo ?? null;

function addPages(streamNo: number, stream: StreamRecord, paths: readonly string[]): void {
  const last = stream.bulkPages.at(-1)?.page_no ?? 0;
  const more = paths.map((path, place) => ({
    stream_no: streamNo,
    page_no: last + place + 1,
    path,
    rows: 0,
    last_id: null,
    is_done: false,
  }));
  stream.bulkPages = [...stream.bulkPages, ...more];
}

const isFirstFill = ({ way }: BulkPart): boolean => way.kind === 'backfill' && way.isFirstFill;
const idsOf = (slice: CsvSlice): string[] => slice.starts.map((_, nth) => idAt(slice, nth));
/** An Id that occurs twice. */
const firstOfTwo = (ids: readonly string[]) => ids.find((id, nth) => ids.indexOf(id) < nth);
const boundsOf = ({ observation: { lo }, hi }: BulkPart): Bounds => ({ lo, hi });
const pagePartOf = ({ observation, hi, way }: BulkPart): PagePart => ({
  observation,
  hi,
  isLast: false,
  ...(way.kind === 'content' && { check: way }),
  ...(way.kind === 'sweep' && { partial: way }),
});
