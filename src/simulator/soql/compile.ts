/** A parsed query as SQL on the org's tables: names looked up, the filter, the order, the record's JSON. */
import { ident, type Sql, sql } from '../../lib/sql.ts';
import { isCall, type Soql } from './ast.ts';
import { orderSql, windowSql } from './clauses.ts';
import { whereSql } from './filter.ts';
import { groupedSql } from './grouped.ts';
import { checkNeededFilter } from './needed-filter.ts';
import { Scope, sobjectOf } from './scope.ts';
import { isGrouped, selectedJson } from './select-list.ts';
import { type SelectedColumn, selectedColumns } from './selected-columns.ts';
import { type CompileContext, Session } from './session.ts';

export interface CompiledQuery {
  sobject: string;
  /** One row with the column `count`: the records that match, LIMIT and OFFSET applied. */
  count: Sql;
  /** All records as rows with one text column `json`, in a total order. Has no LIMIT at its end. */
  rows: Sql;
  /** `count` of these rows from `offset` on; skipped records are not turned into JSON. */
  page: (offset: number, count: number) => Sql;
  isCount: boolean;
  /** The rows are groups, AggregateResults: all on one page of at most 2,000, never with a locator. */
  isGrouped: boolean;
  limit: number | null;
  /** What is selected, in the query's order. Empty where a record is more than a list of its own fields. */
  columns: readonly SelectedColumn[];
  /** All records as another projection of their row `r`, ordered only where the query itself orders them. */
  select: (projection: Sql) => Sql;
}

/** @throws {@link SoqlError} for names that the org does not have and for what the fields' types rule out */
export function compileSoql(query: Soql, context: CompileContext): CompiledQuery {
  const includeDeleted = context.includeDeleted || query.allRows;
  const session = new Session({ ...context, includeDeleted });
  const scope = new Scope(session, query, sobjectOf(query, context.sobjects));
  checkNeededFilter(query, scope.def);
  const grouped = isGrouped(query);
  if (query.isCount) refuseOfCount(scope);
  const { rows, matches, project } = grouped ? groupRows(scope) : recordRows(scope);
  const window = windowSql(query.offset, query.limit);
  const isWindowed = query.limit !== null || query.offset > 0;
  return {
    sobject: scope.def.name,
    count:
      grouped || isWindowed
        ? sql`SELECT count(*) AS count FROM (SELECT 1 ${matches} ${window}) r`
        : sql`SELECT count(*) AS count ${matches}`,
    rows: rows(window),
    page: (offset, count) => {
      const left = query.limit === null ? count : Math.min(count, Math.max(0, query.limit - offset));
      return rows(windowSql(query.offset + offset, left));
    },
    isCount: query.isCount,
    isGrouped: grouped,
    limit: query.limit,
    columns: grouped ? [] : selectedColumns(scope, projectedRow),
    select: (projection) => project(projection, window),
  };
}

interface Rows {
  rows: (window: Sql) => Sql;
  /** FROM and WHERE. */
  matches: Sql;
  /** Another projection of the rows, ordered only where the query itself orders them. */
  project: (projection: Sql, window: Sql) => Sql;
}

/** The name of a record's row in a projection. */
const projectedRow = 'r';

function groupRows(scope: Scope): Rows {
  const groups = groupedSql(scope);
  return {
    rows: (window) => sql`${groups} ${window}`,
    matches: sql`FROM (${groups}) r`,
    project: (projection, window) => sql`SELECT ${projection} FROM (${groups} ${window}) r`,
  };
}

/** JSON is made outside the ordered subquery: only for the rows that get through its LIMIT. */
function recordRows(scope: Scope): Rows {
  // Each part may join parents, so FROM comes last, and counting does without those that only the order needs.
  const where = whereSql(scope);
  const matches = sql`${scope.from()} ${where}`;
  if (scope.query.isCount) {
    const none = sql`SELECT NULL::text AS json WHERE FALSE`;
    return { rows: () => none, matches, project: () => none };
  }
  const order = orderSql(scope);
  const from = scope.from();
  const row = ident(scope.row);
  const json = selectedJson(scope);
  const rows = (window: Sql): Sql =>
    sql`SELECT ${json} AS json FROM (SELECT ${row}.* ${from} ${where} ${order} ${window}) ${row}`;
  const ownOrder = scope.query.orderBy.length > 0 ? order : sql``;
  const project = (projection: Sql, window: Sql): Sql =>
    sql`SELECT ${projection} FROM (SELECT ${row}.* ${from} ${where} ${ownOrder} ${window}) ${ident(projectedRow)}`;
  return { rows, matches, project };
}

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
