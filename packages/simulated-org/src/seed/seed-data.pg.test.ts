import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, join, sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { sobjects } from '../objects/index.ts';
import { fieldNamed, hasColumn, type SObjectDef } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { recordId, recordIdSql } from '../write/ids.ts';

const org = await startOrg({ records: 1000 });
after(() => org[Symbol.asyncDispose]());

const one = async <Row>(statement: ReturnType<typeof sql>): Promise<Row> => {
  const [row] = await org.db.query<Row>(statement);
  assert.ok(row);
  return row;
};

test('Ids built in SQL equal those built in code', async () => {
  const numbers = [1, 10, 35, 36, 61, 62, 12_345_678_901, 62 ** 5 * 11, 62 ** 8 - 1, 9_000_000_000_000_000];
  const rows = await org.db.query<{ id: string }>(sql`
    SELECT ${recordIdSql('a01', sql`n`)} AS id FROM unnest(${numbers}::bigint[]) WITH ORDINALITY AS t (n, i) ORDER BY i`);
  assert.deepEqual(
    rows.map((row) => row.id),
    numbers.map((number) => recordId('a01', number)),
  );
});

/** Objects whose rows are not stored. */
const computed = ['FieldPermissions', 'EntityDefinition', 'FieldDefinition'];
/** Nobody has posted anything yet. */
const none = ['FeedItem'];
const worked = 'User Product2 Account Contact Lead Opportunity Invoice__c Invoice_Line__c'.split(' ');

test('the requested number of records is spread over the main sobjects, and the others get some in addition', async () => {
  let [records, onTop] = [0, 0];
  for (const def of sobjects) {
    const { count } = await one<{ count: number }>(sql`SELECT count(*) AS count FROM ${tableOf(def)}`);
    assert.ok(count > 0 || def.queryable === false || [...computed, ...none].includes(def.name), def.name);
    if (worked.includes(def.name)) records += count;
    else onTop += count;
  }
  assert.equal(records, 1000);
  assert.ok(onTop < records, String(onTop));
});

test('stamps are whole seconds of past years, none in the last hour, and some are shared', async () => {
  for (const def of sobjects) {
    if (!fieldNamed(def, 'CreatedDate') || !fieldNamed(def, 'SystemModstamp')) continue;
    const stamps = await one<{ young: number; broken: number; reversed: number; shared: number }>(sql`
      SELECT count(*) FILTER (WHERE "SystemModstamp" > now() - interval '1 hour') AS young,
             count(*) FILTER (WHERE "SystemModstamp" <> date_trunc('second', "SystemModstamp")) AS broken,
             count(*) FILTER (WHERE "SystemModstamp" < "CreatedDate") AS reversed,
             count(*) - count(DISTINCT "SystemModstamp") AS shared
        FROM ${tableOf(def)}`);
    assert.deepEqual([stamps.young, stamps.broken, stamps.reversed], [0, 0, 0], def.name);
    if (def.name === 'Contact') assert.ok(stamps.shared > 2);
  }
});

async function checkReferences(): Promise<void> {
  const byName = new Map(sobjects.map((def) => [def.name, def]));
  for (const def of sobjects) {
    for (const field of def.fields.filter(hasColumn)) {
      const targets = (field.referenceTo ?? []).flatMap((name) => byName.get(name) ?? []);
      if (targets.length === 0) continue;
      const found = targets.map((target) => sql`EXISTS (SELECT FROM ${tableOf(target)} WHERE "Id" = value)`);
      const { lost } = await one<{ lost: number }>(sql`
        SELECT count(*) AS lost FROM (SELECT ${ident(field.name)} AS value FROM ${tableOf(def)}) AS held
         WHERE value IS NOT NULL AND NOT (${join(found, ' OR ')})`);
      assert.equal(lost, 0, `${def.name}.${field.name}`);
    }
  }
}

test('references point to records, and totals match the lines', async () => {
  await checkReferences();
  const { wrong } = await one<{ wrong: number }>(sql`
    SELECT count(*) AS wrong FROM org."Invoice__c" AS i
     WHERE ROW(i."Total__c", i."Line_Count__c") IS DISTINCT FROM
           (SELECT ROW(coalesce(sum(l."Quantity__c" * l."Unit_Price__c"), 0), count(*)::numeric)
              FROM org."Invoice_Line__c" AS l WHERE l."Invoice__c" = i."Id" AND NOT l."IsDeleted")`);
  assert.equal(wrong, 0);
});

test('no record that is not deleted has a deleted master, and none points to one by a lookup', async () => {
  const byName = new Map(sobjects.map((def) => [def.name, def]));
  const live = (def: SObjectDef, row: string) =>
    fieldNamed(def, 'IsDeleted') ? sql`NOT ${ident(row, 'IsDeleted')}` : sql`true`;
  for (const def of sobjects) {
    for (const field of def.fields.filter((each) => hasColumn(each) && each.createable)) {
      for (const target of (field.referenceTo ?? []).flatMap((name) => byName.get(name) ?? [])) {
        const { lost } = await one<{ lost: number }>(sql`
          SELECT count(*) AS lost FROM ${tableOf(def)} AS r
            JOIN ${tableOf(target)} AS parent ON parent."Id" = r.${ident(field.name)}
           WHERE ${live(def, 'r')} AND NOT (${live(target, 'parent')})`);
        assert.equal(lost, 0, `${def.name}.${field.name}`);
      }
    }
  }
});

test('what was deleted together comes back together', async () => {
  const { id, contacts } = await one<{ id: string; contacts: number }>(sql`
    SELECT root_id AS id, count(*) FILTER (WHERE sobject = 'Contact') AS contacts FROM simulator.deletion
     WHERE root_id LIKE '001%' GROUP BY root_id ORDER BY count(*) DESC LIMIT 1`);
  assert.ok(contacts > 0);
  await org.control('/records/undelete', { ids: [id] });
  const found = await org.request(
    'GET',
    `/services/data/v62.0/query?q=${encodeURIComponent(`SELECT Id FROM Contact WHERE AccountId = '${id}'`)}`,
  );
  assert.equal((found.json as { totalSize: number }).totalSize, contacts);
});

test('new records get Ids after the seeded ones', async () => {
  const created = await org.request('POST', '/services/data/v62.0/sobjects/Account', {
    body: { Name: 'New' },
  });
  assert.ok((created.json as { id: string }).id > recordId('001', 1000));
});

test('a new org has records with empty values and a few deleted ones, as real orgs do', async () => {
  const { empty, deleted, all } = await one<{ empty: number; deleted: number; all: number }>(sql`
    SELECT count(*) FILTER (WHERE "Email" IS NULL) AS empty, count(*) FILTER (WHERE "IsDeleted") AS deleted,
           count(*) AS all
      FROM org."Contact"`);
  assert.ok(empty > 0 && empty < all / 10);
  assert.ok(deleted < all / 10);
});

test('every deleted record is in the delete log with its stamp as the time', async () => {
  const { deleted, logged } = await one<{ deleted: number; logged: number }>(sql`
    SELECT count(*) AS deleted, count(*) FILTER (WHERE d.deleted_at = r."SystemModstamp") AS logged
      FROM (SELECT "Id", "SystemModstamp" FROM org."Contact" WHERE "IsDeleted"
            UNION ALL SELECT "Id", "SystemModstamp" FROM org."Lead" WHERE "IsDeleted"
            UNION ALL SELECT "Id", "SystemModstamp" FROM org."Account" WHERE "IsDeleted") AS r
      LEFT JOIN simulator.deletion AS d ON d.record_id = r."Id"`);
  assert.ok(deleted > 0);
  assert.equal(logged, deleted);
});

test('once the recycle bin is empty, references still point to records', async () => {
  await org.control('/recycleBin/empty', {});
  await checkReferences();
});
