import { StringDecoder } from 'node:string_decoder';
import type { Tx } from '../../lib/database.ts';
import { sql } from '../../lib/sql.ts';
import { CsvReader, csvForm } from './csv.ts';
import type { Job } from './storage.ts';

/** The file of an ingest job, in pieces, so that no part of the work holds it whole. */
const pieceBytes = 1024 * 1024;

export async function storeUpload(tx: Tx, jobId: string, file: Buffer): Promise<void> {
  for (let number = 0; number * pieceBytes < Math.max(file.length, 1); number++) {
    const data = file.subarray(number * pieceBytes, (number + 1) * pieceBytes);
    await tx.query(sql`
      INSERT INTO simulator.bulk_upload (job_id, number, data) VALUES (${jobId}, ${number}, ${data})`);
  }
}

export async function hasUpload(tx: Tx, jobId: string): Promise<boolean> {
  return (await tx.query(sql`SELECT FROM simulator.bulk_upload WHERE job_id = ${jobId} LIMIT 1`)).length > 0;
}

async function* uploadText(tx: Tx, jobId: string): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  for (let number = 0; ; number++) {
    const [piece] = await tx.query<{ data: string }>(sql`
      SELECT encode(data, 'base64') AS data FROM simulator.bulk_upload WHERE job_id = ${jobId} AND number = ${number}`);
    if (!piece) break;
    const text = decoder.write(Buffer.from(piece.data, 'base64'));
    yield number === 0 ? text.replace(/^\uFEFF/, '') : text;
  }
  yield decoder.end();
}

/**
 * The records of the file, the header first.
 *
 * @throws {@link JobFailure} at the place where the file is no CSV of the job's form
 */
export async function* uploadRecords(tx: Tx, job: Job): AsyncGenerator<string[]> {
  const reader = new CsvReader(csvForm(job));
  for await (const piece of uploadText(tx, job.id)) {
    reader.push(piece);
    yield* recordsOf(reader);
  }
  reader.end();
  yield* recordsOf(reader);
}

function* recordsOf(reader: CsvReader): Generator<string[]> {
  for (let record = reader.next(); record; record = reader.next()) yield record;
}

/** The text of the file behind its first `records` records, header included, exactly as it was sent. */
export async function* uploadTextAfter(tx: Tx, job: Job, records: number): AsyncGenerator<string> {
  const reader = new CsvReader(csvForm(job));
  let left = records;
  for await (const piece of uploadText(tx, job.id)) {
    if (left === 0) {
      yield piece;
      continue;
    }
    reader.push(piece);
    while (left > 0 && reader.next()) left -= 1;
    if (left === 0) yield reader.rest();
  }
}
