/**
 * Resolves the names in one query: fields of its sobject and of its records' parents. Each parent that a filter, an
 * order or a group names is joined once.
 */
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { relationshipNamed } from '../schema/relationships.ts';
import { type FieldDef, fieldNamed, isComputed, type SObjectDef } from '../schema/schema.ts';
import { recordsOf } from '../schema/storage.ts';
import { type ComparisonOperator, type Name, type Soql } from './ast.ts';
import {
  caseFolded,
  columnOf,
  factsOf,
  isFilterable,
  isGroupable,
  isSortable,
  type TypeFacts,
} from './columns.ts';
import { errorAt, SoqlError, type SoqlErrorCode } from './errors.ts';
import { joined } from './fragments.ts';
import { type Parent, parentOf } from './relationships.ts';
import type { Session } from './session.ts';

const levelsMax = 5;

/** A field at the end of a resolved path. */
export interface Found {
  /** From the query's own record on. Empty for its own fields. */
  path: readonly Step[];
  field: FieldDef;
}

export interface Step {
  reference: FieldDef;
  parent: Parent;
}

/** An expression's SQL, and what may be done with it. */
export interface Value {
  sql: Sql;
  type: FieldDef['type'];
  facts: TypeFacts;
  /** The name in error messages. */
  name: string;
  at: number;
  isNillable: boolean;
  isFilterable: boolean;
  isSortable: boolean;
  isGroupable: boolean;
  isAggregate: boolean;
  /** The only operators allowed, if they are fewer than its type allows. */
  operators?: readonly ComparisonOperator[];
  /** Null for the result of a function. */
  field: FieldDef | null;
}

/** For comparing and ordering: text case-insensitively, Ids case-sensitively. */
export const comparable = ({ sql: value, facts }: Pick<Value, 'sql' | 'facts'>): Sql =>
  facts.family === 'text' ? caseFolded(value) : value;

export class Scope {
  readonly session: Session;
  readonly def: SObjectDef;
  /** The name of the query's record in SQL. */
  readonly row: string;
  readonly query: Soql;
  /** True in a semi-join. */
  readonly isInner: boolean;
  private readonly prefixes: ReadonlySet<string | undefined>;
  private readonly joins = new Map<string, { row: string; sql: Sql }>();

  constructor(session: Session, query: Soql, def: SObjectDef, isInner = false) {
    this.session = session;
    this.isInner = isInner;
    this.query = query;
    this.def = def;
    this.row = session.nextRow();
    this.prefixes = new Set([
      def.name.toLowerCase(),
      query.from.name.toLowerCase(),
      query.alias?.toLowerCase(),
    ]);
  }

  /** FROM, with the parents that were requested so far. */
  from(): Sql {
    const joins = [...this.joins.values()].map((join) => join.sql);
    return sql`FROM ${recordsOf(this.def)} ${ident(this.row)} ${joined(joins, ' ')}`;
  }

  find({ name, at }: Name): Found {
    const segments = this.withoutAlias(name).split('.');
    const isPrefixed = segments.length > 1 && this.prefixes.has(segments[0]?.toLowerCase());
    const steps = segments.slice(isPrefixed ? 1 : 0, -1);
    if (steps.length > levelsMax) {
      const reason = `SOQL relationships may not traverse more than ${levelsMax} levels: ${name}`;
      throw this.refuse(at, 'MALFORMED_QUERY', reason);
    }
    const path: Step[] = [];
    let def = this.def;
    for (const step of steps) {
      const reference = relationshipNamed(def, step);
      const parent = reference ? parentOf(this.session.context.sobjects, reference) : null;
      if (!reference || !parent) throw this.unknownRelationship(step, at);
      path.push({ reference, parent });
      def = parent.def;
    }
    const last = segments.at(-1) ?? '';
    const field = fieldNamed(def, last);
    if (!field) throw this.unknownField(def, last, at);
    return { path, field };
  }

  /** Rewrites a path that begins with an alias of FROM into one from the query's own record. */
  private withoutAlias(name: string, joins = this.query.joins): string {
    const [first = '', ...rest] = name.split('.');
    const join = joins.findLast(({ alias }) => alias.toLowerCase() === first.toLowerCase());
    if (!join || rest.length === 0) return name;
    // An alias in FROM may itself begin with an earlier one.
    const path = this.withoutAlias(`${join.path.name}.`, joins.slice(0, joins.indexOf(join)));
    return `${path}${rest.join('.')}`;
  }

  /** A field as a value of the query's record. */
  fieldValue(name: Name): Value {
    const { path, field } = this.find(name);
    const row = this.rowAt(path, name.at);
    const column = columnOf(field, row);
    // A formula may compute a value from empty fields, but a missing record has no value at all.
    const isThere = !isComputed(field) || path.length === 0;
    return {
      sql: isThere ? column : sql`CASE WHEN ${ident(row, 'Id')} IS NOT NULL THEN ${column} END`,
      type: field.type,
      facts: factsOf(field.type),
      name: field.name,
      at: name.at,
      isNillable: field.nillable || path.length > 0,
      isFilterable: isFilterable(field),
      isSortable: isSortable(field),
      isGroupable: isGroupable(field),
      isAggregate: false,
      field: path.length === 0 ? field : null,
    };
  }

  /** The record that the field belongs to, which is joined now: its sobject and its row name in SQL. */
  owner(name: Name): { def: SObjectDef; row: string } {
    const { path } = this.find(name);
    return { def: path.at(-1)?.parent.def ?? this.def, row: this.rowAt(path, name.at) };
  }

  /** The row name of the record at the end of the path, which is joined now. */
  private rowAt(path: readonly Step[], at: number): string {
    let row = this.row;
    let key = '';
    for (const { reference, parent } of path) {
      key += `${reference.relationshipName}.`;
      let join = this.joins.get(key);
      if (!join) {
        const next = this.session.nextRow();
        this.session.countParent(this.row, key, this.query.text, at);
        const on = sql`${ident(next, 'Id')} = ${columnOf(reference, row)}`;
        join = { row: next, sql: sql`LEFT JOIN ${parent.records} ${ident(next)} ON ${on}` };
        this.joins.set(key, join);
      }
      row = join.row;
    }
    return row;
  }

  refuse(at: number, code: SoqlErrorCode, reason: string): SoqlError {
    return errorAt(this.query.text, at, code, reason);
  }

  unknownField(def: SObjectDef, name: string, at: number): SoqlError {
    const reason = `No such column '${name}' on entity '${def.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. ${seeDescribe}`;
    return this.refuse(at, 'INVALID_FIELD', reason);
  }

  unknownRelationship(name: string, at: number): SoqlError {
    const reason = `Didn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. ${seeDescribe}`;
    return this.refuse(at, 'INVALID_FIELD', reason);
  }
}

const seeDescribe = 'Please reference your WSDL or the describe call for the appropriate names.';

/** @throws {@link SoqlError} if the org has no sobject with that name */
export function sobjectOf({ text, from }: Soql, sobjects: ReadonlyMap<string, SObjectDef>): SObjectDef {
  const def = sobjects.get(from.name.toLowerCase());
  if (def) return queryable(def);
  const reason = `sObject type '${from.name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. ${seeDescribe}`;
  throw errorAt(text, from.at, 'INVALID_TYPE', reason);
}

/** The error has no position in the query, unlike most refusals. */
function queryable(def: SObjectDef): SObjectDef {
  if (def.queryable !== false) return def;
  throw new SoqlError('INVALID_TYPE_FOR_OPERATION', `entity type ${def.name} does not support query`);
}
