import type { Tx } from '@lockstep/foundation/database';
import { ident, join, literal, type Sql, sql } from '@lockstep/foundation/sql';
import { z } from 'zod';
import { boundToUser } from '../formula/index.ts';
import type { Org } from '../org.ts';
import { isPermissionable } from '../rest/describe-field.ts';
import { recordId, recordIdSql } from '../write/ids.ts';
import { withDefinitionRows } from './definition-rows.ts';
import { type FieldDef, fieldNamed, type SObjectDef, type SObjects } from './schema.ts';
import { schemaChanged } from './schema-storage.ts';
import { tableOf } from './storage.ts';

/**
 * What a user may see and do: the sum of profile and permission sets. Rights are applied as a view of the
 * definitions: whatever the user may not read does not exist for describe, queries and writes. A user without an
 * entry may do everything.
 */
const objectRights = z.strictObject({
  read: z.boolean().default(true),
  create: z.boolean().default(true),
  edit: z.boolean().default(true),
  delete: z.boolean().default(true),
});
const fieldRights = z.strictObject({ read: z.boolean().default(true), edit: z.boolean().default(true) });

export const userRights = z.strictObject({
  /** Sees and changes everybody's records, in private sobjects too. */
  viewAllData: z.boolean().default(true),
  /** By API name. */
  objects: z.record(z.string(), objectRights).default({}),
  /** What the user may do in the org, by the name of the permission: `ViewSetup`. */
  permissions: z.record(z.string(), z.boolean()).default({}),
  /** By `Account.Industry`. */
  fields: z.record(z.string(), fieldRights).default({}),
});
export type UserRights = z.infer<typeof userRights>;

/** The definitions as the user sees them. */
export async function sobjectsSeenBy(org: Org, userId: string): Promise<SObjects> {
  const known = org.views.get(userId);
  if (known) return known;
  const { sobjects, views } = org;
  const limits = await limitsOf(org.db, userId);
  const read = boundToUser(sobjects, userId);
  const rights = limits?.rights ?? userRights.parse({});
  const view = withDefinitionRows(
    withPermissions(limits ? viewOf(read, userId, limits) : read, sobjects, rights),
  );
  // If the schema or rights changed meanwhile, this view is outdated and must not be cached.
  if (org.sobjects === sobjects && org.views === views) views.set(userId, view);
  return view;
}

const notByDefault = new Set(['PermissionsApiUserOnly', 'PermissionsBulkApiHardDelete']);

/** Whether a user has the permission: `PermissionsViewSetup`. */
function hasPermission({ viewAllData, permissions }: UserRights, name: string): boolean {
  const given = permissions[name.slice('Permissions'.length)];
  if (given !== undefined) return given;
  return name.endsWith('AllData') ? viewAllData : !notByDefault.has(name);
}

/**
 * The view of one's own permissions shows each user something else; that of the fields' permissions is for those who
 * may see the set-up.
 *
 * @param all  the definitions before any right
 */
function withPermissions(sobjects: SObjects, all: SObjects, rights: UserRights): SObjects {
  const seen = new Map(sobjects);
  const own = seen.get('userpermissionaccess');
  const may = (field: FieldDef) => (hasPermission(rights, field.name) ? sql`true` : sql`false`);
  if (own) {
    const fields = own.fields.map((field) =>
      field.type === 'boolean' ? { ...field, readAs: () => may(field) } : field,
    );
    seen.set('userpermissionaccess', { ...own, fields });
  }
  const ofFields = seen.get('fieldpermissions');
  if (!ofFields) return seen;
  if (hasPermission(rights, 'PermissionsViewSetup'))
    seen.set('fieldpermissions', { ...ofFields, rows: fieldPermissionRows(ofFields, all) });
  else seen.delete('fieldpermissions');
  return seen;
}

/** One permission set, whose users may read every field. */
function fieldPermissionRows({ keyPrefix }: SObjectDef, sobjects: SObjects): Sql {
  const rows = [...sobjects.values()].flatMap((def) =>
    def.fields
      .filter(isPermissionable)
      .map((field) => ({ object: def.name, field: `${def.name}.${field.name}`, edit: field.updateable })),
  );
  const number = sql`('x' || substr(md5(field), 1, 10))::bit(40)::bigint`;
  return sql`
    SELECT ${recordIdSql(keyPrefix, number)} COLLATE "C" AS "Id", ${recordId('0PS', 1)}::text COLLATE "C" AS "ParentId",
           object COLLATE "C" AS "SobjectType", field COLLATE "C" AS "Field", edit AS "PermissionsEdit",
           true AS "PermissionsRead", timestamptz '2020-01-01' AS "SystemModstamp"
      FROM jsonb_to_recordset(${literal(JSON.stringify(rows))}::jsonb) AS row(object text, field text, edit boolean)`;
}

/** What a user cannot see. */
interface Limits {
  rights: UserRights;
  /** The sobjects whose records only their owners see. */
  privates: readonly string[];
  /** Some single records are hidden from this user. */
  hasHidden: boolean;
}

/** Undefined for a user who sees everything. */
async function limitsOf(tx: Tx, userId: string): Promise<Limits | undefined> {
  const [row] = await tx.query<{ rights: UserRights | null; privates: string[]; hidden: boolean }>(sql`
    SELECT (SELECT rights FROM simulator.user_access WHERE user_id = ${userId}) AS rights,
           ARRAY(SELECT name FROM simulator.private_sobject) AS privates,
           EXISTS (SELECT FROM simulator.hidden_record WHERE user_id = ${userId}) AS hidden`);
  if (!row || (!row.rights && !row.hidden)) return undefined;
  // An older version has left things out.
  return { rights: userRights.parse(row.rights ?? {}), privates: row.privates, hasHidden: row.hidden };
}

/**
 * Takes effect with the next request. It counts as a change of every description, as Salesforce documents it (REST API
 * guide, Describe Global: the headers "also check for org-wide events, such as changes to permissions, profiles").
 */
export async function setRights(org: Org, userId: string, rights: UserRights): Promise<void> {
  const at = org.clock.now();
  await org.db.transaction(async (tx) => {
    await tx.query(sql`
      INSERT INTO simulator.user_access (user_id, rights) VALUES (${userId}, ${JSON.stringify(rights)})
      ON CONFLICT (user_id) DO UPDATE SET rights = excluded.rights`);
    await schemaChanged(tx, at);
  });
  Object.assign(org, { schemaChangedAt: at, views: new Map() });
}

/** Private: only owners, those whom a share lets in, and users with View All Data see the records. */
export async function setPrivate(org: Org, def: SObjectDef, isPrivate: boolean): Promise<void> {
  await org.db.query(
    isPrivate
      ? sql`INSERT INTO simulator.private_sobject (name) VALUES (${def.name}) ON CONFLICT DO NOTHING`
      : sql`DELETE FROM simulator.private_sobject WHERE name = ${def.name}`,
  );
  org.views = new Map();
}

function viewOf(sobjects: SObjects, userId: string, { rights, privates, hasHidden }: Limits): SObjects {
  const objects = lowerKeys(rights.objects);
  const fields = lowerKeys(rights.fields);
  const seen: [string, SObjectDef][] = [];
  for (const [key, def] of sobjects) {
    const may = objects.get(key) ?? objectRights.parse({});
    if (!may.read) continue;
    const conditions = [
      ...(!rights.viewAllData && privates.includes(def.name) ? [ownedBy(sobjects, def, userId)] : []),
      ...(hasHidden ? [notHiddenFrom(def, userId)] : []),
    ];
    seen.push([
      key,
      {
        ...def,
        ...(!may.create && { createable: false as const }),
        ...(!may.edit && { updateable: false as const }),
        deletable: def.deletable && may.delete,
        ...(!rights.viewAllData &&
          def.filterUnlessViewAllData && { neededFilter: def.filterUnlessViewAllData }),
        ...(!may.delete && { undeletable: false as const }),
        ...(conditions.length > 0 && { visibleWhere: join(conditions, ' AND ') }),
        fields: def.fields.flatMap((field) =>
          fieldSeen(field, fields.get(`${key}.${field.name.toLowerCase()}`)),
        ),
      },
    ]);
  }
  return new Map(seen);
}

const lowerKeys = <Value>(record: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> =>
  new Map(Object.entries(record).map(([key, value]) => [key.toLowerCase(), value]));

/** Fields that every user needs (Id, owner, stamps) never get here unreadable: the control API refuses it. */
function fieldSeen(field: FieldDef, may: z.infer<typeof fieldRights> | undefined): FieldDef[] {
  if (!may || (may.read && may.edit)) return [field];
  if (!may.read) return [];
  return [{ ...field, createable: false, updateable: false }];
}

const notHiddenFrom = (def: SObjectDef, userId: string): Sql => sql`
  NOT EXISTS (SELECT FROM simulator.hidden_record AS hidden
               WHERE hidden.user_id = ${literal(userId)} AND hidden.record_id = ${tableOf(def)}."Id")`;

/** The user's own records, and those that the sobject's share table gives the user. */
function ownedBy(sobjects: SObjects, def: SObjectDef, userId: string): Sql {
  const user = literal(userId);
  const owned = fieldNamed(def, 'OwnerId') ? sql`"OwnerId" = ${user}` : sql`true`;
  const shares = sobjects.get(`${def.name.toLowerCase().replace(/__c$/, '__')}share`);
  const parent = shares && fieldNamed(shares, def.custom ? 'ParentId' : `${def.name}Id`);
  if (!shares || !parent) return owned;
  return sql`(${owned} OR EXISTS (
    SELECT FROM ${tableOf(shares)} AS share
     WHERE share.${ident(parent.name)} = ${tableOf(def)}."Id" AND share."UserOrGroupId" = ${user}))`;
}
