/**
 * Query locators: what `nextRecordsUrl` names. A locator stores the Ids of the whole result in order, as of the
 * query, so that its pages add up to that result whatever is written meanwhile: no record comes twice, and none is
 * left out because others moved. The records themselves are read when their page is requested: they show their
 * current values, and one deleted meanwhile is missing from its page. That the result is fixed but its records are
 * not is how Salesforce's cursors are known to behave; its documentation does not say.
 */
import type { Tx } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import type { Call } from '../http/call.ts';
import { refused } from '../http/errors.ts';
import {
  type CompileContext,
  type CompiledQuery,
  type CutResult,
  compileChildren,
  compileSoql,
  parseSoql,
} from '../soql/index.ts';
import { recordId } from '../write/ids.ts';

const locatorPrefix = '0r8';
const idCharacters = 18;
const lifetimeMs = 2 * 24 * 3_600_000;

export interface Cursor {
  soql: string;
  includeDeleted: boolean;
  batchRows: number;
  /** The org's time at the query, so that TODAY means the same on every page. */
  now: number;
  /** For a result of children, of the query or in one of its subqueries. */
  child?: Omit<CutResult, 'shown'>;
}

export function contextOf({ version, userId, sobjects }: Call, cursor: Cursor): CompileContext {
  const { includeDeleted, batchRows, now } = cursor;
  return { sobjects, version, userId, includeDeleted, batchRows, now };
}

export function compileCursor(call: Call, cursor: Cursor): CompiledQuery {
  const { soql, child } = cursor;
  const context = contextOf(call, cursor);
  const parsed = parseSoql(soql);
  return child ? compileChildren(parsed, child.place, child.parentId, context) : compileSoql(parsed, context);
}

/**
 * Stores the result whose first records were already returned.
 *
 * @returns  null for a query that has no more records than these
 */
export async function keepLocator(
  call: Call,
  cursor: Cursor,
  compiled: CompiledQuery,
  shown: readonly string[],
): Promise<{ id: string; total: number } | null> {
  const db = locatorsOf(call);
  const id = recordId(locatorPrefix, await call.org.numbers.next(db));
  const { soql, includeDeleted, now, child } = cursor;
  await db.query(sql`DELETE FROM simulator.locator WHERE created_at <= ${before(call)}`);
  const rest = sql`
    SELECT convert_to(coalesce(string_agg(id, ''), ''), 'UTF8') AS ids, count(*) AS count
      FROM (${compiled.ids}) result
     WHERE id <> ALL (${shown}::text[])`;
  // For an older state the Ids are read there and the locator is stored in the present, which takes two statements.
  const found = call.isStale ? await foundOf(call.db, rest) : sql`(${rest})`;
  const [kept] = await db.query<{ total: number }>(sql`
    INSERT INTO simulator.locator
           (id, user_id, soql, include_deleted, batch_rows, place, parent_id, created_at, ids)
    SELECT ${id}, ${call.userId}, ${soql}, ${includeDeleted}, ${compiled.batchRows}, ${child?.place ?? []}::integer[],
           ${child?.parentId ?? null}, ${instant(now)}, convert_to(${shown.join('')}, 'UTF8') || rest.ids
      FROM ${found} AS rest
     WHERE rest.count > 0 OR ${child !== undefined}
    RETURNING length(ids) / ${idCharacters}::integer AS total`);
  return kept ? { id, total: kept.total } : null;
}

async function foundOf(tx: Tx, statement: Sql): Promise<Sql> {
  const [row] = await tx.query<{ ids: string; count: number }>(
    sql`SELECT encode(ids, 'hex') AS ids, count FROM (${statement}) AS found`,
  );
  return sql`(SELECT decode(${row?.ids ?? ''}, 'hex') AS ids, ${row?.count ?? 0}::bigint AS count)`;
}

export interface Kept {
  cursor: Cursor;
  total: number;
  /** From the offset on, one batch at most. */
  ids: readonly string[];
}

/** @throws {@link OrgError} for a locator that is unknown, too old, of another user, or read beyond its end */
export async function readLocator(call: Call, id: string, offset: number): Promise<Kept> {
  const [row] = await locatorsOf(call).query<LocatorRow>(sql`
    SELECT soql, include_deleted, batch_rows, place, parent_id, extract(epoch FROM created_at) * 1000 AS now,
           length(ids) / ${idCharacters}::integer AS total,
           convert_from(substring(ids FROM ${offset * idCharacters + 1}::integer
                                      FOR batch_rows * ${idCharacters}::integer), 'UTF8') AS ids
      FROM simulator.locator
     WHERE id = ${id}
       AND user_id = ${call.userId}
       AND created_at > ${before(call)}`);
  if (!row || offset > row.total) throw refused('INVALID_QUERY_LOCATOR', 'invalid query locator');
  const { soql, include_deleted: includeDeleted, batch_rows: batchRows, place, parent_id: parentId } = row;
  const child = parentId === null ? {} : { child: { place, parentId } };
  const cursor = { soql, includeDeleted, batchRows, now: Number(row.now), ...child };
  return { cursor, total: row.total, ids: row.ids.match(/.{18}/g) ?? [] };
}

interface LocatorRow {
  soql: string;
  include_deleted: boolean;
  batch_rows: number;
  place: number[];
  parent_id: string | null;
  now: string;
  total: number;
  ids: string;
}

/** Locators are stored in the present, even if a request reads an older state. */
const locatorsOf = (call: Call): Tx => (call.isStale ? call.org.db : call.db);

const instant = (time: number): Sql => sql`${new Date(time).toISOString()}::timestamptz`;

/** Locators created at this time or earlier have expired. */
const before = ({ org }: Call): Sql => instant(org.clock.now() - lifetimeMs);
