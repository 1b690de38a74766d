/**
 * What a query of custom metadata may contain. Salesforce Help (Custom Metadata Types Limitations) and the SOQL
 * reference (SOQL Object Limits) list all of it: SELECT, FROM, USING SCOPE, WHERE, ORDER BY; =, !=, <, <=, >, >=,
 * LIKE, IN, NOT IN, AND; OR only on one column with = and LIKE; ORDER BY several fields of the type itself, which
 * older editions of the page require to be selected. The Tooling API reference (SOQL Operation Limitations) adds
 * that queries of the metadata catalogue, custom metadata types included, cannot have COUNT(), GROUP BY, LIMIT,
 * OFFSET, NOT or INCLUDES. It says that LIMIT is ignored, and people use it successfully; it is refused here, so
 * that nobody relies on it. The code is recorded together with the text for COUNT(); the other texts are documented
 * without code.
 */
import type { SObjectDef } from '../schema/schema.ts';
import { type Condition, isCall, type Junction, type Soql } from './ast.ts';
import { SoqlError } from './errors.ts';
import { isGrouped } from './functions.ts';
import { ownField } from './own-field.ts';

const unsupported = (message: string) => new SoqlError('EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION', message);
const notYet = () =>
  unsupported(
    'The requested operation is not yet supported by this SObject storage type, contact salesforce.com support for more information.',
  );

/** @throws {@link SoqlError} for a query of custom metadata that Salesforce refuses */
export function checkMetadataQuery(query: Soql, def: SObjectDef): void {
  if (!def.isMetadata) return;
  if (query.isCount) throw unsupported('COUNT() query could not be processed');
  const { limit, offset, reasons } = query;
  if (isGrouped(query) || limit !== null || offset > 0 || reasons.length > 0) throw notYet();
  const selected = new Set(query.fields.flatMap((item) => selectedFields(query, def, item)));
  for (const { expression } of query.orderBy) {
    const name = isCall(expression) ? undefined : ownField(query, expression);
    if (name === undefined || !selected.has(name)) throw notYet();
  }
  if (query.where) checkCondition(query, query.where);
}

function selectedFields(query: Soql, def: SObjectDef, item: Soql['fields'][number]): string[] {
  if (item.kind === 'fields')
    return def.fields
      .filter(({ custom }) => item.which === 'all' || custom === (item.which === 'custom'))
      .map(({ name }) => name.toLowerCase());
  if (item.kind !== 'expression' || isCall(item.expression)) return [];
  const name = ownField(query, item.expression);
  return name === undefined ? [] : [name];
}

function checkCondition(query: Soql, condition: Condition): void {
  const { kind } = condition;
  if (kind === 'and') for (const term of condition.terms) checkCondition(query, term);
  if (kind === 'or' && !isChoice(query, condition)) throw unsupported('Disjunctions not supported');
  if (kind === 'not') throw notYet();
  if (kind === 'inclusion') throw unsupported('Unsupported filter type');
}

/** Matches one of several values of one field. */
function isChoice(query: Soql, { terms }: Junction): boolean {
  const names = terms.map((term) =>
    term.kind === 'comparison' && ['=', 'like'].includes(term.operator) && !isCall(term.field)
      ? ownField(query, term.field)
      : undefined,
  );
  return names.every((name) => name !== undefined && name === names[0]);
}
