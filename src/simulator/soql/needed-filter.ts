/** Some sobjects are too large to be read whole: a query of them has to say which records it wants. */
import type { SObjectDef } from '../schema.ts';
import { type Condition, isCall, type Soql } from './ast.ts';
import { SoqlError } from './errors.ts';

/** @throws {@link SoqlError} for a query without the filter that its sobject needs */
export function checkNeededFilter(query: Soql, def: SObjectDef): void {
  const { neededFilter } = def;
  if (!neededFilter) return;
  const fields = neededFilter.fields.map((name) => name.toLowerCase());
  const terms = query.where?.kind === 'and' ? query.where.terms : query.where ? [query.where] : [];
  if (terms.some((term) => isOnOneOf(fields, term, query))) return;
  throw new SoqlError('MALFORMED_QUERY', neededFilter.message);
}

/** `ParentId = '…'`, `ParentId IN ('…', '…')`, `ParentId IN (SELECT …)`. */
function isOnOneOf(fields: readonly string[], term: Condition, { from, alias }: Soql): boolean {
  const isChoice =
    (term.kind === 'comparison' && term.operator === '=') ||
    ((term.kind === 'membership' || term.kind === 'semi-join') && !term.isNegated);
  if (!isChoice || isCall(term.field)) return false;
  const [first, ...rest] = term.field.name.toLowerCase().split('.');
  const isPrefixed = rest.length > 0 && [from.name.toLowerCase(), alias?.toLowerCase()].includes(first);
  return fields.includes(isPrefixed ? rest.join('.') : term.field.name.toLowerCase());
}
