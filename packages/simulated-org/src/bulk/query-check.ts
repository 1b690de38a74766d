import { refused } from '../http/errors.ts';
import type { SObjects } from '../schema/schema.ts';
import { type CompiledQuery, compileSoql, parseSoql, type SelectedColumn, tokenise } from '../soql/index.ts';
import { entityUnsupported, hasBulk, queryUnsupported } from './refusals.ts';

/** Bulk queries are restricted: what cannot be split or has no CSV form is refused when a job is created. */
interface BulkQuery {
  /** In the form in which it is stored. */
  soql: string;
  includeDeleted: boolean;
  /** As in the URL, for example '62.0'. */
  version: string;
  /** The org's time, epoch ms. */
  now: number;
  /** The user who asks. */
  userId: string;
}

export interface CompiledBulkQuery extends Omit<CompiledQuery, 'columns'> {
  columns: readonly SelectedColumn[];
}

/** Functions of one record; any other name before a parenthesis in the SELECT list is an aggregate. */
const recordFunctions = new Set(['tolabel', 'format', 'convertcurrency', 'fields']);

/** @throws {@link OrgError} or {@link SoqlError} */
export function compileBulkQuery(sobjects: SObjects, query: BulkQuery): CompiledBulkQuery {
  refuseFeatures(query.soql);
  const parsed = parseSoql(query.soql);
  const name = parsed.from.name;
  if (!hasBulk(name, sobjects.get(name.toLowerCase()))) throw entityUnsupported(name);
  if (parsed.fields.some((item) => item.kind === 'fields' && item.which !== 'standard')) {
    throw refused('MALFORMED_QUERY', unboundedFields);
  }
  const compiled = compileSoql(parsed, { sobjects, ...query });
  if (compiled.isCount || compiled.isGrouped) throw queryUnsupported(aggregates);
  const columns = compiled.columns();
  const types = columns.map(({ type }) => type);
  if (types.includes('address') || types.includes('location')) {
    throw queryUnsupported('Selecting compound data not supported in Bulk Query');
  }
  if (types.includes('base64')) {
    throw queryUnsupported('Blob field not supported in Bulk V2 Query with CSV content type');
  }
  return { ...compiled, columns };
}

const unboundedFields =
  'The SOQL FIELDS function is not supported with an unbounded set of fields in this API';
const children = 'Aggregate Relationships not supported in Bulk V2 Query with CSV content type';
const aggregates = 'Aggregate functions are not supported in Bulk V2 Query';

/** Decided by keywords alone, whatever else is wrong with the query. */
function refuseFeatures(soql: string): void {
  const tokens = tokenise(soql);
  const words = tokens.map(({ kind, text }) => (kind === 'string' ? '' : text.toLowerCase()));
  if (words[0] === undefined) throw refused('MALFORMED_QUERY', 'A query string has to be specified');
  let depth = 0;
  let isSelectList = false;
  words.forEach((word, at) => {
    const next = words[at + 1];
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    if (depth === 0 && word === 'select') isSelectList = true;
    if (depth === 0 && word === 'from') isSelectList = false;
    if (word === 'group' && next === 'by')
      throw queryUnsupported('GROUP BY is not supported in Bulk V2 Query');
    if (depth === 0 && word === 'offset' && /^\d+$/.test(next ?? ''))
      throw queryUnsupported('OFFSET is not supported in Bulk V2 Query');
    if (!isSelectList) return;
    if (word === '(' && next === 'select') throw queryUnsupported(children);
    if (word === 'typeof' && tokens[at + 1]?.kind === 'name' && next !== 'from') {
      throw queryUnsupported('TYPEOF is not supported in Bulk V2 Query');
    }
    const isCall = tokens[at]?.kind === 'name' && next === '(';
    if (isCall && !recordFunctions.has(word)) throw queryUnsupported(aggregates);
  });
}
