/** ORDER BY, LIMIT and OFFSET as SQL. */

import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { isCall, type SortKey } from './ast.ts';
import { valueIn } from './call-value.ts';
import { joined, verbatim } from './fragments.ts';
import { comparable, type Scope, type Value } from './scope.ts';

export const windowSql = (offset: number, limit: number | null): Sql =>
  limit === null && offset === 0 ? sql`` : sql`LIMIT ${limit}::bigint OFFSET ${offset}::bigint`;

/** Ends with the Id that the org keeps, so that pages of the same query never overlap. */
export function orderSql(scope: Scope): Sql {
  const { orderBy } = scope.query;
  const values = orderBy.map(({ expression }) => {
    if (!isCall(expression) || expression.call === 'distance') return valueIn(scope, expression);
    const reason = `Ordered field must be grouped or aggregated: ${expression.field.name}`;
    throw scope.refuse(expression.at, 'MALFORMED_QUERY', reason);
  });
  const keys = values.map((value, index) => sortKeySql(scope, value, orderBy[index]));
  const id = scope.def.fields.find(({ type }) => type === 'id');
  const isTotal = id?.shown === undefined && values.some(({ field }) => field === id);
  if (id && !isTotal) keys.push(ident(scope.row, id.name));
  return keys.length > 0 ? sql`ORDER BY ${joined(keys, ', ')}` : sql``;
}

/** An index is only read in order if NULLS FIRST or LAST matches it, so a value that is never null gets neither. */
export function sortKeySql(scope: Scope, value: Value, key: SortKey | undefined): Sql {
  if (!value.isSortable) {
    const reason = `field '${value.name}' can not be sorted in a query call`;
    throw scope.refuse(value.at, 'INVALID_FIELD', reason);
  }
  const nulls = value.isNillable ? (key?.nullsLast ? ' NULLS LAST' : ' NULLS FIRST') : '';
  return sql`${comparable(value)}${verbatim((key?.descending ? ' DESC' : '') + nulls)}`;
}
