import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { notFound } from '../http/errors.ts';
import { fromStored } from '../write/stored-text.ts';
import type { CsvForm } from './csv.ts';

/**
 * The results of query jobs as files of CSV lines without a header, one per part, in the order of the parts. They
 * are written once while the job runs and sent unchanged, so that neither needs more memory for a million records
 * than for one. The database says which parts belong to a finished job (storage.ts); all other files are removed.
 */
export interface ResultPart {
  rows: number;
  bytes: number;
  /** Where every thousandth row begins, so that a page is found without reading all before it. */
  marks: readonly number[];
}

const rowsPerMark = 1000;
const pieceBytes = 1024 * 1024;
/** Buffered pieces that wait for the disk; beyond this, the database has to wait too. */
const waitingBytesMax = 8 * pieceBytes;

/** The first UTF-8 byte of the mark for characters that cannot be stored (stored-text.ts). */
const storedMark = 0xee;
const quote = 0x22;
const lineFeed = 0x0a;

export class ResultFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async writer(jobId: string, number: number, form: CsvForm): Promise<ResultWriter> {
    await mkdir(this.folder, { recursive: true });
    return new ResultWriter(this.pathOf(jobId, number), form);
  }

  /** False if a part's file does not have the size that was written. */
  async isWhole(jobId: string, parts: readonly ResultPart[]): Promise<boolean> {
    const sizes = parts.map((_, number) =>
      stat(this.pathOf(jobId, number)).then(
        ({ size }) => size,
        () => -1,
      ),
    );
    return (await Promise.all(sizes)).every((size, number) => size === parts[number]?.bytes);
  }

  async remove(jobId: string): Promise<void> {
    await this.removeWhere((id) => id === jobId);
  }

  /** Removes the files of jobs that are deleted or never finished. */
  async keepOnly(jobIds: ReadonlySet<string>): Promise<void> {
    await this.removeWhere((id) => !jobIds.has(id));
  }

  private async removeWhere(isUnwanted: (jobId: string) => boolean): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    const unwanted = names.filter((name) => isUnwanted(name.split('.')[0] ?? ''));
    await Promise.all(unwanted.map((name) => rm(join(this.folder, name), { force: true })));
  }

  /** The lines of rows `from` to `before`, counted from 0 over all parts, in chunks of a megabyte at most. */
  async *read(
    jobId: string,
    parts: readonly ResultPart[],
    from: number,
    before: number,
  ): AsyncGenerator<Buffer> {
    let first = 0;
    for (const [number, part] of parts.entries()) {
      const start = Math.max(0, from - first);
      const end = Math.min(part.rows, before - first);
      if (start < end) yield* readRows(this.pathOf(jobId, number), part, start, end);
      first += part.rows;
    }
  }

  private pathOf(jobId: string, number: number): string {
    return join(this.folder, `${jobId}.${number}.csv`);
  }
}

export class ResultWriter {
  private readonly file: WriteStream;
  private readonly isCrLf: boolean;
  private readonly marks: number[] = [];
  private rows = 0;
  private bytes = 0;
  private piece: Buffer = Buffer.allocUnsafe(pieceBytes);
  /** Buffers that were written and can be reused. */
  private readonly free: Buffer[] = [];
  private used = 0;
  private searched: { bytes: Buffer | null; found: number } = { bytes: null, found: -1 };

  constructor(path: string, { lineEnding }: CsvForm) {
    this.file = createWriteStream(path, { highWaterMark: waitingBytesMax });
    // Handled where the file is awaited; without a listener an error would end the process.
    this.file.on('error', () => undefined);
    this.isCrLf = lineEnding === '\r\n';
  }

  /** Takes a line as COPY sends it: `bytes` from `start` to before `end`. If it returns a promise, await it first. */
  add(bytes: Buffer, start: number, end: number): Promise<unknown> | undefined {
    if (this.file.errored) return Promise.reject(this.file.errored);
    if (this.isCrLf || this.hasMark(bytes, start, end)) {
      const row = this.served(bytes.subarray(start, end));
      return this.take(row, 0, row.length);
    }
    return this.take(bytes, start, end);
  }

  /** One search covers all rows in the same buffer: almost none has such a character. */
  private hasMark(bytes: Buffer, start: number, end: number): boolean {
    const { searched } = this;
    if (searched.bytes !== bytes || searched.found < start) {
      const found = bytes.indexOf(storedMark, start);
      this.searched = { bytes, found: found < 0 ? Number.POSITIVE_INFINITY : found };
    }
    return this.searched.found < end;
  }

  private served(line: Buffer): Buffer {
    const text = fromStored(line.toString());
    return Buffer.from(this.isCrLf ? `${text.slice(0, -1)}\r\n` : text);
  }

  private take(bytes: Buffer, start: number, end: number): Promise<unknown> | undefined {
    const length = end - start;
    if (this.rows % rowsPerMark === 0) this.marks.push(this.bytes);
    this.rows += 1;
    this.bytes += length;
    const isFlushed = this.used + length > pieceBytes && this.flush();
    if (length > pieceBytes) this.file.write(Buffer.from(bytes.subarray(start, end)));
    else this.used += bytes.copy(this.piece, this.used, start, end);
    return isFlushed && this.file.writableNeedDrain ? once(this.file, 'drain') : undefined;
  }

  private flush(): true {
    const { piece } = this;
    this.file.write(piece.subarray(0, this.used), () => this.free.push(piece));
    this.piece = this.free.pop() ?? Buffer.allocUnsafe(pieceBytes);
    this.used = 0;
    return true;
  }

  async end(): Promise<ResultPart> {
    this.flush();
    this.file.end();
    await finished(this.file);
    return { rows: this.rows, bytes: this.bytes, marks: this.marks };
  }

  async abandon(): Promise<void> {
    this.file.destroy();
    await finished(this.file).catch(() => undefined);
  }
}

async function* readRows(
  path: string,
  part: ResultPart,
  from: number,
  before: number,
): AsyncGenerator<Buffer> {
  const start = await placeOfRow(path, part, from);
  const end = await placeOfRow(path, part, before);
  yield* readBytes(path, start, end);
}

async function placeOfRow(path: string, { rows, bytes, marks }: ResultPart, row: number): Promise<number> {
  if (row >= rows) return bytes;
  const mark = Math.floor(row / rowsPerMark);
  let place = marks[mark] ?? 0;
  let left = row - mark * rowsPerMark;
  if (left === 0) return place;
  let isQuoted = false;
  for await (const piece of readBytes(path, place, bytes)) {
    for (const byte of piece) {
      place += 1;
      if (byte === quote) isQuoted = !isQuoted;
      else if (byte === lineFeed && !isQuoted) left -= 1;
      if (left === 0) return place;
    }
  }
  return place;
}

async function* readBytes(path: string, from: number, before: number): AsyncGenerator<Buffer> {
  await using file = await open(path).catch((error: unknown) => {
    // The job was deleted meanwhile.
    throw (error as { code?: unknown }).code === 'ENOENT' ? notFound() : error;
  });
  for (let at = from; at < before; ) {
    const wanted = Math.min(pieceBytes, before - at);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
    if (bytesRead === 0) throw new Error('the file of a result is shorter than it was written');
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
