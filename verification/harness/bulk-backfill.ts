import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import type { CsvSlice } from 'lockstep/core/csv-slice';
import type {
  BulkPageRow,
  BulkPart,
  BulkReading,
  Destination,
  StoredSlice,
  StreamTable,
} from 'lockstep/postgres/testing';
import { pageOfRecords, sliceRecords } from 'lockstep/salesforce/testing';
import type { DestinationHarness } from './destination.ts';

/** Values by field, or a record as bytes without its line feed. */
export type BulkRecord = object | Buffer;

interface SliceChange {
  pageNo?: number;
  sliceRows?: number;
  fields?: readonly string[];
  isFirstFill?: boolean;
  /** The page as somebody has read it before. */
  page?: BulkPageRow;
  /** Stores it as another holder. */
  destination?: Destination;
  store?: (table: StreamTable, slice: CsvSlice, part: BulkPart) => Promise<StoredSlice>;
}

/**
 * A Bulk backfill of a stream whose results a test makes up: values become CSV as Salesforce writes it, which the real
 * scanner cuts into slices.
 */
export class BulkBackfill {
  /** Open since before its job was created. */
  readonly reading: BulkReading;
  /** The ticket that was taken when the results were ready. */
  hi = 0;
  private readonly harness: DestinationHarness;
  private readonly sobject: string;
  private version = 1;

  constructor(harness: DestinationHarness, sobject: string, reading: BulkReading) {
    this.harness = harness;
    this.sobject = sobject;
    this.reading = reading;
  }

  private get table(): StreamTable {
    return this.harness.table(this.sobject);
  }

  /** A page of the results as the destination has it now; the pages are numbered from 1. */
  async page(pageNo = 1): Promise<BulkPageRow> {
    const [row] = await this.harness.db.query<BulkPageRow>(sql`
      SELECT stream_no, page_no, path, rows, last_id, is_done FROM _lockstep.bulk_page
       WHERE stream_no = ${this.table.stream.streamNo} AND page_no = ${pageNo}`);
    assert(row, 'the page is known');
    return row;
  }

  private fieldsOf({ fields }: SliceChange): readonly string[] {
    return fields ?? this.table.stream.columns.map(({ field }) => field);
  }

  async slices(records: readonly BulkRecord[], change: SliceChange = {}): Promise<CsvSlice[]> {
    const fields = this.fieldsOf(change);
    const given: CsvSlice[] = [];
    for await (const slice of sliceRecords(csvOf(records, fields), fields, change.sliceRows ?? 4_000))
      given.push({ ...slice, bytes: Buffer.from(slice.bytes) });
    return given;
  }

  /** Stores a slice as the next of its page. */
  async storeSlice(slice: CsvSlice, change: SliceChange = {}): Promise<StoredSlice> {
    const fields = this.fieldsOf(change);
    const { mirror, tables } = change.destination ?? this.harness.destination;
    const table = tables.get(this.sobject.toLowerCase());
    assert(table, 'the destination has the stream');
    const part: BulkPart = {
      observation: this.reading.observation,
      hi: this.hi,
      way: { kind: 'backfill', isFirstFill: change.isFirstFill ?? this.reading.isFirstFill },
      fields,
      page: change.page ?? (await this.page(change.pageNo)),
      pageOf: (records) => pageOfRecords(records, fields),
    };
    return change.store ? change.store(table, slice, part) : mirror.storeSlice(table, slice, part);
  }

  /** Stores records as slices of a page, one after another, and adds the counts up. */
  async store(records: readonly BulkRecord[], change: SliceChange = {}): Promise<StoredSlice['counts']> {
    const sums = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
    for (const slice of await this.slices(records, change)) {
      const { counts } = await this.storeSlice(slice, change);
      for (const outcome of Object.keys(sums) as (keyof typeof sums)[]) sums[outcome] += counts[outcome];
    }
    return sums;
  }

  /** Moves the cursor, by default without a change, as an answer that shows nothing new does. */
  async move(pages?: { isNewJob: boolean; paths: readonly string[] }): Promise<number> {
    const { holder, destination } = this.harness;
    const { observation } = this.reading;
    const taken: number[] = [];
    await destination.mirror.moveBulk(holder, this.table, observation, this.version, {
      position(hi) {
        taken.push(hi);
        return { observation };
      },
      pages,
    });
    this.version++;
    return taken[0] ?? 0;
  }

  /** Everything is stored. */
  async end(): Promise<void> {
    const { holder, destination } = this.harness;
    const { observation } = this.reading;
    await destination.mirror.endBulk(holder, this.table, observation, this.version, { completeAt: 1 });
  }
}

/** Begins one whose results are ready, in so many pages. */
export async function openBulkBackfill(
  harness: DestinationHarness,
  { pages = 1, sobject = 'Account' } = {},
): Promise<BulkBackfill> {
  const opened: BulkReading[] = [];
  await harness.destination.mirror.beginBulk(harness.holder, harness.table(sobject), 0, (begun) => {
    opened.push(begun);
    return { observation: begun.observation };
  });
  const [reading] = opened;
  assert(reading, 'the reading is open');
  const backfill = new BulkBackfill(harness, sobject, reading);
  const paths = Array.from({ length: pages }, (_, nth) => `/results/${nth + 1}`);
  backfill.hi = await backfill.move({ isNewJob: true, paths });
  return backfill;
}

/** How many deadlocks there were. Ends the sessions, because they report what they have counted when they end. */
export async function deadlocks({ db }: DestinationHarness): Promise<number | undefined> {
  const others = sql`FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lockstep/%'`;
  await db.query(sql`SELECT pg_terminate_backend(pid) ${others}`);
  while ((await db.query(sql`SELECT ${others}`)).length > 0) await systemClock.sleep(5);
  const [counted] = await db.query<{ deadlocks: number }>(
    sql`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`,
  );
  return counted?.deadlocks;
}

async function* csvOf(records: readonly BulkRecord[], fields: readonly string[]): AsyncGenerator<Buffer> {
  yield Buffer.from(line(fields));
  for (const record of records)
    yield record instanceof Buffer
      ? Buffer.concat([record, Buffer.from('\n')])
      : Buffer.from(line(fields.map((field) => cellOf((record as Record<string, Value>)[field]))));
}

type Value = string | number | boolean | null | undefined;

/** Null is an empty value, and a time ends in `Z`. */
const cellOf = (value: Value): string => String(value ?? '').replace(/\+0000$/, 'Z');

const line = (cells: readonly string[]) =>
  `${cells.map((text) => `"${text.replaceAll('"', '""')}"`).join()}\n`;
