import type { Tx } from '../../lib/database.ts';
import { sqlState } from '../../lib/database.ts';
import { sql } from '../../lib/sql.ts';
import { notFound, refused } from '../errors.ts';
import { fromStored } from '../stored-text.ts';
import { type Job, resultTable } from './storage.ts';

/** Rows of a page where the client does not say, and at most. */
export const pageRowsMax = 50_000;
const askedRowsMax = 1_000_000;

/** Read from the database at once; rows may hold hundreds of kilobytes, so the first reading is a short one. */
const readRowsFirst = 100;
const readRowsMax = 5000;
const readCharactersWanted = 1_000_000;

/** A stretch of a result: rows from `from` on, counted from 0. */
export interface Page {
  from: number;
  rows: number;
}

/** A locator is opaque to clients: the number of the first row, in base 64 without its padding. */
export const locatorOf = (row: number): string =>
  Buffer.from(String(row)).toString('base64').replace(/=+$/, '');

/** @throws {@link OrgError} for a maxRecords or locator that is none */
export function readPage(parameters: URLSearchParams, total: number): Page {
  const maxRecords = parameters.get('maxRecords');
  if (maxRecords !== null && !/^0*[1-9]\d{0,8}$/.test(maxRecords)) {
    throw refused('INVALID_QUERY_LOCATOR', 'maxRecords must be a positive whole number');
  }
  const rows = Math.min(Number(maxRecords ?? pageRowsMax), askedRowsMax);
  const locator = parameters.get('locator');
  const from = locator === null ? 0 : Number(Buffer.from(locator, 'base64').toString('latin1'));
  const isOurs = locator === null || (Number.isSafeInteger(from) && locatorOf(from) === locator);
  if (!isOurs || from < 0 || (from > 0 && from >= total)) {
    throw refused('INVALID_QUERY_LOCATOR', 'invalid query locator');
  }
  return { from, rows: Math.min(rows, total - from) };
}

/** The page's text in pieces of about a megabyte. The next piece is read while one is sent. */
export async function* resultText(tx: Tx, job: Job, { from, rows }: Page): AsyncGenerator<string> {
  const end = from + rows;
  const read = (after: number, count: number) => readRows(tx, job.id, after, Math.min(end, after + count));
  let count = readRowsFirst;
  let at = from;
  let reading = at < end ? read(at, count) : undefined;
  while (reading) {
    const text = await reading;
    at = Math.min(end, at + count);
    count = Math.ceil(Math.min(readRowsMax, count * Math.min(8, readCharactersWanted / (text.length + 1))));
    reading = at < end ? read(at, count) : undefined;
    // Whoever stops reading leaves this behind; the failure, if any, is seen where it is awaited.
    reading?.catch(() => undefined);
    yield fromStored(text);
  }
}

async function readRows(tx: Tx, jobId: string, after: number, until: number): Promise<string> {
  const statement = sql`
    SELECT string_agg(line, '' ORDER BY n) AS text FROM ${resultTable(jobId)}
     WHERE n > ${after}::bigint AND n <= ${until}::bigint`;
  const [row] = await tx.query<{ text: string | null }>(statement).catch((error: unknown) => {
    // The job was deleted meanwhile.
    throw sqlState(error) === '42P01' ? notFound() : error;
  });
  return row?.text ?? '';
}
