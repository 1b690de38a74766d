/**
 * `Id IN (SELECT AccountId FROM Contact)` and its negation, as far as Salesforce allows them: at most two per query,
 * at the top level of WHERE, each with Ids of the same sobject on both sides, and none inside the inner query.
 */

import { unreachable } from '@lockstep/foundation/assert';
import type { Sql } from '@lockstep/foundation/sql';
import { type Condition, isCall, type Name, type SemiJoin } from './ast.ts';
import { valueIn } from './call-value.ts';
import { checkRestrictions } from './restrictions.ts';
import { type Found, Scope, sobjectOf } from './scope.ts';

const semiJoinsMax = 2;

interface SemiJoinParts {
  left: Sql;
  inner: Scope;
  column: Sql;
}

export function semiJoinParts(scope: Scope, { field, at, query }: SemiJoin): SemiJoinParts {
  const refuse = (reason: string) => scope.refuse(at, 'MALFORMED_QUERY', reason);
  const def = sobjectOf(query, scope.session.context.sobjects);
  checkRestrictions(query, def);
  if (def === scope.def) throw refuse('The inner and outer selects should not be on the same object type');
  if (query.groupBy.length > 0 || query.orderBy.length > 0 || query.limit !== null || query.offset > 0) {
    throw refuse('GROUP BY, ORDER BY, LIMIT and OFFSET are not allowed in semi join sub-selects');
  }
  const [only, ...more] = query.fields;
  if (!only || only.kind !== 'expression' || isCall(only.expression) || only.alias || more.length > 0) {
    throw refuse('A semi join sub-select can only query one field');
  }
  const inner = new Scope(scope.session, query, def, true);
  const found = inner.find(only.expression);
  if (found.path.length > 1) {
    const { name } = only.expression;
    throw refuse(`The inner select field '${name}' cannot have more than one level of relationships`);
  }
  const outerTypes = idTypes(scope, field);
  const innerTypes = idTypes(inner, only.expression);
  if (!innerTypes.some((type) => outerTypes.includes(type))) {
    throw refuse(
      `The left operand '${field.name}' and the selected field '${only.expression.name}' must be Ids of the same sObject`,
    );
  }
  return { left: valueIn(scope, field).sql, inner, column: valueIn(inner, only.expression).sql };
}

/** The sobjects whose Ids the field holds. */
function idTypes(scope: Scope, name: Name): readonly string[] {
  const found = scope.find(name);
  if (found.field.type === 'reference') return found.field.referenceTo ?? [];
  if (found.field.type === 'id') return [ownerOf(scope, found)];
  const reason = `Semi join fields must be Id or reference fields: ${found.field.name}`;
  throw scope.refuse(name.at, 'MALFORMED_QUERY', reason);
}

const ownerOf = (scope: Scope, { path }: Found): string => (path.at(-1)?.parent.def ?? scope.def).name;

/** @throws {@link SoqlError} for semi-joins in places where they are not allowed, and for too many */
export function checkSemiJoins(scope: Scope, where: Condition): void {
  const refuse = ({ at }: SemiJoin, reason: string) => scope.refuse(at, 'MALFORMED_QUERY', reason);
  const all = semiJoinsIn(where);
  const [first] = all;
  if (!first) return;
  if (scope.isInner) throw refuse(first, 'Nesting of semi join sub-selects is not supported');
  if (where.kind === 'or') {
    throw refuse(first, "Semi join sub-selects are not allowed with the 'OR' operator");
  }
  const onTop: readonly Condition[] = where.kind === 'and' ? where.terms : [where];
  const nested = all.find((join) => !onTop.includes(join));
  if (nested) {
    const reason =
      'Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.';
    throw refuse(nested, reason);
  }
  const oneTooMany = all[semiJoinsMax];
  if (oneTooMany) throw refuse(oneTooMany, `Maximum ${semiJoinsMax} semi join sub-selects are allowed`);
}

/** @throws {@link SoqlError} for a semi-join on groups */
export function refuseSemiJoins(scope: Scope, having: Condition): void {
  const [first] = semiJoinsIn(having);
  if (!first) return;
  const reason = 'Semi join sub-selects are only allowed in WHERE clauses';
  throw scope.refuse(first.at, 'MALFORMED_QUERY', reason);
}

function semiJoinsIn(condition: Condition): SemiJoin[] {
  switch (condition.kind) {
    case 'semi-join':
      return [condition];
    case 'and':
    case 'or':
      return condition.terms.flatMap(semiJoinsIn);
    case 'not':
      return semiJoinsIn(condition.term);
    case 'comparison':
    case 'inclusion':
    case 'membership':
      return [];
    default:
      return unreachable(condition);
  }
}
