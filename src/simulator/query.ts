import { sql } from '../lib/sql.ts';
import { type Answer, type Call, dataPath } from './answer.ts';
import { methodNotAllowed, refused } from './errors.ts';
import { recordId } from './ids.ts';
import { type CompiledQuery, compileSoql, parseSoql } from './soql/index.ts';
import { nextRecordNumber } from './storage.ts';
import { toServed, toStored } from './stored-text.ts';

/**
 * `/query?q=` and `/queryAll?q=`, and the further pages of a result under the locator that the first page named.
 * A locator holds the query and not its rows: each page is read anew, from its offset in the same total order.
 */
const batchRowsMax = 2000;
const batchRowsMin = 200;
/** Groups come on one page or not at all. */
const groupsMax = 2000;
const locatorPrefix = '0r8';
const soqlCharactersMax = 100_000;

interface Cursor {
  soql: string;
  includeDeleted: boolean;
  batchRows: number;
  /** The org's time when the query began, so that TODAY means the same on every page. */
  now: number;
}

export async function query(call: Call, includeDeleted: boolean): Promise<Answer> {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const soql = call.parameters.get('q');
  if (!soql) throw refused('MALFORMED_QUERY', 'A query string has to be specified');
  if (soql.length > soqlCharactersMax)
    throw refused('MALFORMED_QUERY', 'SOQL statements can not be longer than 100000 characters.');
  // Text is searched for in the form in which it is stored.
  const cursor = {
    soql: toStored(soql),
    includeDeleted,
    batchRows: batchRows(call),
    now: call.org.clock.now(),
  };
  const compiled = compile(call, cursor);
  if (compiled.isCount) return emptyPage(await countOf(call, compiled));

  if (compiled.isGrouped) return groups(call, compiled);

  const records = await readPage(call, compiled, 0, cursor.batchRows);
  const isComplete = records.length < cursor.batchRows || records.length === compiled.limit;
  const total = isComplete ? records.length : await countOf(call, compiled);
  if (total <= records.length) return page(records, records.length);
  const locator = await keepLocator(call, cursor, total);
  return page(records, total, nextUrl(call, locator, records.length));
}

async function groups(call: Call, compiled: CompiledQuery): Promise<Answer> {
  const records = await readPage(call, compiled, 0, groupsMax + 1);
  if (records.length <= groupsMax) return page(records, records.length);
  const message =
    'Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch';
  throw refused('EXCEEDED_ID_LIMIT', message);
}

/** `/query/<locator>-<offset>`. */
export async function queryMore(call: Call, locator: string): Promise<Answer> {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const [, id = '', from = ''] = /^([0-9A-Za-z]{18})-(\d{1,9})$/.exec(locator) ?? [];
  const [kept] = await call.db.query<Kept>(sql`
    SELECT soql, include_deleted, batch_rows, total, extract(epoch FROM created_at) * 1000 AS now
      FROM simulator.locator
     WHERE id = ${id}
       AND user_id = ${call.userId}
       AND created_at > ${new Date(call.org.clock.now()).toISOString()}::timestamptz - interval '2 days'`);
  const offset = Number(from);
  if (!kept || offset >= kept.total) throw refused('INVALID_QUERY_LOCATOR', 'invalid query locator');
  const cursor = {
    soql: kept.soql,
    includeDeleted: kept.include_deleted,
    batchRows: kept.batch_rows,
    now: Number(kept.now),
  };
  const records = await readPage(call, compile(call, cursor), offset, cursor.batchRows);
  const reached = offset + records.length;
  const isDone = records.length < cursor.batchRows || reached >= kept.total;
  return page(records, kept.total, isDone ? undefined : nextUrl(call, id, reached));
}

interface Kept {
  soql: string;
  include_deleted: boolean;
  batch_rows: number;
  total: number;
  now: string;
}

const compile = (call: Call, { soql, includeDeleted, now }: Cursor): CompiledQuery =>
  compileSoql(parseSoql(soql), { sobjects: call.sobjects, includeDeleted, version: call.version, now });

async function readPage(
  call: Call,
  compiled: CompiledQuery,
  offset: number,
  rows: number,
): Promise<string[]> {
  const found = await call.db.query<{ json: string }>(compiled.page(offset, rows));
  return found.map((row) => toServed(row.json));
}

async function countOf(call: Call, compiled: CompiledQuery): Promise<number> {
  const [row] = await call.db.query<{ count: number }>(compiled.count);
  return row?.count ?? 0;
}

/** `Sforce-Query-Options: batchSize=200`, kept between its bounds. */
function batchRows(call: Call): number {
  const wanted = /batchSize\s*=\s*(\d{1,9})/i.exec(call.header('sforce-query-options') ?? '')?.[1];
  return wanted === undefined ? batchRowsMax : Math.min(Math.max(Number(wanted), batchRowsMin), batchRowsMax);
}

async function keepLocator(call: Call, cursor: Cursor, total: number): Promise<string> {
  const number = await nextRecordNumber(call.db);
  const id = recordId(locatorPrefix, number);
  await call.db.query(sql`
    INSERT INTO simulator.locator (id, user_id, soql, include_deleted, batch_rows, total, created_at)
    VALUES (${id}, ${call.userId}, ${cursor.soql}, ${cursor.includeDeleted}, ${cursor.batchRows}, ${total},
            ${new Date(cursor.now).toISOString()})`);
  return id;
}

/** Also a queryAll goes on under `/query`. */
const nextUrl = (call: Call, locator: string, offset: number): string =>
  dataPath(call.version, 'query', `${locator}-${offset}`);

const emptyPage = (total: number): Answer => ({
  status: 200,
  body: `{"totalSize":${total},"done":true,"records":[]}`,
  records: [],
});

function page(records: readonly string[], total: number, next?: string): Answer {
  const done = next === undefined ? '"done":true' : `"done":false,"nextRecordsUrl":${JSON.stringify(next)}`;
  return { status: 200, body: `{"totalSize":${total},${done},"records":[${records.join(',')}]}`, records };
}
