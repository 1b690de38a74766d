/** A destination that an older version has created is migrated when it is opened, with everything in it. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Tx } from '@lockstep/foundation/database';
import { migrate } from '@lockstep/foundation/migrations';
import { sql } from '@lockstep/foundation/sql';
import { openTestDatabase } from '@lockstep/harness/database';
import { openDestination } from './destination.ts';
import { destinationMigrations } from './tables.ts';

/** Two streams as the first version created them; somebody has removed SystemModstamp from one of them. */
const oldStreams = `
  INSERT INTO _lockstep.sync (sync_id, org_id, table_schema) VALUES ('sync', '00D000000000001EAA', 'salesforce');
  INSERT INTO _lockstep.checkpoint (sobject, table_name, state, stopped_by, rows, backfilled_at) VALUES
    ('Account', 'account', 'stopped', 'PERM-02', 7, '2026-01-01Z'), ('Odd', 'odd', 'current', NULL, 0, NULL);
  INSERT INTO _lockstep.column (stream_no, field, ordinal, column_name, field_type, formula, ready) VALUES
    (1, 'Id', 0, 'id', 'id', false, true), (1, 'SystemModstamp', 1, 'systemmodstamp', 'datetime', false, true),
    (2, 'Id', 0, 'id', 'id', false, true);
  CREATE SCHEMA salesforce;`;

async function makeFirstVersion(db: Parameters<typeof migrate>[0]): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'migrations-'));
  try {
    const first = '0001-destination.sql';
    await copyFile(new URL(first, destinationMigrations), join(path, first));
    await migrate(db, { schema: '_lockstep', folder: pathToFileURL(`${path}/`) });
    await db.script(oldStreams);
  } finally {
    await rm(path, { recursive: true });
  }
}

test('a destination of the first version keeps its streams, and they get their cursor field', async () => {
  await using database = await openTestDatabase();
  await makeFirstVersion(database.db);
  for (const opening of ['first', 'second']) {
    const destination = await openDestination(database.url, 'test');
    const streams = [...destination.tables.values()].map(({ stream }) => stream);
    await destination.end();
    assert.deepEqual(
      streams.map(({ sobject, cursorField, replicateable, planVersion }) => [
        sobject,
        cursorField,
        replicateable,
        planVersion,
      ]),
      [
        ['Account', 'SystemModstamp', false, 1],
        ['Odd', null, false, 1],
      ],
      `${opening} opening`,
    );
  }
});

test('the status view says why a stream stopped, after the columns that it always had', async () => {
  await using database = await openTestDatabase();
  await makeFirstVersion(database.db);
  const before = await columnsOf(database.db);
  await (await openDestination(database.url, 'test')).end();
  await database.db.script(
    `UPDATE _lockstep.checkpoint SET stop_reason = 'No access.' WHERE sobject = 'Account'`,
  );

  const after = await columnsOf(database.db);
  assert.deepEqual(after.slice(0, before.length), before);
  assert.deepEqual(after.slice(-3), ['stop_code', 'stop_reason', 'set_aside_rows']);
  const rows = await database.db.query(sql`
    SELECT sobject, stop_code, stop_reason FROM _lockstep.status ORDER BY sobject`);
  assert.deepEqual(rows, [
    { sobject: 'Account', stop_code: 'PERM-02', stop_reason: 'No access.' },
    { sobject: 'Odd', stop_code: null, stop_reason: null },
  ]);
});

async function columnsOf(tx: Tx): Promise<string[]> {
  const columns = await tx.query<{ name: string }>(sql`
    SELECT attname AS name FROM pg_attribute
     WHERE attrelid = '_lockstep.status'::regclass AND attnum > 0 ORDER BY attnum`);
  return columns.map(({ name }) => name);
}

test('values of a history lose the quotes of JSON, unless a view uses the column', async () => {
  await using database = await openTestDatabase();
  await makeFirstVersion(database.db);
  await database.db.script(`
    INSERT INTO _lockstep.column (stream_no, field, ordinal, column_name, field_type, formula, ready)
      SELECT 2, f, 3, lower(f), 'anyType', false, true FROM unnest(ARRAY['OldValue', 'NewValue', 'Other']) f;
    CREATE TABLE salesforce.odd (id text, oldvalue jsonb, newvalue jsonb, other jsonb);
    INSERT INTO salesforce.odd VALUES ('a', '"Ann \\"Q\\" Lee"', '12.50', '"kept"'), ('b', NULL, 'true', '1');
    CREATE VIEW salesforce.others AS SELECT other FROM salesforce.odd`);
  await (await openDestination(database.url, 'test')).end();
  assert.deepEqual(
    await database.db.query(sql`SELECT id, oldvalue, newvalue, other FROM salesforce.odd ORDER BY id`),
    [
      { id: 'a', oldvalue: 'Ann "Q" Lee', newvalue: '12.50', other: 'kept' },
      { id: 'b', oldvalue: null, newvalue: 'true', other: 1 },
    ],
  );
});

test('tables that were kept before it was written down count as kept in a private database only, without their rows', async () => {
  const inOwn = 'its_owner_s';
  const inPrivate = 'lockstep_sync'; // as that of a sync with the id `sync` is called
  for (const name of [inOwn, inPrivate]) {
    await using database = await openTestDatabase('template1', name);
    await makeFirstVersion(database.db);
    const comment = (table: string, text: string) =>
      `CREATE TABLE salesforce.${table} (id text); COMMENT ON TABLE salesforce.${table} IS '${text}';`;
    await database.db.script(`
      ${comment('contact', 'Contact (Salesforce object): Contact')}
      ${comment('account', 'Account (Salesforce object): Account')}
      ${comment('mine', 'Of mine')}`);
    await (await openDestination(database.url, 'test')).end();
    assert.deepEqual(
      await database.db.query(sql`SELECT table_name, sobject, org_id FROM _lockstep.kept_table`),
      name === inPrivate ? [{ table_name: 'contact', sobject: 'Contact', org_id: null }] : [],
    );
  }
});

test('a stream has one of the allowed cursor fields, or none', async () => {
  await using database = await openTestDatabase();
  await makeFirstVersion(database.db);
  await (await openDestination(database.url, 'test')).end();
  await assert.rejects(
    database.db.transaction((tx) => tx.script(`UPDATE _lockstep.checkpoint SET cursor_field = 'Birthdate'`)),
    { code: '23514' },
  );
});

test('a destination of a newer version is refused', async () => {
  await using database = await openTestDatabase();
  await makeFirstVersion(database.db);
  await (await openDestination(database.url, 'test')).end();
  await database.db.script(`INSERT INTO _lockstep.migration (number, name) VALUES (999, 'later')`);
  await assert.rejects(openDestination(database.url, 'test'), {
    code: 'SYS-07',
    message: /mirror schema 999, this version knows \d+/,
  });
});

test('opening a database that is not a destination does not make it one', async () => {
  await using database = await openTestDatabase();
  await assert.rejects(openDestination(database.url, 'test'), { code: '42P01' });
  assert.deepEqual(await database.db.query(sql`SELECT FROM pg_namespace WHERE nspname = '_lockstep'`), []);
});
