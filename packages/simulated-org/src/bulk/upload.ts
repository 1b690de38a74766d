import { StringDecoder } from 'node:string_decoder';
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { CsvReader, csvForm } from './csv.ts';
import type { Job } from './storage.ts';

/** The file of an ingest job, in pieces, so that it is never in memory as a whole. */
const pieceBytes = 1024 * 1024;

export interface UploadClaim {
  state: Job['state'];
  hasFile: boolean;
  isOurs: boolean;
}

/** Claims a job's upload, which only one request can have. Undefined if the job is gone. */
export async function claimUpload(tx: Tx, jobId: string): Promise<UploadClaim | undefined> {
  const [claimed] = await tx.query(sql`
    UPDATE simulator.bulk_job SET upload = 'coming'
     WHERE id = ${jobId} AND state = 'Open' AND upload IS NULL RETURNING id`);
  const [job] = await tx.query<{ state: Job['state']; upload: string | null }>(sql`
    SELECT state, upload FROM simulator.bulk_job WHERE id = ${jobId}`);
  return job && { state: job.state, hasFile: job.upload !== null, isOurs: claimed !== undefined };
}

/** Writes each piece as soon as it is full. False if the job is no longer open at the end. */
export async function storeUpload(
  tx: Tx,
  jobId: string,
  file: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<boolean> {
  let number = 0;
  for await (const data of pieces(file)) {
    await tx.query(sql`
      INSERT INTO simulator.bulk_upload (job_id, number, data) VALUES (${jobId}, ${number}, ${data})`);
    number += 1;
  }
  const done = await tx.query(sql`
    UPDATE simulator.bulk_job SET upload = 'complete'
     WHERE id = ${jobId} AND state = 'Open' AND upload = 'coming' RETURNING id`);
  return done.length > 0;
}

async function* pieces(file: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of file) {
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

/** Releases the claim, so that the job can take another file. */
export const giveUpUpload = (tx: Tx, jobId: string): Promise<unknown> =>
  tx.query(sql`
    WITH given_up AS (DELETE FROM simulator.bulk_upload WHERE job_id = ${jobId})
    UPDATE simulator.bulk_job SET upload = NULL WHERE id = ${jobId} AND upload = 'coming'`);

/** Drops files whose upload was interrupted by the end of the process. Must run before the first request. */
export async function giveUpUploads(tx: Tx): Promise<void> {
  const jobs = await tx.query<{ id: string }>(sql`
    SELECT id FROM simulator.bulk_job WHERE upload = 'coming'`);
  for (const { id } of jobs) await giveUpUpload(tx, id);
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
 * @throws {@link JobFailure} where the file is not CSV of the job's form
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

/** The text of the file after its first `records` records, the header included, exactly as it was sent. */
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
