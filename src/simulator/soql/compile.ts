/** A parsed query as SQL on the org's tables: names looked up, the filter, the order, the record's JSON. */
import { ident, type Sql, sql } from '../../lib/sql.ts';
import type { FieldDef, FieldType, SObjectDef } from '../schema.ts';
import type { Name, Soql, SortKey } from './ast.ts';
import { columnOf, factsOf, isSortable, lowered } from './columns.ts';
import { errorAt, SoqlError } from './errors.ts';
import { filterSql, type Scope } from './filter.ts';
import { joined, verbatim } from './fragments.ts';
import { recordJson } from './record-json.ts';

export interface CompileContext {
  /** By lower-case API name. */
  sobjects: ReadonlyMap<string, SObjectDef>;
  /** True for queryAll. */
  includeDeleted: boolean;
  /** As in the URL, for example '62.0'. */
  version: string;
  /** The org's time, epoch ms. */
  now: number;
}

export interface CompiledQuery {
  sobject: string;
  /** One row with the column `count`: the records that match, LIMIT and OFFSET applied. */
  count: Sql;
  /** All records as rows with one text column `json`, in a total order. Has no LIMIT at its end. */
  rows: Sql;
  /** `count` of these rows from `offset` on; skipped records are not turned into JSON. */
  page: (offset: number, count: number) => Sql;
  isCount: boolean;
  limit: number | null;
  /** What is selected, in the query's order. Empty for `SELECT COUNT()`. */
  columns: readonly SelectedColumn[];
  /** All records as another projection of their row `r`, ordered only where the query itself orders them. */
  select: (projection: Sql) => Sql;
}

/** A selected field, its value as SQL over the row `r` of `select`. */
export interface SelectedColumn {
  name: string;
  type: FieldType;
  value: Sql;
}

/** @throws {@link SoqlError} for names that the org does not have and for what the fields' types rule out */
export function compileSoql(query: Soql, context: CompileContext): CompiledQuery {
  const def = context.sobjects.get(query.from.name.toLowerCase());
  if (!def) throw unknownSObject(query);
  const scope = scopeOf(query, def);
  const fields = selectedFields(scope, query.fields);
  const from = sql`FROM ${ident('org', def.name)} r ${whereSql(scope, query, def, context)}`;
  const order = orderSql(scope, query, def);

  const json = query.isCount ? sql`NULL::text` : recordJson(def, fields, context.version);
  // JSON is made outside the ordered subquery: only for the rows that get through its LIMIT.
  const rows = (window: Sql): Sql =>
    query.isCount
      ? sql`SELECT ${json} AS json WHERE FALSE`
      : sql`SELECT ${json} AS json FROM (SELECT r.* ${from} ${order} ${window}) r`;
  const isWindowed = query.limit !== null || query.offset > 0;
  const window = isWindowed ? windowSql(query.offset, query.limit) : sql``;
  return {
    sobject: def.name,
    count: isWindowed
      ? sql`SELECT count(*) AS count FROM (SELECT 1 ${from} ${window}) r`
      : sql`SELECT count(*) AS count ${from}`,
    rows: rows(window),
    page: (offset, count) => {
      const left = query.limit === null ? count : Math.min(count, Math.max(0, query.limit - offset));
      return rows(windowSql(query.offset + offset, left));
    },
    isCount: query.isCount,
    limit: query.limit,
    columns: fields.map((field) => ({ name: field.name, type: field.type, value: columnOf(field) })),
    select: (projection) =>
      sql`SELECT ${projection} FROM (SELECT r.* ${from} ${query.orderBy.length > 0 ? order : sql``} ${window}) r`,
  };
}

const windowSql = (offset: number, limit: number | null): Sql =>
  sql`LIMIT ${limit}::bigint OFFSET ${offset}::bigint`;

function selectedFields(scope: Scope, names: readonly Name[]): FieldDef[] {
  const selected = new Set<FieldDef>();
  for (const name of names) {
    const field = scope.field(name);
    if (selected.has(field)) {
      throw new SoqlError('MALFORMED_QUERY', `duplicate field selected: ${field.name}`);
    }
    selected.add(field);
  }
  return [...selected];
}

function whereSql(scope: Scope, query: Soql, def: SObjectDef, context: CompileContext): Sql {
  const terms = query.where ? [filterSql(scope, query.where)] : [];
  const hidesDeleted = !context.includeDeleted && !query.allRows;
  if (hidesDeleted && def.fields.some(({ name }) => name === 'IsDeleted')) {
    terms.push(sql`r."IsDeleted" = false`);
  }
  return terms.length > 0 ? sql`WHERE ${joined(terms, ' AND ')}` : sql``;
}

/** Ends with the Id, so that pages of the same query never overlap. */
function orderSql(scope: Scope, query: Soql, def: SObjectDef): Sql {
  if (query.isCount && query.orderBy[0]) {
    const { name, at } = query.orderBy[0];
    throw errorAt(query.text, at, 'MALFORMED_QUERY', `Ordered field must be grouped or aggregated: ${name}`);
  }
  const keys = query.orderBy.map((key) => sortKeySql(scope, key));
  const id = def.fields.find(({ type }) => type === 'id');
  if (id && !query.orderBy.some((key) => scope.field(key) === id)) keys.push(columnOf(id));
  return keys.length > 0 ? sql`ORDER BY ${joined(keys, ', ')}` : sql``;
}

/** An index is read in order only where its place of nulls agrees, so a field without nulls says nothing of them. */
function sortKeySql(scope: Scope, key: SortKey): Sql {
  const field = scope.field(key);
  if (!isSortable(field)) {
    const reason = `field '${field.name}' can not be sorted in a query call`;
    throw errorAt(scope.query, key.at, 'INVALID_FIELD', reason);
  }
  const value = factsOf(field).family === 'text' ? lowered(columnOf(field)) : columnOf(field);
  const nulls = field.nillable ? (key.nullsLast ? ' NULLS LAST' : ' NULLS FIRST') : '';
  return sql`${value}${verbatim((key.descending ? ' DESC' : '') + nulls)}`;
}

function scopeOf(query: Soql, def: SObjectDef): Scope {
  const fields = new Map(def.fields.map((field) => [field.name.toLowerCase(), field]));
  const ownPrefixes = new Set([def.name.toLowerCase(), query.alias?.toLowerCase()]);
  return {
    query: query.text,
    field: ({ name, at }) => {
      const [first = '', ...rest] = name.toLowerCase().split('.');
      const isPrefixed = rest.length > 0 && ownPrefixes.has(first);
      const path = isPrefixed ? rest : [first, ...rest];
      const field = path.length === 1 ? fields.get(path[0] ?? '') : undefined;
      if (field) return field;
      const written = name.split('.').slice(isPrefixed ? 1 : 0);
      throw unknownField(query, def, written, at);
    },
  };
}

function unknownField(query: Soql, def: SObjectDef, path: readonly string[], at: number): SoqlError {
  const [first = ''] = path;
  if (path.length === 1) {
    const reason = `No such column '${first}' on entity '${def.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. ${seeDescribe}`;
    return errorAt(query.text, at, 'INVALID_FIELD', reason);
  }
  const isRelationship = def.fields.some(
    ({ relationshipName }) => relationshipName?.toLowerCase() === first.toLowerCase(),
  );
  if (isRelationship) {
    const reason = `The parent field ${path.join('.')} is not supported by this simulated org`;
    return errorAt(query.text, at, 'MALFORMED_QUERY', reason);
  }
  const reason = `Didn't understand relationship '${first}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. ${seeDescribe}`;
  return errorAt(query.text, at, 'INVALID_FIELD', reason);
}

const seeDescribe = 'Please reference your WSDL or the describe call for the appropriate names.';

function unknownSObject({ text, from }: Soql): SoqlError {
  const reason = `sObject type '${from.name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. ${seeDescribe}`;
  return errorAt(text, from.at, 'INVALID_TYPE', reason);
}
