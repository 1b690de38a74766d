/**
 * A query of groups: aggregates over all records, or over the records of each group. Text is grouped
 * case-insensitively, as it is compared; a group shows the first of its spellings. Whether Salesforce does so is not
 * documented.
 */

import { unreachable } from '@lockstep/foundation/assert';
import { type Sql, sql } from '@lockstep/foundation/sql';
import { type Call, type Expression, isCall, type Selected } from './ast.ts';
import { valueIn } from './call-value.ts';
import { sortKeySql } from './clauses.ts';
import { SoqlError } from './errors.ts';
import { filterSql, type Lookup, whereSql } from './filter.ts';
import { joined } from './fragments.ts';
import { aggregate } from './functions.ts';
import { aggregateJson, type Entry, valueJson } from './record-json.ts';
import { comparable, type Scope, type Value } from './scope.ts';
import { refuseSemiJoins } from './semi-join.ts';

/** The groups as rows with one text column `json`, ordered; a LIMIT may be appended. */
export function groupedSql(scope: Scope): Sql {
  const { groupBy, having, orderBy, limit } = scope.query;
  const [first] = groupBy;
  if (!first && limit !== null) {
    const reason = 'Non-grouped query that uses overall aggregate functions cannot also use LIMIT';
    throw new SoqlError('MALFORMED_QUERY', reason);
  }
  refuseReasons(scope);
  const keys = groupBy.map((expression) => groupable(scope, valueIn(scope, expression)));
  const lookup = groupLookup(scope, 'Field must be grouped or aggregated');
  const entries = entriesOf(scope, lookup);
  if (having) refuseSemiJoins(scope, having);
  const condition = having ? sql`HAVING ${filterSql(scope, having, lookup)}` : sql``;
  const ordered = groupLookup(scope, 'Ordered field must be grouped or aggregated');
  const order = orderBy.map((key) => sortKeySql(scope, ordered(key.expression), key));
  // Finally by the groups themselves, each before the subtotals over it, for a total order.
  const isSubtotal = (key: Value) => (scope.query.subtotals ? [sql`GROUPING(${comparable(key)})`] : []);
  const total = [...order, ...keys.flatMap((key) => [...isSubtotal(key), comparable(key)])];
  const where = whereSql(scope);
  return sql`SELECT ${aggregateJson(entries)} AS json ${scope.from()} ${where} ${
    first ? groupBySql(scope, keys) : sql``
  } ${condition} ${total.length > 0 ? sql`ORDER BY ${joined(total, ', ')}` : sql``}`;
}

function groupBySql({ query }: Scope, keys: readonly Value[]): Sql {
  const list = joined(keys.map(comparable), ', ');
  if (!query.subtotals) return sql`GROUP BY ${list}`;
  return query.subtotals === 'rollup' ? sql`GROUP BY ROLLUP (${list})` : sql`GROUP BY CUBE (${list})`;
}

function refuseReasons({ query }: Scope): void {
  const [reason] = query.reasons;
  if (!reason) return;
  throw new SoqlError('MALFORMED_QUERY', `FOR ${reason.toUpperCase()} cannot be used in a grouped query`);
}

function groupable(scope: Scope, value: Value): Value {
  if (value.isAggregate) {
    throw scope.refuse(value.at, 'MALFORMED_QUERY', `Grouped field should not be aggregated: ${value.name}`);
  }
  if (value.isGroupable) return value;
  throw scope.refuse(value.at, 'INVALID_FIELD', `field '${value.name}' can not be grouped in a query call`);
}

/** Accepts only expressions that have one value for a whole group. */
function groupLookup(scope: Scope, refusal: string): Lookup {
  const { groupBy, subtotals } = scope.query;
  const keys = new Set(groupBy.map((expression) => keyOf(scope, expression)));
  return (expression) => {
    const value = valueIn(scope, expression);
    if (isCall(expression) && expression.call === 'grouping') checkGrouping(scope, expression, keys);
    if (value.isAggregate) return value;
    if (keys.has(keyOf(scope, expression))) {
      const hasSubtotals = subtotals !== null;
      return { ...value, sql: shown(value, hasSubtotals), isNillable: value.isNillable || hasSubtotals };
    }
    const written = isCall(expression) ? expression.field : expression;
    throw scope.refuse(expression.at, 'MALFORMED_QUERY', `${refusal}: ${written.name}`);
  };
}

/** @throws {@link SoqlError} for GROUPING() of a field without subtotals */
function checkGrouping(scope: Scope, { field, at }: Call, keys: ReadonlySet<string>): void {
  if (scope.query.subtotals && keys.has(keyOf(scope, field))) return;
  const reason = `GROUPING() needs a field of GROUP BY ROLLUP or GROUP BY CUBE: ${field.name}`;
  throw scope.refuse(at, 'MALFORMED_QUERY', reason);
}

/** Equal for all spellings of the same expression. */
function keyOf(scope: Scope, expression: Expression): string {
  const { path, field } = scope.find(isCall(expression) ? expression.field : expression);
  const names = [...path.map(({ reference }) => reference.name), field.name];
  const calls = isCall(expression) ? [expression.call, expression.inner?.call ?? ''] : [];
  return `${calls.join(' ')}(${names.join('.')})`;
}

function entriesOf(scope: Scope, lookup: Lookup): Entry[] {
  const entries = new Map<string, Entry>();
  let unnamed = 0;
  for (const item of scope.query.fields) {
    if (item.kind !== 'expression') throw refuseItem(scope, item);
    const { expression, alias } = item;
    const value = lookup(expression);
    if (value.isAggregate) refuseAggregatedKey(scope, expression);
    const key = alias?.name ?? (isCall(expression) ? `expr${unnamed++}` : value.name);
    if (entries.has(key.toLowerCase())) {
      throw scope.refuse((alias ?? expression).at, 'MALFORMED_QUERY', `duplicate alias: ${key}`);
    }
    entries.set(key.toLowerCase(), { key, json: valueJson(value.type, value.sql) });
  }
  return [...entries.values()];
}

function refuseAggregatedKey(scope: Scope, expression: Expression): void {
  if (!isCall(expression) || expression.call === 'grouping') return;
  const { field, at } = expression;
  const isKey = (key: Expression) => keyOf(scope, key) === keyOf(scope, field);
  if (!scope.query.groupBy.some(isKey)) return;
  throw scope.refuse(at, 'MALFORMED_QUERY', `Grouped field should not be aggregated: ${field.name}`);
}

/**
 * A text key is grouped by its lower-case form, so its first spelling is shown; in subtotals over it, it is empty.
 */
function shown(key: Value, hasSubtotals: boolean): Sql {
  const first = key.facts.family === 'text' ? aggregate('min', key.type, key.sql)?.sql : undefined;
  if (!first || !hasSubtotals) return first ?? key.sql;
  return sql`CASE GROUPING(${comparable(key)}) WHEN 0 THEN ${first} END`;
}

function refuseItem(scope: Scope, item: Exclude<Selected, { kind: 'expression' }>): SoqlError {
  switch (item.kind) {
    case 'children': {
      const reason = 'Grouped query cannot use child relationships in the select list';
      return scope.refuse(item.query.from.at, 'MALFORMED_QUERY', reason);
    }
    case 'fields':
      return scope.refuse(
        item.at,
        'MALFORMED_QUERY',
        'The FIELDS function cannot be used in a grouped query',
      );
    case 'typeof':
      return scope.refuse(item.reference.at, 'MALFORMED_QUERY', 'TYPEOF cannot be used in a grouped query');
    default:
      return unreachable(item);
  }
}
