/** What SQL, the org and the catalogue show after each step in the life of a sync, whoever has done it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { systemClock } from '@lockstep/foundation/clock';
import { type Database, openDatabase } from '@lockstep/foundation/database';
import { ident, literal, sql } from '@lockstep/foundation/sql';
import { accountIn, changeInOrg, isRead, type Life, pictureOf, untilTrue } from './whole-life.ts';

type Work = (life: Life) => Promise<void>;
type Sync = Record<string, unknown>;

const syncOf = async (life: Life): Promise<Sync> => (await life.ask('GET', '/syncs/acme')).body;
const countInOrg = async ({ org }: Life, sobject: string): Promise<number> => {
  const soql = encodeURIComponent(`SELECT COUNT() FROM ${sobject}`);
  const { json } = await org.request('GET', `/services/data/v62.0/query?q=${soql}`);
  return (json as { totalSize: number }).totalSize;
};
const countsAreEqual = async (life: Life, sobject: string): Promise<void> => {
  const table = ident(sobject.toLowerCase());
  const [row] = await life.query<{ rows: number }>(
    sql`SELECT count(*)::integer AS rows FROM salesforce.${table} WHERE NOT isdeleted`,
  );
  assert.equal(row?.rows, await countInOrg(life, sobject), sobject);
};
const tablesOf = async (life: Life) => ((await pictureOf(life)) as { tables: string[] }).tables;

/** What happens just before a step. */
export const before: Readonly<Record<string, Work>> = {
  'leave a field out': (life) => isRead(life, 'before', { Description: 'seen' }),
  'read all changes now': (life) => changeInOrg(life, { Name: 'flushed' }),
  async 'compare with Salesforce'(life) {
    const old = sql`SELECT id FROM salesforce.contact ORDER BY systemmodstamp LIMIT 1`;
    await life.query(sql`UPDATE salesforce.contact SET lastname = 'Edited by hand' WHERE id = (${old})`);
  },
  async 'move the database'(life) {
    if (life.kind === 'private') return;
    const password = randomBytes(8).toString('hex');
    const writer = new URL(life.own.url).username;
    await life.own.owner.query(sql`ALTER ROLE ${ident(writer)} PASSWORD ${literal(password)}`);
    const url = new URL(life.own.url);
    url.password = password;
    life.own.url = url.href;
  },
};

/** Of each step on the page. */
export const shown: Readonly<Record<string, Work>> = {
  async try(life) {
    assert.deepEqual((await life.ask('GET', '/syncs')).body.items, []);
    if (life.kind === 'own') assert.deepEqual(await tablesOf(life), []);
  },
  async create(life) {
    assert.deepEqual(await tablesOf(life), ['account', 'contact']);
  },
  async copy(life) {
    for (const sobject of ['Account', 'Contact']) await countsAreEqual(life, sobject);
  },
  check: (life) => isRead(life, 'checked'),
  'the org': () => Promise.resolve(),
  async pace(life) {
    const { interval_ms, stop_at_percent } = await syncOf(life);
    assert.deepEqual([interval_ms, stop_at_percent], [500, 80]);
  },
  async 'leave a field out'(life) {
    const isOut = sql`SELECT count(*) = 1 FROM _lockstep.column WHERE left_out AND field = 'Description' AND NOT ready`;
    await untilTrue(life, isOut, 'the field is left out');
    await isRead(life, 'without it', { Description: 'not seen' });
    assert.deepEqual(await descriptionOf(life), 'seen');
  },
  async 'take it in again'(life) {
    const isReady = sql`SELECT count(*) = 0 FROM _lockstep.column WHERE left_out OR NOT ready`;
    await untilTrue(life, isReady, 'the field is filled');
    assert.deepEqual(await descriptionOf(life), 'not seen');
  },
  async pause(life) {
    await changeInOrg(life, { Name: 'meanwhile' });
    await systemClock.sleep(1_500);
    assert.deepEqual(await life.query(sql`SELECT FROM salesforce.account WHERE name = 'meanwhile'`), []);
    assert.equal((await syncOf(life)).state, 'paused');
    await isWrittenByProxy(life, 'written while it is paused', life.query);
  },
  resume: (life) => isRead(life, 'resumed'),
  'make a key pair': () => Promise.resolve(),
  'list key pairs': () => Promise.resolve(),
  async 'replace the credential'(life) {
    assert.equal((await syncOf(life)).flow, 'jwt bearer');
    await isRead(life, 'read by another credential');
  },
  async 'delete the key pair'(life) {
    assert.deepEqual((await life.ask('GET', '/jwt-keys')).body.items, []);
    await life.org.control('/signIn/expireTokens', { user: 'integration' });
    await isRead(life, 'signed in again, without the key pair');
  },
  async 'change the API version'(life) {
    assert.equal((await syncOf(life)).api_version, '62.0');
    await isRead(life, 'read by another version');
  },
  'find objects': () => Promise.resolve(),
  'see fields': () => Promise.resolve(),
  async 'add objects'(life) {
    const areCurrent = sql`SELECT count(*) = 2 FROM _lockstep.status
       WHERE sobject IN ('Lead', 'Opportunity') AND state = 'current'`;
    await untilTrue(life, areCurrent, 'the added objects are copied');
    for (const sobject of ['Lead', 'Opportunity']) await countsAreEqual(life, sobject);
  },
  async 'remove an object'(life) {
    const isGone = sql`SELECT to_regclass('salesforce.lead') IS NULL`;
    await untilTrue(life, isGone, 'the table is dropped');
    assert.deepEqual((await syncOf(life)).objects, ['Account', 'Contact', 'Opportunity']);
    assert.deepEqual(await tablesOf(life), ['account', 'contact', 'opportunity']);
  },
  async 'remove one, keep its table'(life) {
    assert.deepEqual((await syncOf(life)).objects, ['Account', 'Contact']);
    assert.deepEqual(await tablesOf(life), ['account', 'contact', 'opportunity']);
  },
  'make a login': () => Promise.resolve(),
  'list logins': () => Promise.resolve(),
  async 'drop the login'(life) {
    const { body } = await life.ask('GET', '/syncs/acme/readers');
    assert.ok(!JSON.stringify(body.items).includes('reports'));
  },
  async 'read all changes now'(life) {
    assert.equal((await life.query(sql`SELECT FROM salesforce.account WHERE name = 'flushed'`)).length, 1);
  },
  async 'compare with Salesforce'(life) {
    const edited = sql`SELECT FROM salesforce.contact WHERE lastname = 'Edited by hand'`;
    assert.deepEqual(await life.query(edited), []);
  },
  query: () => Promise.resolve(),
  'proxied requests': () => Promise.resolve(),
  'requests spent': () => Promise.resolve(),
  freshness: () => Promise.resolve(),
  'what happened': () => Promise.resolve(),
  'move the database': (life) => isRead(life, 'after the move'),
  async delete(life) {
    assert.deepEqual((await life.ask('GET', '/syncs')).body.items, []);
  },
  'who did it': () => Promise.resolve(),
};

async function descriptionOf(life: Life): Promise<unknown> {
  const id = await accountIn(life);
  const [row] = await life.query<{ description: unknown }>(
    sql`SELECT description FROM salesforce.account WHERE id = ${id}`,
  );
  return row?.description;
}

/** A caller's write, which one query right after its answer has to show. */
export async function isWrittenByProxy(life: Life, name: string, query: Life['query']): Promise<void> {
  const { base_url } = await syncOf(life);
  const answer = await fetch(
    `${String(base_url)}/services/data/v62.0/sobjects/Account/${await accountIn(life)}`,
    {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${await life.org.token('demo')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ Name: name }),
    },
  );
  assert.deepEqual(
    [answer.status, answer.headers.get('lockstep-applied')],
    [204, 'yes'],
    await answer.text(),
  );
  assert.equal((await query(sql`SELECT FROM salesforce.account WHERE name = ${name}`)).length, 1);
}

/** An application with this login sees a write at once, and can write nothing itself. */
export async function readsAs(life: Life, url: string): Promise<void> {
  await using reader = asReader(url);
  await isWrittenByProxy(life, 'seen by the application', (statement) => reader.db.query(statement));
  await assert.rejects(reader.db.query(sql`DELETE FROM salesforce.account`), { code: /25006|42501/ });
}

export async function isShutOut(url: string): Promise<void> {
  await using reader = asReader(url);
  await assert.rejects(reader.db.query(sql`SELECT`), { code: /28P01|28000/ });
}

function asReader(url: string): AsyncDisposable & { db: Database } {
  const db = openDatabase({ url, applicationName: 'reports', connectionsMax: 1 });
  return { db, [Symbol.asyncDispose]: () => db.end() };
}

/** What its answer names as statements for the owner of a database, run by the owner; the login's address. */
export async function readerByItsOwner(life: Life, statements: string): Promise<string> {
  await life.own.owner.script(statements.replace('…', 'a-password'));
  const url = new URL(life.own.readerUrl);
  [url.username, url.password] = [`${life.own.prefix}_ro_reports`, 'a-password'];
  return url.href;
}

/** After the deletion, by the catalogue: nothing but what its answer has named, which a person then removes. */
export async function nothingIsLeft(life: Life, { id, base_url }: Sync): Promise<void> {
  const { status, headers } = await fetch(`${String(base_url)}/services/data`);
  assert.deepEqual([status, headers.get('lockstep-error')], [404, 'PRX-01']);
  const mine = `lockstep_${String(id)}`;
  const left = await life.own.superuser.query(sql`
    SELECT datname::text AS name FROM pg_database WHERE starts_with(datname, ${mine})
     UNION ALL SELECT rolname::text FROM pg_roles WHERE starts_with(rolname, ${mine})`);
  assert.deepEqual(left, []);
  if (life.kind === 'private') return;
  const relations = await life.own.superuser.query<{ name: string }>(sql`
    SELECT relname::text AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'v', 'm', 'S') AND nspname IN ('salesforce', '_lockstep')`);
  assert.deepEqual(relations, [{ name: 'opportunity' }], 'the table that was kept');
  await life.own.owner.script(life.own.undo);
  const roles = await life.own.superuser.query(
    sql`SELECT rolname FROM pg_roles WHERE starts_with(rolname, ${life.own.prefix})`,
  );
  assert.deepEqual(roles, []);
}
