import { assert } from '@lockstep/foundation/assert';
import { type Answer, dataPath } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { methodNotAllowed, refused } from '../http/errors.ts';
import {
  batchRowsMax,
  batchRowsMin,
  type CompiledQuery,
  type CutResult,
  parseSoql,
  rowsIn,
  withUrls,
} from '../soql/index.ts';
import { toServed, toStored } from '../write/stored-text.ts';
import { type Cursor, compileCursor, contextOf, keepLocator, readLocator } from './locators.ts';
import { queryColumns } from './query-columns.ts';
import { explain } from './query-explain.ts';

/** `/query?q=`, `/queryAll?q=`, and further pages of a result by the locator that the first page named. */

/** Groups come on one page or not at all. */
const groupsMax = 2000;

/**
 * Wide records make a batch smaller, as documented; from which size on is not. Counted in characters of JSON; a batch
 * of 200 rows may exceed it.
 */
const batchCharactersMax = 16 * 1024 * 1024;

export async function query(call: Call, includeDeleted: boolean): Promise<Answer> {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const explained = call.parameters.get('explain');
  const soql = call.parameters.get('q') ?? explained;
  if (!soql) throw refused('MALFORMED_QUERY', 'A query string has to be specified');
  // Texts in a query are compared in the form in which they are stored.
  const cursor = {
    soql: toStored(soql),
    includeDeleted,
    batchRows: batchRows(call),
    now: call.org.clock.now(),
  };
  if (call.parameters.get('q') && call.parameters.get('columns') === 'true')
    return queryColumns(cursor.soql, contextOf(call, cursor));
  const compiled = compileCursor(call, cursor);
  const fieldsMax = call.org.control.fieldLimits.get(compiled.sobject) ?? Number.POSITIVE_INFINITY;
  if (parseSoql(cursor.soql).fields.length > fieldsMax) throw tooComplicated();
  if (!call.parameters.get('q')) return explain(call, cursor.soql, contextOf(call, cursor));
  if (compiled.isCount) return emptyPage(await countOf(call, compiled));
  if (compiled.isGrouped) return groups(call, compiled);

  const found = await readRows(call, compiled.page(0, compiled.batchRows));
  const batch = await batchOf(call, cursor, compiled, found);
  const isRead = found.length < compiled.batchRows || found.length === compiled.limit;
  if (isRead && batch.length === found.length) return page(batch, batch.length);
  const shown = found.slice(0, batch.length).map(({ id }) => id);
  const locator = await keepLocator(call, cursor, compiled, shown);
  if (!locator) return page(batch, batch.length);
  return page(batch, locator.total, nextUrl(call, locator.id, batch.length));
}

const tooComplicated = () =>
  refused(
    'QUERY_TOO_COMPLICATED',
    'Query is either selecting too many fields or the filter conditions are too complicated.',
  );

async function groups(call: Call, compiled: CompiledQuery): Promise<Answer> {
  const records = await readRows(call, compiled.page(0, groupsMax + 1));
  if (records.length <= groupsMax) {
    return page(
      records.map(({ json }) => json),
      records.length,
    );
  }
  const message =
    'Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch';
  throw refused('EXCEEDED_ID_LIMIT', message);
}

/** `/query/<locator>-<offset>`. */
export async function queryMore(call: Call, locator: string): Promise<Answer> {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const [, id = '', from = ''] = /^([0-9A-Za-z]{18})-(\d{1,8})$/.exec(locator) ?? [];
  const offset = Number(from);
  const { cursor, total, ids } = await readLocator(call, id, offset);
  const compiled = compileCursor(call, cursor);
  const found = await readRows(call, compiled.rowsOf(ids));
  const batch = await batchOf(call, cursor, compiled, found);
  const next = found[batch.length];
  // The next page begins at the first record that did not fit, or after the last one requested.
  const reached = offset + (next?.place === undefined ? ids.length : next.place - 1);
  return page(batch, total, reached < total ? nextUrl(call, id, reached) : undefined);
}

interface FoundRow {
  json: string;
  id: string;
  /** Position among the requested Ids, from 1. */
  place?: number;
}

const readRows = async (call: Call, rows: CompiledQuery['rows']): Promise<FoundRow[]> => {
  const found = await call.db.query<FoundRow>(rows);
  return found.map((row) => ({ ...row, json: toServed(row.json) }));
};

/**
 * The first of the records that fit a batch together with their children, at least one. A record whose children do
 * not fit begins the next batch.
 */
async function batchOf(
  call: Call,
  cursor: Cursor,
  { batchRows, sobject }: CompiledQuery,
  found: readonly FoundRow[],
): Promise<string[]> {
  const batch: string[] = [];
  const recordsMax = found.length > 0 ? call.org.control.cuts.next(sobject) : 0;
  let rows = 0;
  let characters = 0;
  for (const { json } of found) {
    rows += rowsIn(json);
    characters += json.length;
    const isFull = rows > batchRows || (rows > batchRowsMin && characters > batchCharactersMax);
    if ((isFull && batch.length > 0) || batch.length >= recordsMax) break;
    batch.push(await withUrls(json, (cut) => childrenUrl(call, cursor, cut)));
  }
  return batch;
}

/** The URL for the rest of a result of children. */
async function childrenUrl(call: Call, batch: Cursor, { shown, ...child }: CutResult): Promise<string> {
  const cursor = { ...batch, child };
  const locator = await keepLocator(call, cursor, compileCursor(call, cursor), shown);
  assert(locator, 'a result of children is kept even where the rest of it is gone');
  return nextUrl(call, locator.id, shown.length);
}

async function countOf(call: Call, compiled: CompiledQuery): Promise<number> {
  const [row] = await call.db.query<{ count: number }>(compiled.count);
  return row?.count ?? 0;
}

/** `Sforce-Query-Options: batchSize=200`, limited to its bounds. */
function batchRows(call: Call): number {
  const wanted = /batchSize\s*=\s*(\d{1,9})/i.exec(call.header('sforce-query-options') ?? '')?.[1];
  return wanted === undefined ? batchRowsMax : Math.min(Math.max(Number(wanted), batchRowsMin), batchRowsMax);
}

/** A queryAll, too, continues under `/query`. */
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
