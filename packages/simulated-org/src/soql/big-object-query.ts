/**
 * What a query of a big object may contain. "Build an index query, starting from the first field defined in the
 * index, without gaps"; = and IN on any of its fields, a range on the last one only; no !=, LIKE, NOT IN, no
 * aggregates, no subqueries (Big Objects Implementation Guide, SOQL with Big Objects; LoginAsEvent, Standard SOQL
 * Usage). ORDER BY follows the index, each field in its direction. The texts for gaps, directions and aggregates are
 * recorded with their code; those for operators and for a range before the end are not.
 */
import type { SObjectDef } from '../schema/schema.ts';
import { type Condition, isCall, type Soql } from './ast.ts';
import { isFilterable } from './columns.ts';
import { SoqlError } from './errors.ts';
import { isGrouped } from './functions.ts';
import { ownField } from './own-field.ts';

const unsupported = (message: string) => new SoqlError('BIG_OBJECT_UNSUPPORTED_OPERATION', message);
const gaps = () => unsupported('Filters may not have any gaps within the composite key');

/** @throws {@link SoqlError} for a query that the big object's key cannot answer */
export function checkBigObjectQuery(query: Soql, def: SObjectDef): void {
  const { bigIndex: index } = def;
  if (!index) return;
  if (query.isCount || isGrouped(query)) throw unsupported('Aggregate functions not supported');
  const { where } = query;
  if (where) checkFilter(query, def, where.kind === 'and' ? where.terms : [where]);
  for (const [place, { expression, descending }] of query.orderBy.entries()) {
    const expected = index[place];
    const name = isCall(expression) ? undefined : ownField(query, expression);
    if (!expected || name !== expected.field.toLowerCase()) throw gaps();
    const direction = descending ? 'descending' : 'ascending';
    if (direction === expected.direction) continue;
    const column = `${name.toUpperCase()} : ${direction.toUpperCase()}`;
    throw unsupported(`Unsupported order direction on filter column: ${column}`);
  }
}

type Choice = Extract<Condition, { kind: 'comparison' | 'membership' }>;

function checkFilter(query: Soql, def: SObjectDef, terms: readonly Condition[]): void {
  const index = (def.bigIndex ?? []).map(({ field }) => field.toLowerCase());
  const places = new Map<Choice, number>();
  for (const term of terms) {
    if (!isAllowed(term)) throw unsupported('Filter operator not supported');
    const name = isCall(term.field) ? undefined : ownField(query, term.field);
    const place = index.indexOf(name ?? '');
    // A field that can never be filtered gets the usual refusal, with its position.
    if (place < 0 && isFilteredElsewhere(def, name)) throw gaps();
    if (place >= 0) places.set(term, place);
  }
  const last = Math.max(...places.values());
  const named = new Set(places.values());
  if (named.size > 0 && named.size <= last) throw gaps();
  for (const [term, place] of places)
    if (place < last && isRange(term))
      throw unsupported('Range filters are only supported on the last field');
}

const isFilteredElsewhere = (def: SObjectDef, name: string | undefined): boolean => {
  const field = def.fields.find((one) => one.name.toLowerCase() === name);
  return name === undefined || (field !== undefined && isFilterable(field));
};

const isAllowed = (term: Condition): term is Choice =>
  term.kind === 'comparison'
    ? !['!=', 'like'].includes(term.operator)
    : term.kind === 'membership' && !term.isNegated;

/** A date literal is a range by itself. */
const isRange = (term: Choice): boolean =>
  term.kind === 'comparison' && (term.operator !== '=' || term.value.kind === 'period');
