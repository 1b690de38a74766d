/** Some sobjects are too large to be queried in full: a query must say which records it wants. */
import type { SObjectDef } from '../schema/schema.ts';
import { type Condition, isCall, type Soql } from './ast.ts';
import { SoqlError } from './errors.ts';
import { ownField } from './own-field.ts';

/** @throws {@link SoqlError} for a query without the filter that its sobject requires, or with one that it refuses */
export function checkNeededFilter(query: Soql, def: SObjectDef): void {
  const { neededFilter } = def;
  if (!neededFilter) return;
  const fields = neededFilter.fields.map((name) => name.toLowerCase());
  const terms = query.where?.kind === 'and' ? query.where.terms : query.where ? [query.where] : [];
  if (!terms.some((term) => isOnOneOf(fields, term, query)))
    throw new SoqlError('MALFORMED_QUERY', neededFilter.message);
  const { further } = neededFilter;
  if (!further || terms.some((term) => isEqual(further.field.toLowerCase(), term, query))) return;
  if (!terms.every((term) => isOnOneOf(fields, term, query)))
    throw new SoqlError('MALFORMED_QUERY', further.message);
}

const isEqual = (field: string, term: Condition, query: Soql): boolean =>
  term.kind === 'comparison' && term.operator === '=' && isOnOneOf([field], term, query);

/** `ParentId = '…'`, `ParentId IN ('…', '…')`, `ParentId IN (SELECT …)`. */
function isOnOneOf(fields: readonly string[], term: Condition, query: Soql): boolean {
  const isChoice =
    (term.kind === 'comparison' && term.operator === '=') ||
    ((term.kind === 'membership' || term.kind === 'semi-join') && !term.isNegated);
  if (!isChoice || isCall(term.field)) return false;
  return fields.includes(ownField(query, term.field) ?? term.field.name.toLowerCase());
}
