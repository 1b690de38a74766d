/**
 * WHERE as SQL over the row `r`.
 *
 * SOQL knows two truth values: a comparison with an empty field is false, `!=` and NOT IN are true for it, and NOT
 * turns either around. Fragments here may be NULL where SOQL says false; every NOT therefore reads IS NOT TRUE. So
 * the plain comparisons stay plain and can use an index.
 */
import { unreachable } from '../../lib/assert.ts';
import { type Sql, sql } from '../../lib/sql.ts';
import type { FieldDef } from '../schema.ts';
import type {
  Comparison,
  ComparisonOperator,
  Condition,
  Junction,
  Literal,
  Membership,
  Name,
} from './ast.ts';
import { columnOf, factsOf, isFilterable, lowered } from './columns.ts';
import { errorAt, type SoqlError, type SoqlErrorCode } from './errors.ts';
import { joined, verbatim } from './fragments.ts';
import { to18 } from './record-id.ts';

/** Looks names up, and says where in the query a fault is. */
export interface Scope {
  query: string;
  field: (name: Name) => FieldDef;
}

/** @throws {@link SoqlError} for unknown and unfilterable fields, and for constants of the wrong type */
export function filterSql(scope: Scope, condition: Condition): Sql {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const keyset = keysetSql(scope, condition);
      if (keyset) return keyset;
      const terms = condition.terms.map((term) => filterSql(scope, term));
      return sql`(${joined(terms, condition.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return sql`((${filterSql(scope, condition.term)}) IS NOT TRUE)`;
    case 'comparison':
      return comparisonSql(scope, condition);
    case 'membership':
      return membershipSql(scope, condition);
    default:
      return unreachable(condition);
  }
}

/**
 * `(stamp = s AND Id > x) OR stamp > s`, the next page in the order of (stamp, Id), as the row comparison
 * `(stamp, Id) > (s, x)`: only that form reads an index from the right place.
 */
function keysetSql(scope: Scope, { kind, terms }: Junction): Sql | null {
  if (kind !== 'or' || terms.length !== 2) return null;
  const later = terms.find((term) => isComparison(term, '>'));
  const same = terms.find(isConjunction);
  if (!later || !same || same.terms.length !== 2) return null;
  const equal = same.terms.find((term) => isComparison(term, '='));
  const above = same.terms.find((term) => isComparison(term, '>'));
  if (!equal || !above) return null;

  const stamp = scope.field(later.field);
  const id = scope.field(above.field);
  if (stamp.type !== 'datetime' || id.type !== 'id' || stamp !== scope.field(equal.field)) return null;
  if (later.value.kind !== 'datetime' || equal.value.kind !== 'datetime' || isEmpty(above.value)) return null;
  if (later.value.value !== equal.value.value) return null;
  const [stampValue, idValue] = [operand(scope, later, later.value), operand(scope, above, above.value)];
  return sql`((${columnOf(stamp)}, ${columnOf(id)}) > (${stampValue}::timestamptz, ${idValue}::text))`;
}

const isConjunction = (term: Condition): term is Junction => term.kind === 'and';

const isComparison = (term: Condition, operator: ComparisonOperator): term is Comparison =>
  term.kind === 'comparison' && term.operator === operator;

function comparisonSql(scope: Scope, comparison: Comparison): Sql {
  const { operator, value } = comparison;
  const field = filterableField(scope, comparison.field);
  const { family, sqlType } = factsOf(field);
  const isOrdering = operator !== '=' && operator !== '!=';
  if ((operator === 'like' && family !== 'text') || (isOrdering && family === 'boolean')) {
    const reason = `invalid operator on ${factsOf(field).soapName.toLowerCase()} field`;
    throw refuse(scope, comparison.field, 'INVALID_FIELD', reason);
  }

  if (isEmpty(value) && operator !== 'like') {
    if (isOrdering) return sql`FALSE`;
    return operator === '=' ? sql`${columnOf(field)} IS NULL` : sql`${columnOf(field)} IS NOT NULL`;
  }
  if (operator === 'like') {
    if (value.kind === 'null') return sql`FALSE`;
    operand(scope, comparison, value);
    const pattern = value.kind === 'string' ? value.pattern.toLowerCase() : '';
    return sql`${lowered(columnOf(field))} LIKE ${pattern}::text`;
  }
  const right = sql`${operand(scope, comparison, value)}::${verbatim(sqlTypeOfConstant(sqlType))}`;
  const left = comparable(field);
  if (operator === '!=') return sql`${left} IS DISTINCT FROM ${right}`;
  return sql`${left} ${verbatim(operator)} ${right}`;
}

function membershipSql(scope: Scope, membership: Membership): Sql {
  const field = filterableField(scope, membership.field);
  const filled = membership.values.filter((value) => !isEmpty(value));
  const operands = filled.map((value) => operand(scope, membership, value));
  const type = verbatim(sqlTypeOfConstant(factsOf(field).sqlType));
  const isAmong = sql`${comparable(field)} = ANY (${operands}::${type}[])`;
  const column = columnOf(field);
  if (filled.length === membership.values.length) {
    return membership.isNegated ? sql`((${isAmong}) IS NOT TRUE)` : isAmong;
  }
  return membership.isNegated
    ? sql`(${column} IS NOT NULL AND (${isAmong}) IS NOT TRUE)`
    : sql`(${column} IS NULL OR ${isAmong})`;
}

function filterableField(scope: Scope, name: Name): FieldDef {
  const field = scope.field(name);
  if (isFilterable(field)) return field;
  throw refuse(scope, name, 'INVALID_FIELD', `field '${field.name}' can not be filtered in a query call`);
}

/** Text is compared without regard to case, Ids with it. */
const comparable = (field: FieldDef): Sql =>
  factsOf(field).family === 'text' ? lowered(columnOf(field)) : columnOf(field);

/** A whole-number column may be compared with 1.5 or with a number that it cannot hold. */
const sqlTypeOfConstant = (sqlType: string): string =>
  sqlType === 'integer' || sqlType === 'bigint' ? 'numeric' : sqlType;

/** Salesforce stores no empty text, so '' means the same as null. */
const isEmpty = (value: Literal): boolean =>
  value.kind === 'null' || (value.kind === 'string' && value.value === '');

/** The constant as a parameter's value, once it is of the field's type. */
function operand(scope: Scope, { field: name }: { field: Name }, value: Literal): string | boolean {
  const field = scope.field(name);
  const { family, soapName } = factsOf(field);
  if (family === 'id' && value.kind === 'string') {
    const id = to18(value.value);
    if (id) return id;
    throw refuse(scope, name, 'INVALID_QUERY_FILTER_OPERATOR', `invalid ID field: ${value.value}`);
  }
  if (family === 'text' && value.kind === 'string') return value.value.toLowerCase();
  if (value.kind === family) return value.value;
  const quotes = family === 'text' || family === 'id' ? 'should be enclosed' : 'should not be enclosed';
  const reason = `value of filter criterion for field '${field.name}' must be of type ${soapName} and ${quotes} in quotes`;
  throw refuse(scope, name, 'INVALID_FIELD', reason);
}

const refuse = (scope: Scope, name: Name, code: SoqlErrorCode, reason: string): SoqlError =>
  errorAt(scope.query, name.at, code, reason);
