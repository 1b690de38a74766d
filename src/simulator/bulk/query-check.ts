import { refused } from '../errors.ts';
import type { SObjects } from '../schema.ts';
import { type CompiledQuery, compileSoql, parseSoql, tokenise } from '../soql/index.ts';
import { entityUnsupported, featureUnsupported, hasBulk } from './refusals.ts';

/** A bulk query is a query with less in it: what cannot be split or has no form in CSV is refused when a job is made. */
interface BulkQuery {
  /** As it is stored. */
  soql: string;
  includeDeleted: boolean;
  /** As in the URL, for example '62.0'. */
  version: string;
  /** The org's time, epoch ms. */
  now: number;
}

/** Functions of one record; any other name before a parenthesis in the SELECT list sums up many. */
const recordFunctions = new Set(['tolabel', 'format', 'convertcurrency', 'fields']);

/** @throws {@link OrgError} or {@link SoqlError} */
export function compileBulkQuery(sobjects: SObjects, query: BulkQuery): CompiledQuery {
  refuseFeatures(query.soql);
  const parsed = parseSoql(query.soql);
  if (!hasBulk(parsed.from.name)) throw entityUnsupported(parsed.from.name);
  const compiled = compileSoql(parsed, { sobjects, ...query });
  if (compiled.isCount || compiled.isGrouped) throw featureUnsupported('Aggregate queries are');
  if (compiled.columns.length === 0) {
    const reason = "a bulk query of parents' fields is not supported by this simulated org";
    throw refused('MALFORMED_QUERY', reason);
  }
  if (compiled.columns.some(({ type }) => type === 'address' || type === 'location')) {
    throw featureUnsupported('Selecting compound data');
  }
  return compiled;
}

/** By the words alone, whatever else is wrong with the query. */
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
    if (word === 'group' && next === 'by') throw featureUnsupported('GROUP BY is');
    if (depth === 0 && word === 'offset' && /^\d+$/.test(next ?? '')) throw featureUnsupported('OFFSET is');
    if (!isSelectList) return;
    if (word === '(' && next === 'select') throw featureUnsupported('Aggregate Relationships are');
    if (word === 'typeof' && tokens[at + 1]?.kind === 'name' && next !== 'from') {
      throw featureUnsupported('TYPEOF is');
    }
    const isCall = tokens[at]?.kind === 'name' && next === '(';
    if (isCall && !recordFunctions.has(word)) throw featureUnsupported('Aggregate queries are');
  });
}
