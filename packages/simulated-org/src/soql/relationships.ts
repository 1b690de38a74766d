/** From a record to its parents and children: both directions of a reference's definition. */
import { ident, literal, type Sql, sql } from '@lockstep/foundation/sql';
import { childrenNamed as referenceNamed } from '../schema/relationships.ts';
import { type FieldDef, fieldNamed, nameFieldOf, type SObjectDef, type SObjects } from '../schema/schema.ts';
import { recordsOf } from '../schema/storage.ts';
import { columnOf } from './columns.ts';
import { joined } from './fragments.ts';

/** The records that a reference may point to: as an sobject, and as an item of FROM. */
export interface Parent {
  def: SObjectDef;
  records: Sql;
}

/** Null if no relationship has this name, or if it leads to sobjects that the org does not have. */
export function parentOf(sobjects: SObjects, reference: FieldDef): Parent | null {
  const names = reference.referenceTo ?? [];
  const targets = names.flatMap((name) => sobjects.get(name.toLowerCase()) ?? []);
  const [only] = targets;
  if (!only) return null;
  return names.length === 1 ? { def: only, records: recordsOf(only) } : anyOf(targets);
}

const nameField = (name: string): FieldDef => ({
  name,
  label: name,
  type: name === 'Id' ? 'id' : 'string',
  custom: false,
  nillable: true,
  createable: false,
  updateable: false,
});

const typeField = nameField('Type');
const commonFields = [
  'Id',
  'Name',
  'FirstName',
  'LastName',
  'Email',
  'Phone',
  'Title',
  'Username',
  'Alias',
].map(nameField);

/** The fields that a query can read through a polymorphic reference. */
const nameSObject: SObjectDef = {
  name: 'Name',
  label: 'Name',
  labelPlural: 'Names',
  keyPrefix: '',
  custom: false,
  deletable: false,
  fields: [...commonFields, typeField],
};

/** True for the parent of a polymorphic reference, whose records tell their sobject in `Type`. */
export const isPolymorphic = (def: SObjectDef): boolean => def === nameSObject;

function anyOf(targets: readonly SObjectDef[]): Parent {
  const branches = targets.map((target) => {
    const columns = commonFields.map(({ name }) => {
      const field = name === 'Name' ? nameFieldOf(target) : fieldNamed(target, name);
      return sql`${field ? columnOf(field, 'one') : sql`NULL::text`} AS ${ident(name)}`;
    });
    const type = sql`${literal(target.name)}::text AS "Type"`;
    return sql`SELECT ${joined([...columns, type], ', ')} FROM ${recordsOf(target)} one`;
  });
  return { def: nameSObject, records: sql`(${joined(branches, ' UNION ALL ')})` };
}

interface Children {
  def: SObjectDef;
  /** The child's reference to its parent. */
  reference: FieldDef;
}

/** An sobject's children by the relationship name that its describe lists. */
export function childrenNamed(sobjects: SObjects, parent: SObjectDef, name: string): Children | null {
  const found = referenceNamed(sobjects, parent, name);
  return found ? { def: found.child, reference: found.field } : null;
}
