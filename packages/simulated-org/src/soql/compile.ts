/** Compiles a parsed query to SQL on the org's tables: resolved names, the filter, the order, the record's JSON. */
import { assert } from '@lockstep/foundation/assert';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { fieldNamed } from '../schema/schema.ts';
import { recordsOf } from '../schema/storage.ts';
import { isCall, type Soql } from './ast.ts';
import { batchRowsOf } from './batch-rows.ts';
import { childScope, type Place } from './children.ts';
import { orderSql, windowSql } from './clauses.ts';
import { whereSql } from './filter.ts';
import { isGrouped } from './functions.ts';
import { groupedSql } from './grouped.ts';
import { checkRestrictions } from './restrictions.ts';
import { Scope, sobjectOf } from './scope.ts';
import { selectedJson } from './select-list.ts';
import { type SelectedColumn, selectedColumns } from './selected-columns.ts';
import { type CompileContext, Session } from './session.ts';

export interface CompiledQuery {
  sobject: string;
  /** One row with the column `count`: the records that match, LIMIT and OFFSET applied. */
  count: Sql;
  /** All records as rows with the text columns `json` and `id`, in a total order. Does not end in a LIMIT clause. */
  rows: Sql;
  /** The Ids of all records in that order, as rows with one column `id`. */
  ids: Sql;
  /** The records of these Ids that still exist, in the order of the Ids, with each one's position, from 1. */
  rowsOf: (ids: readonly string[]) => Sql;
  /** `count` of these rows from `offset` on; skipped records are not formatted as JSON. */
  page: (offset: number, count: number) => Sql;
  /** The maximum of rows in a batch, children included. */
  batchRows: number;
  isCount: boolean;
  /** The rows are groups (AggregateResults): all on one page of at most 2,000, never with a locator. */
  isGrouped: boolean;
  limit: number | null;
  /** The selected columns, in the query's order. Empty if a record is more than a flat list of fields. */
  columns: () => readonly SelectedColumn[];
  /** Whether the table can be read in parts. */
  isDivisible: boolean;
  /** All records as rows of other columns, ordered only if the query has an ORDER BY. */
  select: (projection: (columns: readonly SelectedColumn[]) => Sql, part?: TablePart) => Sql;
}

/** Blocks of the sobject's table. All parts give every record once; a query with an order or a limit has only one. */
export interface TablePart {
  from: number;
  /** Null for the last part, which extends to the end of the table. */
  before: number | null;
}

/**
 * @throws {@link SoqlError} for names that the org does not have, and for uses that the fields' types do not allow
 */
export function compileSoql(query: Soql, context: CompileContext): CompiledQuery {
  const includeDeleted = context.includeDeleted || query.allRows;
  const session = new Session({ ...context, includeDeleted });
  const scope = new Scope(session, query, sobjectOf(query, context.sobjects));
  checkRestrictions(query, scope.def);
  if (query.isCount) refuseOfCount(scope);
  return compiledOf(scope, []);
}

/**
 * A subquery of the SELECT list for one record: its result as a query of its own.
 *
 * @param place  of a subquery that the query has
 */
export function compileChildren(
  query: Soql,
  place: Place,
  parentId: string,
  context: CompileContext,
): CompiledQuery {
  const includeDeleted = context.includeDeleted || query.allRows;
  const session = new Session({ ...context, includeDeleted });
  let parent = new Scope(session, query, sobjectOf(query, context.sobjects));
  let child: ReturnType<typeof childScope> | null = null;
  for (const index of place) {
    const item = parent.query.fields[index];
    assert(item?.kind === 'children', 'a place is that of a subquery');
    child = childScope(parent, item.query, sql`${parentId}`);
    parent = child.scope;
  }
  assert(child, 'a place is not empty');
  return compiledOf(child.scope, place, [child.belongs]);
}

function compiledOf(scope: Scope, place: Place, extra: readonly Sql[] = []): CompiledQuery {
  const { query } = scope;
  const grouped = isGrouped(query);
  const { rows, matches, ids, rowsOf } = grouped ? groupRows(scope) : recordRows(scope, place, extra);
  const window = windowSql(query.offset, query.limit);
  const isWindowed = query.limit !== null || query.offset > 0;
  return {
    sobject: scope.def.name,
    count:
      grouped || isWindowed
        ? sql`SELECT count(*) AS count FROM (SELECT 1 ${matches} ${window}) r`
        : sql`SELECT count(*) AS count ${matches}`,
    rows: rows(window),
    ids: ids(window),
    rowsOf,
    page: (offset, count) => {
      const left = query.limit === null ? count : Math.min(count, Math.max(0, query.limit - offset));
      return rows(windowSql(query.offset + offset, left));
    },
    batchRows: scope.session.batchRows,
    isCount: query.isCount,
    isGrouped: grouped,
    limit: query.limit,
    isDivisible: !grouped && !isWindowed && query.orderBy.length === 0,
    columns: () => (grouped ? [] : selectedColumns(scope)),
    select: (projection, part) => {
      // Building the columns joins their parents, so FROM is built after them.
      const projected = projection(selectedColumns(scope));
      const where = whereSql(scope, part && tablePartSql(scope, part));
      const order = query.orderBy.length > 0 ? orderSql(scope) : sql``;
      return sql`SELECT ${projected} ${scope.from()} ${where} ${order} ${window}`;
    },
  };
}

function tablePartSql({ row }: Scope, { from, before }: TablePart): Sql[] {
  const place = ident(row, 'ctid');
  const starts = sql`${place} >= ${`(${from},0)`}::tid`;
  return before === null ? [starts] : [starts, sql`${place} < ${`(${before},0)`}::tid`];
}

interface Rows {
  rows: (window: Sql) => Sql;
  ids: (window: Sql) => Sql;
  rowsOf: (ids: readonly string[]) => Sql;
  /** FROM and WHERE. */
  matches: Sql;
}

/** For answers that have no records. */
const none = {
  ids: () => sql`SELECT NULL::text AS id WHERE FALSE`,
  rowsOf: () => sql`SELECT NULL::text AS json, NULL::text AS id, 0 AS place WHERE FALSE`,
};

function groupRows(scope: Scope): Rows {
  const groups = groupedSql(scope);
  return {
    rows: (window) => sql`${groups} ${window}`,
    ...none,
    matches: sql`FROM (${groups}) r`,
  };
}

/** JSON is built outside the ordered subquery, only for the rows within its LIMIT. */
function recordRows(scope: Scope, place: Place, extra: readonly Sql[]): Rows {
  // Each part may join parents, so FROM is built last; the count skips joins that only the order needs.
  const where = whereSql(scope, extra);
  const matches = sql`${scope.from()} ${where}`;
  if (scope.query.isCount) {
    const empty = sql`SELECT NULL::text AS json WHERE FALSE`;
    return { ...none, rows: () => empty, matches };
  }
  const order = orderSql(scope);
  const from = scope.from();
  const row = ident(scope.row);
  scope.session.batchRows = batchRowsOf(scope);
  const json = selectedJson(scope, place);
  const shown = sql`${json} AS json, ${row}."Id" AS id`;
  const rows = (window: Sql): Sql =>
    sql`SELECT ${shown} FROM (SELECT ${row}.* ${from} ${where} ${order} ${window}) ${row}`;
  const ids = (window: Sql): Sql => sql`SELECT ${row}."Id" AS id ${from} ${where} ${order} ${window}`;
  const rowsOf = (wanted: readonly string[]): Sql => sql`
    SELECT ${shown}, wanted.place::integer AS place
      FROM unnest(${wanted}::text[]) WITH ORDINALITY wanted (id, place)
      JOIN ${recordsOf(scope.def)} ${row} ON ${row}."Id" = wanted.id${isThere(scope)}
     ORDER BY wanted.place`;
  return { rows, matches, ids, rowsOf };
}

const isThere = ({ def, row, session }: Scope): Sql =>
  session.context.includeDeleted || !fieldNamed(def, 'IsDeleted')
    ? sql``
    : sql` AND NOT ${ident(row, 'IsDeleted')}`;

/** COUNT() is one number, without groups and without an order. */
function refuseOfCount(scope: Scope): void {
  const { groupBy, orderBy } = scope.query;
  const [group] = groupBy;
  if (group) throw scope.refuse(group.at, 'MALFORMED_QUERY', 'COUNT() cannot be used with GROUP BY');
  const [key] = orderBy;
  if (!key) return;
  const { name, at } = isCall(key.expression) ? key.expression.field : key.expression;
  throw scope.refuse(at, 'MALFORMED_QUERY', `Ordered field must be grouped or aggregated: ${name}`);
}
