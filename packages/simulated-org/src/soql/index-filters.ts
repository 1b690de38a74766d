/** Which conditions of a query could use an index: what `explain` tells without running the query. */

import { type Sql, sql } from '@lockstep/foundation/sql';
import type { FieldDef } from '../schema/schema.ts';
import { type Condition, isCall, type Soql } from './ast.ts';
import { valueIn } from './call-value.ts';
import { filterSql, whereSql } from './filter.ts';
import { Scope, sobjectOf } from './scope.ts';
import { type CompileContext, Session } from './session.ts';

interface IndexFilter {
  field: FieldDef;
  /** A statement whose rows are the records that match the condition. */
  records: Sql;
}

export interface Explained {
  sobject: string;
  indexed: readonly IndexFilter[];
  /** Fields of the other conditions that every record must meet. */
  unindexed: readonly string[];
  /** All records of the sobject, and those that the query finds. */
  all: Sql;
  matching: Sql;
}

/** @throws {@link SoqlError} where the query itself would be refused */
export function explainSoql(query: Soql, context: CompileContext): Explained {
  const scope = new Scope(new Session(context), query, sobjectOf(query, context.sobjects));
  const terms = query.where?.kind === 'and' ? query.where.terms : query.where ? [query.where] : [];
  const indexed: IndexFilter[] = [];
  const unindexed: string[] = [];
  for (const term of terms) {
    const field = fieldOf(scope, term);
    if (!field) continue;
    if (!isIndexed(field) || !isSelective(term)) unindexed.push(field.name);
    else {
      const condition = filterSql(scope, term, (expression) => valueIn(scope, expression));
      indexed.push({ field, records: sql`SELECT 1 ${scope.from()} WHERE ${condition}` });
    }
  }
  const all = sql`SELECT 1 ${scope.from()}`;
  const where = whereSql(scope);
  const matching = sql`SELECT 1 ${scope.from()} ${where}`;
  return { sobject: scope.def.name, indexed, unindexed, all, matching };
}

/** A field of the record itself; null for conditions of another form. */
function fieldOf(scope: Scope, term: Condition): FieldDef | null {
  if (term.kind !== 'comparison' && term.kind !== 'membership') return null;
  if (isCall(term.field)) return null;
  const { path, field } = scope.find(term.field);
  return path.length === 0 ? field : null;
}

/** As documented: negations, patterns with a leading wildcard and null use no index. */
function isSelective(term: Condition): boolean {
  if (term.kind === 'membership') return !term.isNegated;
  if (term.kind !== 'comparison' || term.operator === '!=') return false;
  if (term.value.kind === 'null') return false;
  return term.operator !== 'like' || (term.value.kind === 'string' && !/^[%_]/.test(term.value.value));
}

const indexedNames = ['Id', 'Name', 'CreatedDate', 'SystemModstamp', 'LastModifiedDate'];

const isIndexed = (field: FieldDef): boolean =>
  indexedNames.includes(field.name) ||
  field.type === 'reference' ||
  field.externalId === true ||
  field.unique === true ||
  (field.type === 'email' && !field.custom);
