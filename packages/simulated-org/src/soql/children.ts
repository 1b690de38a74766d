/**
 * The children in a record: a subquery's result, formatted like the query's own result.
 *
 * Like the records, they are rows of the answer's batch, so each begins with a mark by which rows are counted. One
 * result has at most a batch less one row, for the record that contains it. Recorded results of 1,200 and 257
 * children were cut after 499 and 199, with their own `nextRecordsUrl`; that is one row less than a batch of 500 or
 * 200. How Salesforce shares a batch between several results of one record is not documented.
 */
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import type { Soql } from './ast.ts';
import { orderSql, windowSql } from './clauses.ts';
import { columnOf } from './columns.ts';
import { whereSql } from './filter.ts';
import { verbatim } from './fragments.ts';
import { isGrouped } from './functions.ts';
import { concat } from './record-json.ts';
import { childrenNamed } from './relationships.ts';
import { Scope } from './scope.ts';

/** A subquery's position among the query's fields, preceded by that of the subquery it is in. */
export type Place = readonly number[];

/**
 * Characters that JSON text never contains unescaped. Where a cut result names its next page, its place, its record
 * and the Ids of the children shown are written between two `cut` characters.
 */
const child = '\u0002';
const cut = '\u0001';
const cutMark = new RegExp(`${cut}([\\d.]+):(\\w+):(\\w*)${cut}`, 'g');

/** The rows that a record's JSON text counts as: itself and all children in it. */
export const rowsIn = (json: string): number => (json.includes(child) ? json.split(child).length : 1);

export interface CutResult {
  place: Place;
  parentId: string;
  /** Ids of the children that it contains. */
  shown: readonly string[];
}

/** The JSON to send, with the URL of each cut result. */
export async function withUrls(json: string, urlOf: (result: CutResult) => Promise<string>): Promise<string> {
  if (!json.includes(child)) return json;
  let served = '';
  let from = 0;
  for (const mark of json.matchAll(cutMark)) {
    const [text, place = '', parentId = '', ids = ''] = mark;
    const shown = ids.match(/.{18}/g) ?? [];
    const result = { place: place.split('.').map(Number), parentId, shown };
    served += json.slice(from, mark.index) + (await urlOf(result));
    from = mark.index + text.length;
  }
  return (served + json.slice(from)).replaceAll(child, '');
}

/** The query's own records are the first level. */
const levelsOf = (version: string): number => (Number(version) >= 58 ? 5 : 2);

interface ChildScope {
  scope: Scope;
  /** The condition that selects one record's children. */
  belongs: Sql;
}

/** @throws {@link SoqlError} if no child relationship has this name */
export function childScope(parent: Scope, query: Soql, parentId: Sql): ChildScope {
  const { name, at } = query.from;
  const children = childrenNamed(parent.session.context.sobjects, parent.def, name);
  if (!children) throw parent.unknownRelationship(name, at);
  const scope = new Scope(parent.session, query, children.def);
  return { scope, belongs: sql`${columnOf(children.reference, scope.row)} = ${parentId}` };
}

/**
 * Null if there are no children.
 *
 * @param selectedJson  formats one child, including its own children
 */
export function childrenJson(
  parent: Scope,
  query: Soql,
  place: Place,
  selectedJson: (scope: Scope, place: Place) => Sql,
): Sql {
  refuse(parent, query, place);
  const { scope, belongs } = childScope(parent, query, ident(parent.row, 'Id'));
  const where = whereSql(scope, [belongs]);
  const order = orderSql(scope);
  const row = ident(scope.row);
  const from = scope.from();
  const shownMax = parent.session.batchRows - 1;
  const found = (limit: number | null) => sql`${from} ${where} ${order} ${windowSql(query.offset, limit)}`;
  const shown = found(Math.min(query.limit ?? shownMax, shownMax));
  const records = sql`SELECT chr(2) || ${selectedJson(scope, place)} AS json, ${row}."Id" AS id FROM (SELECT ${row}.* ${shown}) ${row}`;
  const total = sql`(SELECT count(*) FROM (SELECT 1 ${found(query.limit)}) r)`;
  const whole = concat([
    verbatim(`'{"totalSize":'`),
    sql`count(*)`,
    verbatim(`',"done":true,"records":['`),
    sql`string_agg(json, ',')`,
    verbatim(`']}'`),
  ]);
  const begun = concat([
    verbatim(`'{"totalSize":'`),
    total,
    verbatim(`',"done":false,"nextRecordsUrl":"' || chr(1) || '${place.join('.')}:'`),
    ident(parent.row, 'Id'),
    verbatim(`':'`),
    sql`string_agg(id, '')`,
    verbatim(`chr(1) || '","records":['`),
    sql`string_agg(json, ',')`,
    verbatim(`']}'`),
  ]);
  // Whether more follow is only checked if the result is full.
  const hasMore = sql`count(*) = ${shownMax} AND ${total} > ${shownMax}`;
  const isLimited = query.limit !== null && query.limit <= shownMax;
  const result = isLimited ? whole : sql`CASE WHEN ${hasMore} THEN ${begun} ELSE ${whole} END`;
  return sql`(SELECT CASE count(*) WHEN 0 THEN 'null' ELSE ${result} END FROM (${records}) children)`;
}

function refuse(parent: Scope, query: Soql, place: Place): void {
  const { session } = parent;
  const { at } = query.from;
  session.countChildren(query.text, at);
  const levels = levelsOf(session.context.version);
  if (place.length >= levels) {
    const away = levels === 2 ? '1 level' : `${levels - 1} levels`;
    const reason = `SOQL statements cannot query aggregate relationships more than ${away} away from the root entity object.`;
    throw parent.refuse(at, 'MALFORMED_QUERY', reason);
  }
  if (!query.isCount && !isGrouped(query)) return;
  const reason = 'Aggregates and GROUP BY are not allowed in a subquery of SELECT';
  throw parent.refuse(at, 'MALFORMED_QUERY', reason);
}
