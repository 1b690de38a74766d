import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { openTestDatabase } from '@lockstep/harness/database';
import { audit, isDeleted, recordId, reference, text } from '../objects/fields.ts';
import { user } from '../objects/user.ts';
import { openOrg } from '../open-org.ts';
import { type Org, type Writer } from '../org.ts';
import { updatedSince } from '../rest/replication.ts';
import type { SObjectDef } from '../schema/schema.ts';
import { deleteRecord, insertRecord } from './dml.ts';
import { columnValues } from './field-values.ts';
import { writeTransaction } from './open-writes.ts';
import { emptyRecord, undeleteRecord } from './recycle-bin.ts';

/** In this process, for tests that need their own clock or definitions. */
const database = await openTestDatabase();
after(() => database[Symbol.asyncDispose]());

const { db } = database;
const clock = new ManualClock();
const whole = await openOrg({
  db,
  clock,
  records: 100,
  seed: 1,
  apiLimit: 100,
  lockTimeoutMs: 1000,
  onSeeded: () => undefined,
});

const master: SObjectDef = {
  name: 'Master__c',
  label: 'Master',
  labelPlural: 'Masters',
  keyPrefix: 'a08',
  custom: true,
  deletable: true,
  fields: [recordId('Record ID'), isDeleted, ...audit, text('Name', 'Name', 80)],
};
const detail: SObjectDef = {
  ...master,
  name: 'Detail__c',
  label: 'Detail',
  labelPlural: 'Details',
  keyPrefix: 'a09',
  fields: [...master.fields, reference('Master__c', 'Master', ['Master__c'], { cascadeDelete: true })],
};
const sobjects = new Map([user, master, detail].map((def) => [def.name.toLowerCase(), def]));
const org: Org = { ...whole, sobjects };
const by: Writer = { org, userId: whole.settings.integrationUserId };

for (const table of ['Master__c', 'Detail__c'] as const) {
  const link = table === 'Detail__c' ? sql`, "Master__c" text` : sql``;
  await db.query(sql`
    CREATE TABLE ${table === 'Detail__c' ? sql`org."Detail__c"` : sql`org."Master__c"`} (
      "Id" text PRIMARY KEY, "IsDeleted" boolean NOT NULL DEFAULT false, "CreatedDate" timestamptz,
      "CreatedById" text, "LastModifiedDate" timestamptz, "LastModifiedById" text, "SystemModstamp" timestamptz,
      "Name" text${link})`);
}

const insert = (def: SObjectDef, body: object): Promise<string> =>
  writeTransaction(org, (tx) => insertRecord(tx, by, def, columnValues(def, body, 'create')));

const liveDetails = async (masterId: string): Promise<string[]> => {
  const rows = await db.query<{ Id: string }>(
    sql`SELECT "Id" FROM org."Detail__c" WHERE "Master__c" = ${masterId} AND NOT "IsDeleted" ORDER BY "Id"`,
  );
  return rows.map(({ Id }) => Id);
};

test('details are deleted and undeleted with their master, except those that were deleted before', async () => {
  const id = await insert(master, { Name: 'm' });
  const details = [await insert(detail, { Master__c: id }), await insert(detail, { Master__c: id })];
  const [earlier = '', later = ''] = details;
  await writeTransaction(org, (tx) => deleteRecord(tx, by, detail, earlier));

  await writeTransaction(org, (tx) => deleteRecord(tx, by, master, id));
  assert.deepEqual(await liveDetails(id), []);
  const logged = await db.query(
    sql`SELECT FROM simulator.deletion WHERE record_id = ANY(${[id, ...details]})`,
  );
  assert.equal(logged.length, 3);
  await assert.rejects(writeTransaction(org, (tx) => undeleteRecord(tx, by, later)));

  await writeTransaction(org, (tx) => undeleteRecord(tx, by, id));
  assert.deepEqual(await liveDetails(id), [later]);
});

test('details leave the recycle bin for good with their master', async () => {
  const id = await insert(master, { Name: 'm' });
  await insert(detail, { Master__c: id });
  await writeTransaction(org, async (tx) => {
    await deleteRecord(tx, by, master, id);
    await emptyRecord(tx, org, id);
  });
  assert.deepEqual(await db.query(sql`SELECT FROM org."Detail__c" WHERE "Master__c" = ${id}`), []);
});

test('latestDateCovered stops before a transaction that is still open', async () => {
  const account = whole.sobjects.get('account') ?? assert.fail('there are accounts');
  const covered = async () => {
    const now = clock.now();
    const parameters = new URLSearchParams({
      start: new Date(now - 3_600_000).toISOString(),
      end: new Date(now).toISOString(),
    });
    const call = {
      org: whole,
      userId: by.userId,
      sobjects: whole.sobjects,
      method: 'GET',
      path: [],
      parameters,
      header: () => undefined,
      body: undefined,
      version: '62.0',
      db,
      write: () => assert.fail('nothing is written'),
    };
    const { body } = await updatedSince(call, account);
    return (JSON.parse(body ?? '') as { latestDateCovered: string }).latestDateCovered;
  };
  clock.advance(30_000);
  await writeTransaction(whole, async () => {
    clock.advance(10 * 60_000);
    assert.equal(await covered(), '2026-01-01T00:00:00.000+0000');
  });
  assert.equal(await covered(), '2026-01-01T00:10:00.000+0000');
});
