/**
 * The SELECT list of a query without groups, as each record's JSON: its fields, its parents as objects, its children
 * as results. Parents and children are read per record, so that the order of the records stays, and only for the
 * records of the page.
 */
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { relationshipNamed } from '../schema/relationships.ts';
import type { FieldDef } from '../schema/schema.ts';
import { recordsOf } from '../schema/storage.ts';
import { type Call, isCall, type Name, type Selected, type Soql, type TypeOf } from './ast.ts';
import { shownFor } from './call-value.ts';
import { childrenJson, type Place } from './children.ts';
import { columnOf } from './columns.ts';
import { SoqlError } from './errors.ts';
import { isOfGroup, kindOf } from './functions.ts';
import { type Entry, entriesJson, fieldJson, type Row, valueJson } from './record-json.ts';
import { parentOf } from './relationships.ts';
import type { Scope, Step } from './scope.ts';

const fieldsCallLimitMax = 200;

/** The JSON of one record of the scope. */
export function selectedJson(scope: Scope, place: Place = []): Sql {
  const shape = new Shape(scope, { def: scope.def, name: scope.row });
  scope.query.fields.forEach((item, index) => addItem(shape, scope, item, [...place, index]));
  return shape.json();
}

function addItem(shape: Shape, scope: Scope, item: Selected, place: Place): void {
  switch (item.kind) {
    case 'expression': {
      const { expression, alias } = item;
      if (isCall(expression)) return addCall(shape, scope, expression, alias);
      if (alias) {
        throw scope.refuse(alias.at, 'MALFORMED_QUERY', 'only aggregate expressions use field aliasing');
      }
      const { path, field } = scope.find(expression);
      return shape.add(path, field, expression.at);
    }
    case 'fields':
      return addFieldsCall(shape, scope, item);
    case 'children':
      return addChildren(shape, scope, item.query, place);
    case 'typeof':
      return addTypeOf(shape, scope, item);
  }
}

/** A field in another display form replaces the field, or is added under its own alias. */
function addCall(shape: Shape, scope: Scope, call: Call, alias: Name | null): void {
  if (kindOf(call.call) !== 'display' || isOfGroup(call)) throw ungrouped(scope, call.field);
  const { path, field } = scope.find(call.field);
  shape.add(path, field, call.at, {
    key: alias?.name ?? field.name,
    json: ({ name }) => {
      const shown = shownFor(scope, call, field, columnOf(field, name));
      return valueJson(shown.type, shown.sql);
    },
  });
}

const ungrouped = (scope: Scope, { name, at }: Name) =>
  scope.refuse(at, 'MALFORMED_QUERY', `Field must be grouped or aggregated: ${name}`);

/** One record of the answer, built item by item. */
class Shape {
  private readonly scope: Scope;
  private readonly row: Row;
  private readonly prefix: string;
  private readonly entries = new Map<string, { key: string; json: () => Sql }>();
  private readonly parents = new Map<FieldDef, Shape>();

  constructor(scope: Scope, row: Omit<Row, 'version'>, prefix = '') {
    this.scope = scope;
    this.row = { ...row, version: scope.session.context.version };
    this.prefix = prefix;
  }

  json(): Sql {
    const entries = [...this.entries.values()].map(({ key, json }): Entry => ({ key, json: json() }));
    return entriesJson(this.row, entries);
  }

  put(key: string, json: () => Sql): void {
    if (this.entries.has(key.toLowerCase())) {
      throw new SoqlError('MALFORMED_QUERY', `duplicate field selected: ${this.prefix}${key}`);
    }
    this.entries.set(key.toLowerCase(), { key, json });
  }

  add([step, ...rest]: readonly Step[], field: FieldDef, at: number, as = plainly(field)): void {
    if (!step) return this.put(as.key, () => as.json(this.row));
    this.parentShape(step, at).add(rest, field, at, as);
  }

  private parentShape({ reference, parent }: Step, at: number): Shape {
    const known = this.parents.get(reference);
    if (known) return known;
    const { session, query } = this.scope;
    const key = reference.relationshipName ?? reference.name;
    session.countParent(this.scope.row, `${this.prefix}${key}.`, query.text, at);
    const name = session.nextRow();
    const shape = new Shape(this.scope, { def: parent.def, name }, `${this.prefix}${key}.`);
    this.parents.set(reference, shape);
    this.put(key, () => orNull(this.parentJson(reference, parent.records, name, shape.json())));
    return shape;
  }

  /** Null if the record has no such parent. */
  parentJson(reference: FieldDef, records: Sql, name: string, json: Sql): Sql {
    const points = sql`${ident(name, 'Id')} = ${columnOf(reference, this.row.name)}`;
    return sql`(SELECT ${json} FROM ${records} ${ident(name)} WHERE ${points})`;
  }
}

const orNull = (json: Sql): Sql => sql`coalesce(${json}, 'null')`;

const plainly = (field: FieldDef) => ({ key: field.name, json: (row: Row) => fieldJson(row, field) });

function addFieldsCall(shape: Shape, scope: Scope, call: Extract<Selected, { kind: 'fields' }>): void {
  const { limit } = scope.query;
  if (call.which !== 'standard' && (limit === null || limit > fieldsCallLimitMax)) {
    const reason =
      limit === null
        ? 'The SOQL FIELDS function is not supported with an unbounded set of fields in this API'
        : `The SOQL FIELDS function must have a LIMIT of at most ${fieldsCallLimitMax}`;
    throw scope.refuse(call.at, 'MALFORMED_QUERY', reason);
  }
  for (const field of scope.def.fields) {
    if (call.which === 'all' || field.custom === (call.which === 'custom')) shape.add([], field, call.at);
  }
}

function addChildren(shape: Shape, scope: Scope, query: Soql, place: Place): void {
  const json = childrenJson(scope, query, place, selectedJson);
  shape.put(query.from.name, () => json);
}

/** The referenced record, with the fields for its own sobject. */
function addTypeOf(shape: Shape, scope: Scope, { reference, cases, otherwise }: TypeOf): void {
  const { session, def } = scope;
  const field = relationshipNamed(def, reference.name);
  const known = field ? parentOf(session.context.sobjects, field) : null;
  if (!field || !known) throw scope.unknownRelationship(reference.name, reference.at);
  const names = field.referenceTo ?? [];
  if (names.length < 2) {
    const reason = `TYPEOF needs a polymorphic relationship: ${reference.name}`;
    throw scope.refuse(reference.at, 'MALFORMED_QUERY', reason);
  }
  session.countParent(scope.row, `${reference.name}.`, scope.query.text, reference.at);
  const branches: Sql[] = [];
  const branch = (sobject: string, fields: readonly Name[]) => {
    const target = session.context.sobjects.get(sobject.toLowerCase());
    if (!target) return;
    const name = session.nextRow();
    const inner = new Shape(scope, { def: target, name }, `${reference.name}.`);
    for (const one of fields) {
      const found = target.fields.find((each) => each.name.toLowerCase() === one.name.toLowerCase());
      if (!found) throw scope.unknownField(target, one.name, one.at);
      inner.add([], found, one.at);
    }
    branches.push(shape.parentJson(field, recordsOf(target), name, inner.json()));
  };
  const named = new Set<string>();
  for (const { sobject, fields } of cases) {
    const target = names.find((name) => name.toLowerCase() === sobject.name.toLowerCase());
    if (!target) {
      const reason = `TYPEOF ${reference.name} cannot be of type ${sobject.name}`;
      throw scope.refuse(sobject.at, 'MALFORMED_QUERY', reason);
    }
    named.add(target);
    branch(target, fields);
  }
  for (const name of names) if (!named.has(name)) branch(name, otherwise ?? []);
  shape.put(field.relationshipName ?? field.name, () => coalesced(branches));
}

const coalesced = (branches: readonly Sql[]): Sql =>
  branches.reduceRight((rest, branch) => sql`coalesce(${branch}, ${rest})`, sql`'null'`);
