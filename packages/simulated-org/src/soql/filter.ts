/**
 * WHERE and HAVING as SQL.
 *
 * SOQL has two truth values: a comparison with an empty field is false, `!=` and NOT IN are true for it, and NOT
 * inverts either. Fragments here may be NULL where SOQL says false, so every NOT is written as IS NOT TRUE. This
 * keeps the plain comparisons plain, and they can use an index.
 */

import { unreachable } from '@lockstep/foundation/assert';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { fieldNamed } from '../schema/schema.ts';
import { parseId } from '../write/ids.ts';
import {
  type Comparison,
  type ComparisonOperator,
  type Condition,
  type Expression,
  type Inclusion,
  isCall,
  type Junction,
  type Literal,
  type Membership,
  type Period,
} from './ast.ts';
import { valueIn } from './call-value.ts';
import { caseFolded, columnOf } from './columns.ts';
import { orgCurrency } from './display.ts';
import { joined, verbatim } from './fragments.ts';
import { isOfGroup } from './functions.ts';
import { daysOf } from './periods.ts';
import { comparable, type Scope, type Value } from './scope.ts';
import { checkSemiJoins, semiJoinParts } from './semi-join.ts';

/** What a condition refers to: a record, or a group of records with a value for each of its keys. */
export type Lookup = (expression: Expression) => Value;

/** The WHERE clause; deleted and archived records are hidden unless the query or the request includes them. */
export function whereSql(scope: Scope, extra: readonly Sql[] = []): Sql {
  const { query, def, session, row } = scope;
  if (query.where) checkSemiJoins(scope, query.where);
  const lookup: Lookup = (expression) => {
    if (!isCall(expression) || !isOfGroup(expression)) return valueIn(scope, expression);
    throw scope.refuse(expression.at, 'MALFORMED_QUERY', 'Aggregate functions are not allowed in WHERE');
  };
  const terms = [...extra, ...scopeSql(scope)];
  if (query.where) terms.push(filterSql(scope, query.where, lookup));
  if (!session.context.includeDeleted) {
    if (fieldNamed(def, 'IsDeleted')) terms.push(sql`${ident(row, 'IsDeleted')} = false`);
    if (def.archivable) terms.push(sql`${ident(row, 'IsArchived')} = false`);
  }
  return terms.length > 0 ? sql`WHERE ${joined(terms, ' AND ')}` : sql``;
}

/** USING SCOPE. An sobject's describe lists its scopes; the text of the refusal is not documented. */
function scopeSql(scope: Scope): Sql[] {
  const { query, def, row, session } = scope;
  if (!query.scope) return [];
  const name = query.scope.name.toLowerCase();
  if (name === 'everything') return [];
  const owner = fieldNamed(def, 'OwnerId');
  if (name === 'mine' && owner) {
    const { userId } = session.context;
    return [userId === undefined ? sql`FALSE` : sql`${columnOf(owner, row)} = ${userId}`];
  }
  const reason = `the scope '${query.scope.name}' is not supported for entity '${def.name}'`;
  throw scope.refuse(query.scope.at, 'MALFORMED_QUERY', reason);
}

/** @throws {@link SoqlError} for unknown and unfilterable fields, and for constants of the wrong type */
export function filterSql(scope: Scope, condition: Condition, lookup: Lookup): Sql {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const keyset = keysetSql(scope, condition, lookup);
      if (keyset) return keyset;
      const terms = condition.terms.map((term) => filterSql(scope, term, lookup));
      return sql`(${joined(terms, condition.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return sql`((${filterSql(scope, condition.term, lookup)}) IS NOT TRUE)`;
    case 'comparison':
      return comparisonSql(scope, condition, lookup);
    case 'membership':
      return membershipSql(scope, condition, lookup);
    case 'inclusion':
      return inclusionSql(scope, condition, lookup);
    case 'semi-join': {
      const { left, inner, column } = semiJoinParts(scope, condition);
      const where = whereSql(inner, [sql`${column} IS NOT NULL`]);
      const isAmong = sql`${left} IN (SELECT ${column} ${inner.from()} ${where})`;
      return condition.isNegated ? sql`((${isAmong}) IS NOT TRUE)` : isAmong;
    }
    default:
      return unreachable(condition);
  }
}

/**
 * Turns `(stamp = s AND Id > x) OR stamp > s`, the next page in the order of (stamp, Id), into the row comparison
 * `(stamp, Id) > (s, x)`: only that form starts an index scan at the right position.
 */
function keysetSql(scope: Scope, { kind, terms }: Junction, lookup: Lookup): Sql | null {
  if (kind !== 'or' || terms.length !== 2) return null;
  const later = terms.find((term) => isComparison(term, '>'));
  const same = terms.find(isConjunction);
  if (!later || !same || same.terms.length !== 2) return null;
  const equal = same.terms.find((term) => isComparison(term, '='));
  const above = same.terms.find((term) => isComparison(term, '>'));
  if (!equal || !above) return null;

  const [stamp, id] = [lookup(later.field), lookup(above.field)];
  const isOwn = stamp.field?.type === 'datetime' && id.field?.type === 'id';
  if (!isOwn || stamp.field !== lookup(equal.field).field) return null;
  if (later.value.kind !== 'datetime' || equal.value.kind !== 'datetime') return null;
  if (above.value.kind === 'period' || isEmpty(above.value)) return null;
  if (later.value.value !== equal.value.value) return null;
  const [stampValue, idValue] = [operand(scope, stamp, later.value), operand(scope, id, above.value)];
  return sql`((${stamp.sql}, ${id.sql}) > (${stampValue}::timestamptz, ${idValue}::text))`;
}

const isConjunction = (term: Condition): term is Junction => term.kind === 'and';

const isComparison = (term: Condition, operator: ComparisonOperator): term is Comparison =>
  term.kind === 'comparison' && term.operator === operator;

function comparisonSql(scope: Scope, { field, operator, value }: Comparison, lookup: Lookup): Sql {
  const left = filterable(scope, lookup(field));
  const { family, sqlType } = left.facts;
  const isOrdering = operator !== '=' && operator !== '!=';
  const isUnfit = (operator === 'like' && family !== 'text') || (isOrdering && family === 'boolean');
  if (isUnfit || left.operators?.includes(operator) === false) {
    throw invalidOperator(scope, left);
  }
  if (value.kind === 'period') return periodSql(scope, left, operator, value);
  if (isEmpty(value) && operator !== 'like') {
    if (isOrdering) return sql`FALSE`;
    return operator === '=' ? sql`${left.sql} IS NULL` : sql`${left.sql} IS NOT NULL`;
  }
  if (operator === 'like') {
    if (value.kind === 'null') return sql`FALSE`;
    operand(scope, left, value);
    const pattern = value.kind === 'string' ? value.pattern.toLowerCase() : '';
    return sql`${caseFolded(left.sql)} LIKE ${pattern}::text`;
  }
  const right = sql`${operand(scope, left, value)}::${verbatim(sqlTypeOfConstant(sqlType))}`;
  if (operator === '!=') return sql`${comparable(left)} IS DISTINCT FROM ${right}`;
  return sql`${comparable(left)} ${verbatim(operator)} ${right}`;
}

/** A period is compared as days: later begins at its end, earlier ends before its first day. */
function periodSql(scope: Scope, left: Value, operator: ComparisonOperator, period: Period): Sql {
  const { family, sqlType } = left.facts;
  if (family !== 'date' && family !== 'datetime') throw wrongType(scope, left);
  const days = daysOf(period, scope.session.context.now);
  const zone = family === 'datetime' ? 'T00:00:00Z' : '';
  const from = sql`${days.from + zone}::${verbatim(sqlType)}`;
  const to = sql`${days.to + zone}::${verbatim(sqlType)}`;
  switch (operator) {
    case '=':
      return sql`(${left.sql} >= ${from} AND ${left.sql} < ${to})`;
    case '!=':
      return sql`((${left.sql} >= ${from} AND ${left.sql} < ${to}) IS NOT TRUE)`;
    case '<':
      return sql`${left.sql} < ${from}`;
    case '<=':
      return sql`${left.sql} < ${to}`;
    case '>':
      return sql`${left.sql} >= ${to}`;
    case '>=':
      return sql`${left.sql} >= ${from}`;
    case 'like':
      throw invalidOperator(scope, left);
    default:
      return unreachable(operator);
  }
}

function membershipSql(scope: Scope, membership: Membership, lookup: Lookup): Sql {
  const left = filterable(scope, lookup(membership.field));
  if (left.operators) throw invalidOperator(scope, left);
  const constants = membership.values.filter((value) => value.kind !== 'period');
  const filled = constants.filter((value) => !isEmpty(value));
  const operands = filled.map((value) => operand(scope, left, value));
  const type = verbatim(sqlTypeOfConstant(left.facts.sqlType));
  const isConstant = sql`${comparable(left)} = ANY (${operands}::${type}[])`;
  const periods = membership.values.filter((value) => value.kind === 'period');
  const within = periods.map((period) => periodSql(scope, left, '=', period));
  const isAmong = within.length === 0 ? isConstant : sql`(${joined([isConstant, ...within], ' OR ')})`;
  if (filled.length === constants.length) {
    return membership.isNegated ? sql`((${isAmong}) IS NOT TRUE)` : isAmong;
  }
  return membership.isNegated
    ? sql`(${left.sql} IS NOT NULL AND (${isAmong}) IS NOT TRUE)`
    : sql`(${left.sql} IS NULL OR ${isAmong})`;
}

/** Entries match case-insensitively; EXCLUDES is also true for a record without any. */
function inclusionSql(scope: Scope, { field, isNegated, values }: Inclusion, lookup: Lookup): Sql {
  const left = filterable(scope, lookup(field));
  if (left.type !== 'multipicklist') throw invalidOperator(scope, left);
  const chosen = sql`string_to_array(${caseFolded(left.sql)}, ';')`;
  const terms = values.map((value) => {
    if (isEmpty(value)) return sql`${left.sql} IS NULL`;
    const entries = String(operand(scope, left, value))
      .split(';')
      .map((entry) => entry.trim());
    return sql`${chosen} @> ${entries.filter((entry) => entry !== '')}::text[]`;
  });
  const includes = sql`(${joined(terms, ' OR ')})`;
  return isNegated ? sql`(${includes} IS NOT TRUE)` : includes;
}

function filterable(scope: Scope, value: Value): Value {
  if (value.isFilterable) return value;
  const reason = `field '${value.name}' can not be filtered in a query call`;
  throw scope.refuse(value.at, 'INVALID_FIELD', reason);
}

/** A whole-number column may be compared with 1.5 or with a number out of its range. */
const sqlTypeOfConstant = (sqlType: string): string =>
  sqlType === 'integer' || sqlType === 'bigint' ? 'numeric' : sqlType;

/** Salesforce stores no empty text, so '' means the same as null. */
const isEmpty = (value: Literal): boolean =>
  value.kind === 'null' || (value.kind === 'string' && value.value === '');

/** The constant as a parameter's value, once it has the type of the left side. */
function operand(scope: Scope, left: Value, value: Literal): string | boolean {
  const { family } = left.facts;
  if (family === 'id' && value.kind === 'string') {
    const id = parseId(value.value);
    if (id) return id;
    throw scope.refuse(left.at, 'INVALID_QUERY_FILTER_OPERATOR', `invalid ID field: ${value.value}`);
  }
  if (family === 'text' && value.kind === 'string') return value.value.toLowerCase();
  if (value.kind === 'currency' && left.type === 'currency') return amount(scope, left, value);
  if (value.kind === family) return value.value;
  throw wrongType(scope, left);
}

/** An org with one currency knows no other. The text of the refusal is not documented. */
function amount(scope: Scope, left: Value, { code, value }: Extract<Literal, { kind: 'currency' }>): string {
  if (code === orgCurrency) return value;
  throw scope.refuse(left.at, 'INVALID_FIELD', `Invalid currency ISO code: ${code}`);
}

function wrongType(scope: Scope, { facts, name, at }: Value) {
  const { family, soapName } = facts;
  const quotes = family === 'text' || family === 'id' ? 'should be enclosed' : 'should not be enclosed';
  const reason = `value of filter criterion for field '${name}' must be of type ${soapName} and ${quotes} in quotes`;
  return scope.refuse(at, 'INVALID_FIELD', reason);
}

const invalidOperator = (scope: Scope, { facts, at }: Value) =>
  scope.refuse(at, 'INVALID_FIELD', `invalid operator on ${facts.soapName.toLowerCase()} field`);
