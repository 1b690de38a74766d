/** Cuts a Bulk result into slices of whole records as it arrives. A record ends at a line feed outside quotes. */
import { isUtf8 } from 'node:buffer';
import type { CsvSlice } from '../core/csv-slice.ts';
import { Fault } from '../core/faults.ts';
import { csvCells } from './csv-cells.ts';

const quote = 0x22;
const lineFeed = 0x0a;
const comma = 0x2c;
const nul = 0x00;
/** PostgreSQL before 18 takes a line of these two characters for the end of the data, even within quotes. */
const endOfData = '\n\\.';

/** A slice is some 100 ms of work for PostgreSQL. */
const sliceBytes = 2 * 1024 * 1024;
/** Beyond a slice: what has arrived of the next one. */
const reserveBytes = 512 * 1024;
/** A Salesforce record has at most some millions of characters. */
const recordBytesMax = 64 * 1024 * 1024;

/**
 * The records of one result page.
 *
 * @param fields    what its query selects; every page repeats them in its first line, and one that does not is read
 *                  as if it did
 * @param rowsMax  records of a slice; it has fewer if they are large
 * @returns slices whose bytes are overwritten when the second slice after them is asked for: new memory for each would
 *          have the garbage collector run all the time
 * @throws Fault `DATA-03`: other columns, or a record that is cut off
 */
export async function* sliceRecords(
  body: AsyncIterable<Buffer>,
  fields: readonly string[],
  rowsMax: number,
): AsyncGenerator<CsvSlice> {
  const scanner = new RecordScanner(rowsMax, fields.length);
  let isHeaderRead = false;
  for await (const chunk of body) {
    scanner.add(chunk);
    if (!isHeaderRead && scanner.hasRecord) {
      requireHeader(scanner.first, fields, () => scanner.dropFirst());
      isHeaderRead = true;
    }
    if (isHeaderRead) yield* scanner.takeFull();
  }
  scanner.end();
  if (!isHeaderRead && scanner.hasRecord) requireHeader(scanner.first, fields, () => scanner.dropFirst());
  while (scanner.hasRecord) yield scanner.take();
}

function requireHeader(first: Buffer, fields: readonly string[], drop: () => void): void {
  const cells = csvCells(first);
  if (cells.length === fields.length && cells.every((cell, nth) => cell === fields[nth])) return drop();
  const isRecord = cells.length === fields.length && /^[0-9A-Za-z]{18}$/.test(cells[0] ?? '');
  if (!isRecord) throw new Fault('DATA-03', { where: 'the columns of a Bulk result' });
}

class RecordScanner {
  private readonly rowsMax: number;
  private readonly valuesOfRecord: number;
  /** Of the record that has begun. */
  private values = 1;
  /** Some record since the last slice has another number of values. */
  private isUneven = false;
  private bytes = Buffer.allocUnsafe(sliceBytes + reserveBytes);
  /** Of the last two slices, the older one first. */
  private lent: Buffer<ArrayBuffer>[] = [];
  private used = 0;
  private isQuoted = false;
  /** Where each record begins; the last one is not complete yet. */
  private starts: number[] = [0];

  constructor(rowsMax: number, valuesOfRecord: number) {
    this.rowsMax = rowsMax;
    this.valuesOfRecord = valuesOfRecord;
  }

  get hasRecord(): boolean {
    return this.starts.length > 1;
  }

  get isFull(): boolean {
    return this.hasRecord && (this.used >= sliceBytes || this.starts.length > this.rowsMax);
  }

  get first(): Buffer {
    return this.bytes.subarray(0, this.starts[1]);
  }

  add(chunk: Buffer): void {
    this.reserve(this.used + chunk.length);
    const from = this.used;
    this.used += chunk.copy(this.bytes, this.used);
    const { bytes, used, starts, valuesOfRecord } = this;
    let { isQuoted, values } = this;
    for (let at = from; at < used; at++) {
      const byte = bytes[at];
      if (byte === quote) isQuoted = !isQuoted;
      else if (isQuoted) continue;
      else if (byte === comma) values++;
      else if (byte === lineFeed) {
        if (values !== valuesOfRecord) this.isUneven = true;
        values = 1;
        starts.push(at + 1);
      }
    }
    this.isQuoted = isQuoted;
    this.values = values;
  }

  private reserve(size: number): void {
    if (size > recordBytesMax) throw new Fault('DATA-03', { where: 'a record of a Bulk result' });
    if (size <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(size, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }

  dropFirst(): void {
    const [, second = 0] = this.starts;
    this.bytes.copyWithin(0, second, this.used);
    this.used -= second;
    this.starts = this.starts.slice(1).map((start) => start - second);
  }

  *takeFull(): Generator<CsvSlice> {
    while (this.isFull) yield this.take();
  }

  /** As many complete records as a slice may have. The others move to another buffer, because the slice keeps this one. */
  take(): CsvSlice {
    const rows = Math.min(this.rowsMax, this.starts.length - 1);
    const end = this.starts[rows] ?? 0;
    const bytes = this.bytes.subarray(0, end);
    const starts = this.starts.slice(0, rows);
    const rest = this.bytes.subarray(end, this.used);
    const free = this.lent.length === 2 ? this.lent.shift() : undefined;
    this.lent.push(this.bytes);
    const fits = free !== undefined && free.length >= rest.length;
    this.bytes = fits ? free : Buffer.allocUnsafe(Math.max(sliceBytes + reserveBytes, 2 * rest.length));
    this.used = rest.copy(this.bytes);
    this.starts = this.starts.slice(rows).map((start) => start - end);
    const isSuspect = this.isUneven || bytes.includes(nul) || !isUtf8(bytes) || bytes.includes(endOfData);
    return { bytes, starts, isSuspect };
  }

  /** Salesforce ends the last record with a line feed as well; a proxy may have trimmed it. */
  end(): void {
    const last = this.starts.at(-1) ?? 0;
    if (this.isQuoted) throw new Fault('DATA-03', { where: 'the last record of a Bulk result' });
    if (last === this.used) return;
    this.add(Buffer.from('\n'));
  }
}
