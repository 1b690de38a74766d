/** For this room's tests: three sobjects that refer to each other, with a few records. */
import type { Database } from '@lockstep/foundation/database';
import { ident, join, sql } from '@lockstep/foundation/sql';
import type { FieldDef, FieldType, SObjectDef } from '../schema/schema.ts';

const field = (name: string, type: FieldType, more: Partial<FieldDef> = {}): FieldDef => ({
  name,
  label: name,
  type,
  custom: name.endsWith('__c'),
  nillable: true,
  createable: true,
  updateable: true,
  ...more,
});

const reference = (name: string, relationshipName: string, ...referenceTo: string[]): FieldDef =>
  field(name, 'reference', { relationshipName, referenceTo });

const sobject = (name: string, labelPlural: string, fields: readonly FieldDef[]): SObjectDef => ({
  name,
  label: name,
  labelPlural,
  keyPrefix: '000',
  custom: name.endsWith('__c'),
  deletable: true,
  fields: [field('Id', 'id', { nillable: false }), field('IsDeleted', 'boolean'), ...fields],
});

const title = field('Title', 'string', { derived: `upper("Name")` });

const greeting = field('Greeting', 'string', { derived: `concat('Dear ', "Name")` });

const user = sobject('User', 'Users', [
  field('Name', 'string'),
  title,
  field('Email', 'email'),
  reference('ManagerId', 'Manager', 'User'),
]);

const group = sobject('Group', 'Groups', [field('Name', 'string')]);

const account = sobject('Account', 'Accounts', [
  field('Name', 'string'),
  title,
  greeting,
  reference('ParentId', 'Parent', 'Account'),
  reference('OwnerId', 'Owner', 'User'),
  field('Rank__c', 'int'),
]);

const contact = sobject('Contact', 'Contacts', [
  field('Name', 'string'),
  title,
  reference('AccountId', 'Account', 'Account'),
  reference('OwnerId', 'Owner', 'Group', 'User'),
  reference('CampaignId', 'Campaign', 'Campaign'),
  field('Tags__c', 'multipicklist'),
]);

const note = sobject('Note__c', 'Notes', [
  field('Name', 'string'),
  reference('Contact__c', 'Contact__r', 'Contact'),
]);

export const family: ReadonlyMap<string, SObjectDef> = new Map(
  [user, group, account, contact, note].map((def) => [def.name.toLowerCase(), def]),
);

type Record = { Id: string } & { [name: string]: string | number | boolean | null };

export const records: { [sobject: string]: readonly Record[] } = {
  User: [
    { Id: 'u1', Name: 'Ada', Email: 'ada@example.com', ManagerId: null },
    { Id: 'u2', Name: 'Bob', Email: null, ManagerId: 'u1' },
    { Id: 'u3', Name: 'Cy', Email: null, ManagerId: 'u2' },
  ],
  Group: [{ Id: 'g1', Name: 'Queue' }],
  Account: [
    { Id: 'a1', Name: 'Acme', ParentId: null, OwnerId: 'u1', Rank__c: 1 },
    { Id: 'a2', Name: 'Bolt', ParentId: 'a1', OwnerId: 'u3', Rank__c: 2 },
    { Id: 'a3', Name: 'Crate', ParentId: 'a2', OwnerId: 'u2', Rank__c: null },
    { Id: 'a4', Name: 'Drum', ParentId: null, OwnerId: 'u2', Rank__c: 2 },
  ],
  Contact: [
    { Id: 'c1', Name: 'Xi', AccountId: 'a1', OwnerId: 'u1', Tags__c: 'Red;Green' },
    { Id: 'c2', Name: 'Yo', AccountId: 'a1', OwnerId: 'g1', Tags__c: 'Green' },
    { Id: 'c3', Name: 'Zed', AccountId: 'a3', OwnerId: 'u3', Tags__c: null },
    { Id: 'c4', Name: 'Lone', AccountId: null, OwnerId: 'u2', Tags__c: 'Blue;Green;Red' },
    { Id: 'c5', Name: 'Gone', AccountId: 'a4', OwnerId: 'u1', Tags__c: null, IsDeleted: true },
  ].map((contact) => ({ CampaignId: null, ...contact })),
  Note__c: [
    { Id: 'n1', Name: 'first', Contact__c: 'c1' },
    { Id: 'n2', Name: 'second', Contact__c: 'c1' },
    { Id: 'n3', Name: 'third', Contact__c: 'c3' },
  ],
};

export async function createFamily(db: Database): Promise<void> {
  await db.query(sql`CREATE SCHEMA IF NOT EXISTS org`);
  for (const { name, fields } of family.values()) {
    const stored = fields.filter(({ derived }) => derived === undefined);
    const columns = stored.map((each) => {
      const type = each.type === 'boolean' ? sql`boolean` : each.type === 'int' ? sql`integer` : sql`text`;
      return sql`${ident(each.name)} ${type}`;
    });
    await db.query(sql`CREATE TABLE ${ident('org', name)} (${join(columns)}, PRIMARY KEY ("Id"))`);
    const rows = (records[name] ?? []).map((record) => ({ IsDeleted: false, ...record }));
    await db.query(sql`
      INSERT INTO ${ident('org', name)}
      SELECT * FROM json_populate_recordset(NULL::${ident('org', name)}, ${JSON.stringify(rows)}::json)`);
  }
}
