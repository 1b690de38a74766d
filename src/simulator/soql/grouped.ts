/**
 * A query of groups: aggregates over all records, or over the records of each group. Text is grouped without regard
 * to case, as it is compared; a group shows the first of its forms. Whether Salesforce does so is not documented.
 */
import { unreachable } from '../../lib/assert.ts';
import { type Sql, sql } from '../../lib/sql.ts';
import { type Expression, isCall, type Selected } from './ast.ts';
import { sortKeySql } from './clauses.ts';
import { SoqlError } from './errors.ts';
import { filterSql, type Lookup, whereSql } from './filter.ts';
import { joined } from './fragments.ts';
import { aggregate } from './functions.ts';
import { aggregateJson, type Entry, valueJson } from './record-json.ts';
import { comparable, type Scope, type Value } from './scope.ts';
import { refuseSemiJoins } from './semi-join.ts';

/** The groups as rows with one text column `json`, ordered, for a LIMIT to follow. */
export function groupedSql(scope: Scope): Sql {
  const { groupBy, having, orderBy, limit } = scope.query;
  const [first] = groupBy;
  if (!first && limit !== null) {
    const reason = 'Non-grouped query that uses overall aggregate functions cannot also use LIMIT';
    throw new SoqlError('MALFORMED_QUERY', reason);
  }
  const keys = groupBy.map((expression) => groupable(scope, scope.value(expression)));
  const lookup = groupLookup(scope, 'Field must be grouped or aggregated');
  const entries = entriesOf(scope, lookup);
  if (having) refuseSemiJoins(scope, having);
  const condition = having ? sql`HAVING ${filterSql(scope, having, lookup)}` : sql``;
  const ordered = groupLookup(scope, 'Ordered field must be grouped or aggregated');
  const order = orderBy.map((key) => sortKeySql(scope, ordered(key.expression), key));
  // The groups themselves at last, for a total order.
  const total = [...order, ...keys.map(comparable)];
  const where = whereSql(scope);
  return sql`SELECT ${aggregateJson(entries)} AS json ${scope.from()} ${where} ${
    first ? sql`GROUP BY ${joined(keys.map(comparable), ', ')}` : sql``
  } ${condition} ${total.length > 0 ? sql`ORDER BY ${joined(total, ', ')}` : sql``}`;
}

function groupable(scope: Scope, value: Value): Value {
  if (value.isAggregate) {
    throw scope.refuse(value.at, 'MALFORMED_QUERY', `Grouped field should not be aggregated: ${value.name}`);
  }
  if (value.isGroupable) return value;
  throw scope.refuse(value.at, 'INVALID_FIELD', `field '${value.name}' can not be grouped in a query call`);
}

/** Lets through what has one value for a whole group. */
function groupLookup(scope: Scope, refusal: string): Lookup {
  const keys = new Set(scope.query.groupBy.map((expression) => keyOf(scope, expression)));
  return (expression) => {
    const value = scope.value(expression);
    if (value.isAggregate) return value;
    if (keys.has(keyOf(scope, expression))) return { ...value, sql: shown(value) };
    const written = isCall(expression) ? expression.field : expression;
    throw scope.refuse(expression.at, 'MALFORMED_QUERY', `${refusal}: ${written.name}`);
  };
}

/** The same for every way of writing the same. */
function keyOf(scope: Scope, expression: Expression): string {
  const { path, field } = scope.find(isCall(expression) ? expression.field : expression);
  const names = [...path.map(({ reference }) => reference.name), field.name];
  return `${isCall(expression) ? expression.call : ''}(${names.join('.')})`;
}

function entriesOf(scope: Scope, lookup: Lookup): Entry[] {
  const entries = new Map<string, Entry>();
  let unnamed = 0;
  for (const item of scope.query.fields) {
    if (item.kind !== 'expression') throw refuseItem(scope, item);
    const { expression, alias } = item;
    const value = lookup(expression);
    const key = alias?.name ?? (isCall(expression) ? `expr${unnamed++}` : value.name);
    if (entries.has(key.toLowerCase())) {
      throw scope.refuse((alias ?? expression).at, 'MALFORMED_QUERY', `duplicate alias: ${key}`);
    }
    entries.set(key.toLowerCase(), { key, json: valueJson(value.type, value.sql) });
  }
  return [...entries.values()];
}

/** A key of text is grouped by another form than it has in its records. */
const shown = (key: Value): Sql =>
  key.facts.family === 'text' ? (aggregate('min', key.type, key.sql)?.sql ?? key.sql) : key.sql;

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
