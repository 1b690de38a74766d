import type { Tx } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import { type OrgError, refused } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { referencesTo } from '../schema/relationships.ts';
import { type FieldDef, fieldNamed, nameFieldOf, type SObjectDef, type SObjects } from '../schema/schema.ts';
import { isLive, tableOf } from '../schema/storage.ts';
import { columnOf } from '../soql/index.ts';
import type { ColumnValues } from './field-values.ts';
import { rollUpsOf } from './roll-ups.ts';

/** Why the org refuses a write that is well formed: rules that involve other records. */

/**
 * How a record is locked while another one begins to point to it, so that it cannot be deleted at the same moment. A
 * master is locked as for an update, because the roll-ups over its details change it: two transactions that share a
 * lock and then both want it exclusively would deadlock.
 */
export function lockOfParent(sobjects: SObjects, def: SObjectDef, field: FieldDef, parent: SObjectDef): Sql {
  if (!parent.deletable) return sql``;
  const isMaster =
    field.cascadeDelete || rollUpsOf(sobjects, def).some(({ reference }) => reference.name === field.name);
  return isMaster ? sql`FOR UPDATE` : sql`FOR KEY SHARE`;
}

/**
 * A record can be given to an active user, or to a group that is a queue. One that an inactive user already owns
 * stays with that user.
 *
 * @throws {@link OrgError} INACTIVE_OWNER_OR_USER, INVALID_CROSS_REFERENCE_KEY
 */
export async function checkOwner(
  tx: Tx,
  org: Org,
  def: SObjectDef,
  values: ColumnValues,
  ownId: string | null,
): Promise<void> {
  const field = fieldNamed(def, 'OwnerId');
  const ownerId = field && values.get(field);
  if (typeof ownerId !== 'string') return;
  const sobject = (field?.referenceTo ?? [])
    .flatMap((name) => org.sobjects.get(name.toLowerCase()) ?? [])
    .find(({ keyPrefix }) => ownerId.startsWith(keyPrefix));
  const isWrong = sobject && wrongOwners[sobject.name];
  if (!isWrong) return;
  const [wrong] = await tx.query(sql`
    SELECT FROM ${tableOf(sobject)} AS owner
     WHERE "Id" = ${ownerId} AND ${isWrong}
       AND NOT EXISTS (SELECT FROM ${tableOf(def)} WHERE "Id" = ${ownId} AND "OwnerId" = ${ownerId})`);
  if (!wrong) return;
  if (sobject.name === 'Group')
    throw refused('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', ['OwnerId']);
  const message = `operation performed with inactive user [${ownerId.slice(0, 15)}] as owner of ${def.label.toLowerCase()}`;
  throw refused('INACTIVE_OWNER_OR_USER', message, []);
}

const wrongOwners: Readonly<Record<string, Sql>> = {
  User: sql`NOT "IsActive"`,
  Group: sql`"Type" <> 'Queue'`,
};

/**
 * No record may be its own ancestor. Salesforce checks this in its own hierarchies (parent accounts, managers, …),
 * not in custom fields. No recorded answer confirms the text.
 *
 * @throws {@link OrgError} CIRCULAR_DEPENDENCY
 */
export async function checkHierarchy(
  tx: Tx,
  def: SObjectDef,
  id: string,
  values: ColumnValues,
): Promise<void> {
  for (const [field, above] of values) {
    const isHierarchy = !field.custom && field.referenceTo?.length === 1 && field.referenceTo[0] === def.name;
    if (!isHierarchy || typeof above !== 'string') continue;
    const column = ident(field.name);
    const loop = await tx.query(sql`
      WITH RECURSIVE above (id) AS (
        SELECT ${above}::text COLLATE "C"
        UNION
        SELECT one.${column} FROM ${tableOf(def)} AS one JOIN above ON one."Id" = above.id
         WHERE one.${column} IS NOT NULL
      )
      SELECT FROM above WHERE id = ${id}`);
    if (loop.length > 0)
      throw refused('CIRCULAR_DEPENDENCY', 'attempt to violate hierarchy constraints', [field.name]);
  }
}

/** How many of the records that prevent a deletion are named. */
const namedMax = 10;

/**
 * A record that others must point to cannot be deleted while they do.
 *
 * @throws {@link OrgError} DELETE_FAILED
 */
export async function checkNotReferenced(
  tx: Tx,
  sobjects: SObjects,
  def: SObjectDef,
  id: string,
): Promise<void> {
  for (const { child, field } of referencesTo(sobjects, def).filter(({ field }) => isNeeded(field))) {
    const users = await tx.query<{ name: string }>(sql`
      SELECT ${recordName(child)} AS name FROM ${tableOf(child)} AS r
       WHERE ${ident(field.name)} = ${id} AND ${isLive(child)} ORDER BY "Id" LIMIT ${namedMax}`);
    if (users.length > 0) throw await needed(tx, def, id, child, users);
  }
}

/** A required lookup cannot be emptied, so it counts as a restricting one. */
export const isNeeded = (field: FieldDef): boolean =>
  field.restrictedDelete === true || (!field.nillable && field.createable && !field.cascadeDelete);

async function needed(
  tx: Tx,
  def: SObjectDef,
  id: string,
  child: SObjectDef,
  users: readonly { name: string }[],
): Promise<OrgError> {
  const [own] = await tx.query<{ name: string }>(
    sql`SELECT ${recordName(def)} AS name FROM ${tableOf(def)} AS r WHERE "Id" = ${id}`,
  );
  const names = users.map(({ name }) => name).join(', ');
  // As recorded, including the full stop before the colon and the line break.
  const message = `Your attempt to delete ${own?.name} could not be completed because it is associated with the following ${child.labelPlural.toLowerCase()}.: ${names}\n`;
  return refused('DELETE_FAILED', message, []);
}

/** As people name it: persons with their salutation, a record without a name by its Id. */
function recordName(def: SObjectDef): Sql {
  const name = nameFieldOf(def);
  const salutation = fieldNamed(def, 'Salutation');
  const parts = [salutation, name].flatMap((field) => (field ? [columnOf(field)] : []));
  return name ? sql`concat_ws(' ', ${join(parts)})` : sql`"Id"`;
}
