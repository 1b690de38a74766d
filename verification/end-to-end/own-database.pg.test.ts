/** A sync into a database that a person owns: from its creation to its deletion, beside tables of others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { startOrg } from '@lockstep/harness/org';
import { type OwnDatabaseHarness, openOwnDatabase } from '@lockstep/harness/own-database';
import { changeSync } from 'lockstep/operations/change-sync';
import { deleteSync } from 'lockstep/operations/delete-sync';
import { givenDestination } from 'lockstep/operations/given-destination';

const never = new AbortController().signal;

/** Tables of the person's own: beside the mirror, and elsewhere in the database. */
const theirTables = `
  CREATE TABLE crm.invoices (id int PRIMARY KEY, total numeric);
  INSERT INTO crm.invoices VALUES (1, 9.5);
  CREATE TABLE public.notes (text text);
  INSERT INTO public.notes VALUES ('mine')`;

async function areTheirs(db: Database): Promise<void> {
  assert.deepEqual(await db.query(sql`SELECT id, total FROM crm.invoices`), [{ id: 1, total: '9.5' }]);
  assert.deepEqual(await db.query(sql`SELECT text FROM public.notes`), [{ text: 'mine' }]);
}

const destination = (own: OwnDatabaseHarness, share_schema = true) =>
  givenDestination({ ...own.form(), schema: 'crm', share_schema });

const relationsIn = (db: Database, schema: string) =>
  db.query<{ name: string }>(
    sql`SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ${schema} AND c.relkind = 'r' ORDER BY 1`,
  );

test('a sync copies, follows, writes and reads its writes in a database of a person, and leaves it as it was', async () => {
  await using own = await openOwnDatabase({ schema: 'crm' });
  await own.superuser.script(theirTables);
  await using harness = await openEndToEndHarness({
    org: { records: 600 },
    sobjects: ['Account', 'Contact'],
    destination: destination(own),
  });
  const { control, sync, reader } = harness;
  assert.equal(sync.destination.kind, 'own');
  const worker = harness.startWorker();
  await harness.untilComplete();
  const [copied] = await reader.query<{ rows: string }>(sql`SELECT count(*) AS rows FROM crm.contact`);
  assert.equal(Number(copied?.rows), await harness.countInOrg('Contact'));

  const written = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'By the proxy' });
  assert.equal(written.headers.get('lockstep-applied'), 'yes', written.text);
  const { id } = JSON.parse(written.text) as { id: string };
  assert.deepEqual(await reader.query(sql`SELECT name FROM crm.account WHERE id = ${id}`), [
    { name: 'By the proxy' },
  ]);
  await changeSync(control.control, sync, { paused: true });
  await changeSync(control.control, sync, { paused: false });
  const changed = await harness.call('PATCH', `${dataPath}/sobjects/Account/${id}`, { Name: 'Again' });
  assert.equal(changed.headers.get('lockstep-applied'), 'yes');
  await harness.until(
    sql`SELECT min(read_until) > clock_timestamp() - interval '20 s' AS is FROM _lockstep.status`,
    'it polls again',
  );

  await deleteSync(control.control, sync, never);
  await worker.stop();
  await areTheirs(own.superuser);
  assert.deepEqual(await relationsIn(own.superuser, 'crm'), [{ name: 'invoices' }]);
  assert.deepEqual(await relationsIn(own.superuser, '_lockstep'), []);
});

test('a table of a person with the name of an object is never touched', async () => {
  await using own = await openOwnDatabase({ schema: 'crm' });
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  await own.superuser.script(`
    CREATE TABLE crm.contact (id text PRIMARY KEY, mine text);
    INSERT INTO crm.contact VALUES ('1', 'kept')`);
  const place = own.form({ schema: 'crm', share_schema: true });
  const refused = await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { destination: place }));
  assert.deepEqual([refused.status, refused.body.code], [422, 'DB-10'], JSON.stringify(refused.body));
  assert.match(String(refused.body.detail), /crm has contact, which this sync has not made/);
  assert.deepEqual(await relationsIn(own.superuser, '_lockstep'), []);

  const accounts = newSyncOf(org, { destination: place, objects: ['Account'] });
  assert.equal((await api.ask('POST', '/api/v1/syncs', accounts)).status, 201);
  const added = await api.ask('POST', '/api/v1/syncs/acme/objects', { objects: ['Contact'] });
  assert.equal(added.body.code, 'DB-10', JSON.stringify(added.body));
  const kept = await own.superuser.query(sql`SELECT id, mine FROM crm.contact`);
  assert.deepEqual(kept, [{ id: '1', mine: 'kept' }]);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/acme')).status, 200);
  assert.deepEqual(await relationsIn(own.superuser, 'crm'), [{ name: 'contact' }]);
});

test('by the API: readers, queries, a second sync, and a deletion that says what it leaves', async () => {
  await using own = await openOwnDatabase();
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  const body = newSyncOf(org, { destination: own.form() });
  const tried = await api.ask('POST', '/api/v1/syncs?dry_run=true', body);
  assert.equal(tried.status, 200, JSON.stringify(tried.body));
  assert.deepEqual(await relationsIn(own.superuser, 'salesforce'), []);
  const made = await api.ask('POST', '/api/v1/syncs', body);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { hostname, port } = new URL(own.url);
  const url = `postgres://${hostname}:${port}/${own.name}?sslmode=disable`;
  assert.deepEqual(made.body.mirror, { url, table_schema: 'salesforce', kind: 'own', tunnel: null });

  const again = await api.ask('POST', '/api/v1/syncs', { ...body, name: 'other' });
  assert.deepEqual([again.status, again.body.code], [422, 'DB-21']);
  const queried = await api.ask('POST', '/api/v1/syncs/acme/query', {
    query: 'SELECT count(*) FROM account',
  });
  assert.deepEqual(queried.body.rows, [['0']]);

  const reader = await api.ask('POST', '/api/v1/syncs/acme/readers', { name: 'reports' });
  assert.deepEqual([reader.status, reader.body.kind], [403, 'not allowed']);
  const statements = (reader.body.lines as string[]).join('\n').replace('…', 'a-password');
  await own.owner.script(statements);
  const { items } = (await api.ask('GET', '/api/v1/syncs/acme/readers')).body;
  assert.deepEqual(items, [{ name: 'reports', login: `${own.prefix}_ro_reports` }]);
  const asReports = new URL(own.url);
  [asReports.username, asReports.password] = [`${own.prefix}_ro_reports`, 'a-password'];
  const reports = openDatabase({ url: asReports.href, applicationName: 'test', connectionsMax: 1 });
  assert.deepEqual(await reports.query(sql`SELECT id FROM salesforce.account`), []);
  await assert.rejects(reports.query(sql`CREATE TABLE mine (id text)`), { code: '25006' });
  await reports.end();

  await own.superuser.script('CREATE VIEW public.names AS SELECT name FROM salesforce.account');
  const held = await api.ask('DELETE', '/api/v1/syncs/acme');
  assert.deepEqual([held.status, held.body.code], [503, 'DB-24'], JSON.stringify(held.body));
  assert.match(String(held.body.detail), /names/);
  await own.superuser.script('DROP VIEW public.names');
  const { status, body: deletion } = await api.ask('DELETE', '/api/v1/syncs/acme');
  assert.equal(status, 200, JSON.stringify(deletion));
  assert.match(String(deletion.keeps), /the database own_\w+ at .* itself, with all other tables/);
  const schemas = await own.superuser.query(
    sql`SELECT FROM pg_namespace WHERE nspname IN ('salesforce', '_lockstep')`,
  );
  assert.deepEqual(schemas, []);
});

test('a sync is deleted without its mirror if its database is gone for good', async () => {
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  const own = await openOwnDatabase();
  assert.equal(
    (await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { destination: own.form() }))).status,
    201,
  );
  const { url, readerUrl } = own;
  await own[Symbol.asyncDispose]();
  const { body: seen } = await api.ask('GET', '/api/v1/syncs/acme');
  assert.match(JSON.stringify(seen.mirror_fault), /DB-03|CFG-01/);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/acme')).status >= 400, true);
  const deleted = await api.ask('DELETE', '/api/v1/syncs/acme?keep_mirror=true');
  assert.equal(deleted.status, 200, JSON.stringify(deleted.body));
  assert.equal((await api.ask('GET', '/api/v1/syncs/acme')).status, 404);
  for (const secret of [url, readerUrl].map((one) => new URL(one).password))
    assert.ok(!api.control.log.text().includes(secret));
});
