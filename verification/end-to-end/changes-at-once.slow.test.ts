/** Two people change one sync at the same moment, through two servers: what becomes of it is one of the two orders. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { type ApiAnswer, type ApiHarness, newSyncOf, openApiOn } from '@lockstep/harness/api-harness';
import { openTestControl, type TestControl } from '@lockstep/harness/control';
import { holdLock } from '@lockstep/harness/held-lock';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { type OwnDatabaseHarness, openOwnDatabase } from '@lockstep/harness/own-database';
import { webTokens } from '@lockstep/harness/sign-in';
import { beginDeleting, findSync } from 'lockstep/control';

const undo = new AsyncDisposableStack();
let org: TestOrg;
let control: TestControl;
let servers: readonly [ApiHarness, ApiHarness];
let refreshToken: string;

before(async () => {
  org = undo.use(await startOrg({ records: 100 }));
  control = undo.use(await openTestControl());
  const hosts = [new URL(org.url).host];
  const another = { ...control, control: await control.openAnother() };
  servers = [undo.use(await openApiOn(control, hosts)), undo.use(await openApiOn(another, hosts))];
  refreshToken = (await webTokens(org, { scope: 'api refresh_token' })).refresh_token ?? '';
});
after(() => undo.disposeAsync());

/** A sync as its settings, its objects and its catalogue say. Null: there is none. */
interface State {
  intervalMs: unknown;
  stopAtPercent: unknown;
  paused: unknown;
  leftOut: readonly string[];
  objects: readonly string[];
  /** Removed and not yet let go, with what becomes of the table. */
  leaving: readonly string[];
  flow: unknown;
  version: unknown;
  onDatabaseDown: unknown;
  foreignKeys: unknown;
  /** How often the place of its mirror was replaced. */
  moves: number;
  readers: readonly string[];
  requests: number;
}

interface Change {
  ask: (api: ApiHarness, tag: string) => Promise<ApiAnswer>;
  /** What it makes of a sync; null: it is refused. */
  makes: (state: State, wasRead: State) => State | 'nothing' | null;
}

const path = '/api/v1/syncs/acme';
const patch = (body: object, change: Partial<State>): Change => ({
  ask: (api) => api.ask('PATCH', path, body),
  makes: (state) => ({ ...state, ...change }),
});
const settingsOf = (one: State) =>
  JSON.stringify([
    one.intervalMs,
    one.stopAtPercent,
    one.paused,
    one.leftOut,
    one.version,
    one.onDatabaseDown,
    one.foreignKeys,
  ]);
const patchAsRead = (body: object, change: Partial<State>): Change => ({
  ask: (api, tag) => api.ask('PATCH', path, body, { 'if-match': tag }),
  makes: (state, wasRead) => (settingsOf(state) === settingsOf(wasRead) ? { ...state, ...change } : null),
});
const leavingName = (one: string) => one.split(' ')[0] ?? '';
const add = (...objects: string[]): Change => ({
  ask: (api) => api.ask('POST', `${path}/objects`, { objects }),
  makes: (state) => {
    if (state.leaving.some((one) => objects.includes(leavingName(one)))) return null;
    return { ...state, objects: [...new Set([...state.objects, ...objects])].toSorted() };
  },
});
const remove = (sobject: string, drops = false): Change => ({
  ask: (api) => api.ask('DELETE', `${path}/objects/${sobject}?drop_table=${drops}`),
  makes: (state) => {
    if (!state.objects.includes(sobject) || state.objects.length === 1) return null;
    const objects = state.objects.filter((one) => one !== sobject);
    const table = drops ? 'drop table' : 'keep table';
    return { ...state, objects, leaving: [...state.leaving, `${sobject} ${table}`].toSorted() };
  },
});
const version = (wanted: string): Change => ({
  ask: (api) => api.ask('PUT', `${path}/api-version`, { api_version: wanted }),
  makes: (state) => ({ ...state, version: wanted }),
});

const changes: Record<string, Change> = {
  'a shorter interval': patch({ interval_ms: 1_000 }, { intervalMs: 1_000 }),
  'another interval, if it is as read': patchAsRead({ interval_ms: 2_000 }, { intervalMs: 2_000 }),
  'another share, if it is as read': patchAsRead({ stop_at_percent: 50 }, { stopAtPercent: 50 }),
  pause: patch({ paused: true }, { paused: true }),
  'forwarded writes and foreign keys': patch(
    { on_database_down: 'forward', foreign_keys: true },
    { onDatabaseDown: 'forward', foreignKeys: true },
  ),
  'fields left out': patch({ fields_left_out: ['Account.Fax'] }, { leftOut: ['Account.Fax'] }),
  'add Lead': add('Lead'),
  'add Lead and Product2': add('Lead', 'Product2'),
  'add Contact': add('Contact'),
  'remove Contact': remove('Contact'),
  'remove Contact with its table': remove('Contact', true),
  'remove Account': remove('Account'),
  'another credential': {
    ask: (api) => {
      const { clientId: client_id, clientSecret: client_secret } = org.credentials.web;
      const credential = { flow: 'refresh token', client_id, client_secret, refresh_token: refreshToken };
      return api.ask('PUT', `${path}/credential`, { credential });
    },
    makes: (state) => ({ ...state, flow: 'refresh token' }),
  },
  'version 61': version('61.0'),
  'version 62': version('62.0'),
  'a reader': {
    ask: (api) => api.ask('POST', `${path}/readers`, { name: 'app' }),
    makes: (state) =>
      state.readers.includes('app') ? null : { ...state, readers: ['app', ...state.readers].toSorted() },
  },
  'no reader': {
    ask: (api) => api.ask('DELETE', `${path}/readers/reports`),
    makes: (state) =>
      state.readers.includes('reports')
        ? { ...state, readers: state.readers.filter((one) => one !== 'reports') }
        : null,
  },
  'a flush': {
    ask: (api) => api.ask('POST', `${path}/operations`, { kind: 'flush' }),
    makes: (state) => ({ ...state, requests: state.requests + 1 }),
  },
  'a retry of what was set aside': {
    ask: (api) => api.ask('POST', `${path}/set-aside/retry`, {}),
    makes: (state) => ({ ...state, requests: state.requests + 1 }),
  },
  delete: { ask: (api) => api.ask('DELETE', path), makes: () => 'nothing' },
};

async function stateOf(): Promise<State | 'nothing'> {
  const [api] = servers;
  const { status, body } = await api.ask('GET', path);
  if (status === 404) return 'nothing';
  const { db } = control.control;
  const leaving = await db.query<{ one: string }>(sql`
    SELECT sobject || ' ' || leaving AS one FROM lockstep.stream WHERE leaving IS NOT NULL ORDER BY 1`);
  const [requests] = await db.query<{ count: number }>(sql`SELECT count(*) FROM lockstep.sync_request`);
  const [place] = await db.query<{ revision: number }>(sql`SELECT revision FROM lockstep.destination`);
  const readers = (await api.ask('GET', `${path}/readers`)).body.items as { name: string }[];
  return {
    intervalMs: body.interval_ms,
    stopAtPercent: body.stop_at_percent,
    paused: body.paused,
    leftOut: body.fields_left_out as string[],
    objects: (body.objects as string[]).toSorted(),
    leaving: leaving.map(({ one }) => one),
    flow: body.flow,
    version: body.api_version,
    onDatabaseDown: body.on_database_down,
    foreignKeys: body.foreign_keys,
    moves: place?.revision ?? 0,
    readers: readers.map(({ name }) => name),
    requests: requests?.count ?? 0,
  };
}

/** What the server still has of the sync: databases and roles. */
const leftOf = (id: string) =>
  control.control.db.query(sql`
    SELECT datname::text AS name FROM pg_database WHERE strpos(datname, ${id}) > 0
     UNION ALL SELECT rolname::text FROM pg_roles WHERE strpos(rolname, ${id}) > 0`);

/** Whether each of the two was made, and the state after them, in the order given. */
function inOrder(from: State, first: Change, second: Change): [boolean, boolean, State | 'nothing'] {
  const one = first.makes(from, from);
  if (one === 'nothing') return [true, second.makes(from, from) === 'nothing', 'nothing'];
  const two = second.makes(one ?? from, from);
  return [one !== null, two !== null, two ?? one ?? from];
}

async function assertOneOrder(
  from: State,
  tag: string,
  names: readonly [string, string],
  known = changes,
): Promise<void> {
  const [first, second] = names.map((name) => known[name]) as [Change, Change];
  const [one, two] = await Promise.all([first.ask(servers[0], tag), second.ask(servers[1], tag)]);
  const said = JSON.stringify([one, two].map(({ status, body }) => [status, body.code, body.detail]));
  for (const { status, body } of [one, two]) {
    assert.ok(status < 500, `${names.join(' and ')}: ${said}`);
    if (status >= 400) assert.notEqual(String(body.next), '', said);
  }
  const [a, b] = [inOrder(from, first, second), inOrder(from, second, first)];
  const orders = [a, [b[1], b[0], b[2]]];
  const found = [one.status < 400, two.status < 400, await stateOf()];
  assert.ok(
    orders.some((order) => JSON.stringify(order) === JSON.stringify(found)),
    `${names.join(' and ')}: ${said} leaves ${JSON.stringify(found)}, not one of ${JSON.stringify(orders)}`,
  );
}

/** A record that is set aside and, where Lockstep may make one, a reader. */
async function prepare(id: string, own: OwnDatabaseHarness | null): Promise<void> {
  const url = databaseUrl(control.database.url, { database: `lockstep_${id}` });
  await using undoing = new AsyncDisposableStack();
  const mirror = own?.superuser ?? openDatabase({ url, applicationName: 'test', connectionsMax: 1 });
  if (!own) undoing.defer(() => mirror.end());
  await mirror.script(`
    INSERT INTO _lockstep.quarantine (stream_no, id, code, record) VALUES (1, '001000000000001AAA', 'SCH-02', '{}')`);
  if (own) return;
  const reader = await servers[0].ask('POST', `${path}/readers`, { name: 'reports' });
  assert.equal(reader.status, 201, JSON.stringify(reader.body));
}

/** A sync that is gone at the end, and of which nothing is left. */
async function withSync(
  work: (from: State, tag: string) => Promise<void>,
  own: OwnDatabaseHarness | null = null,
): Promise<void> {
  const place = own ? { destination: own.form() } : {};
  const made = await servers[0].ask('POST', '/api/v1/syncs', newSyncOf(org, place));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  try {
    await prepare(String(made.body.id), own);
    const from = await stateOf();
    assert.ok(from !== 'nothing');
    await work(from, made.headers.get('etag') ?? '');
  } finally {
    const { status } = await servers[0].ask('DELETE', path);
    assert.ok(status === 200 || status === 404, String(status));
  }
  assert.deepEqual(await leftOf(String(made.body.id)), []);
}

const names = Object.keys(changes);
for (const [nth, name] of names.entries()) {
  test(`of ${name} and any other change at once, each is wholly made or refused, as in one of the two orders`, async () => {
    for (const other of names.slice(nth))
      await withSync((from, tag) => assertOneOrder(from, tag, [name, other]));
  });
}

test('of another place of the mirror and any other change at once, each is wholly made or refused', async () => {
  const isReaders = (name: string) => ['a reader', 'no reader'].includes(name); // of the database's owner there
  const others = Object.fromEntries(Object.entries(changes).filter(([name]) => !isReaders(name)));
  for (const other of [...Object.keys(others), 'another place']) {
    await using own = await openOwnDatabase();
    const known: Record<string, Change> = {
      ...others,
      'another place': {
        ask: (api) => api.ask('PUT', `${path}/destination`, own.form()),
        makes: (state) => ({ ...state, moves: state.moves + 1 }),
      },
    };
    await withSync((from, tag) => assertOneOrder(from, tag, ['another place', other], known), own);
  }
});

test('a sync that is being deleted takes no change, and every refusal says that its deletion is to be finished', async () => {
  await withSync(async (from, tag) => {
    const sync = await findSync(control.control, 'acme');
    assert.ok(sync);
    await beginDeleting(control.control, sync.id);
    // Contact is there already.
    const changing = Object.entries(changes).filter(([name]) => !['delete', 'add Contact'].includes(name));
    for (const [name, { ask }] of changing) {
      const { status, body } = await ask(servers[0], tag);
      assert.deepEqual([name, status, body.code], [name, 409, 'SYS-18']);
      assert.match(String(body.next), /lockstep sync delete --sync acme/);
    }
    assert.deepEqual(await stateOf(), { ...from, paused: true });
  });
});

test('an object that is being added while its sync is deleted leaves no table in a database of a person', async () => {
  await using own = await openOwnDatabase();
  const [api] = servers;
  const made = await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { destination: own.form() }));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await using lock = await holdLock(own.superuser, 'LOCK TABLE _lockstep.checkpoint IN EXCLUSIVE MODE');
  const adding = api.ask('POST', `${path}/objects`, { objects: ['Lead'] });
  await lock.untilSomebodyWaits();
  const deleting = servers[1].ask('DELETE', path);
  while ((await findSync(control.control, 'acme'))?.isDeleting === false) await systemClock.sleep(10);
  await systemClock.sleep(300); // long enough for a deletion that does not wait
  await lock.release();
  const [added, deleted] = await Promise.all([adding, deleting]);
  assert.deepEqual([added.status, added.body.code, deleted.status], [409, 'SYS-18', 200]);
  const left = await own.superuser.query(sql`
    SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('salesforce', '_lockstep')`);
  assert.deepEqual(left, []);
});

/** Two creations at once, each with a key; returns the ids that they had, besides their answers. */
async function createBoth(wanted: (nth: number) => object) {
  const keys = servers.map(() => randomUUID());
  const both = await Promise.all(
    servers.map((api, nth) =>
      api.ask('POST', '/api/v1/syncs', wanted(nth), { 'idempotency-key': keys[nth] ?? '' }),
    ),
  );
  const rows = await control.control.db.query<{ id: string }>(
    sql`SELECT subject AS id FROM lockstep.idempotency_key WHERE key = ANY(${keys}::text[])`,
  );
  const made = both.filter(({ status }) => status === 201).map(({ body }) => String(body.id));
  const said = JSON.stringify(both.map(({ status, body }) => [status, body.code, body.detail]));
  return { made, said, codes: both.map(({ body }) => body.code), ids: rows.map(({ id }) => id) };
}

test('of two creations of one name at once one is made, and nothing is left of the other', async () => {
  const { made, said, codes, ids } = await createBoth(() => newSyncOf(org));
  assert.deepEqual([made.length, ids.length], [1, 2], said);
  assert.ok(codes.includes('CFG-03'), said);
  for (const id of ids) assert.equal((await leftOf(id)).length, made.includes(id) ? 5 : 0, said);
  assert.equal((await servers[0].ask('DELETE', path)).status, 200);
});

test('of two creations in one database of a person at once one is made, with all its tables', async () => {
  await using own = await openOwnDatabase();
  const { made, said } = await createBoth((nth) =>
    newSyncOf(org, { name: `acme ${nth}`, destination: own.form() }),
  );
  assert.equal(made.length, 1, said);
  assert.doesNotMatch(said, /SYS-15/);
  const tables = await own.superuser.query(sql`
    SELECT relname::text AS name FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'salesforce'::regnamespace ORDER BY 1`);
  assert.deepEqual(tables, [{ name: 'account' }, { name: 'contact' }]);
  assert.equal((await servers[0].ask('DELETE', `/api/v1/syncs/${made[0]}`)).status, 200);
});

test('of two deletions of one key pair at once, one is done and the other finds none', async () => {
  const [api] = servers;
  assert.equal((await api.ask('POST', '/api/v1/jwt-keys', { name: 'pair' })).status, 201);
  const both = await Promise.all(servers.map((one) => one.ask('DELETE', '/api/v1/jwt-keys/pair')));
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [204, 404],
  );
});

test('of another org’s records and any other change at once, none is half made', async () => {
  for (const name of [...names, 'another copy']) {
    await withSync(async (_, tag) => {
      const recopy = (api: ApiHarness) => api.ask('POST', `${path}/recopy`, {});
      await org.control('/org/changeId', {});
      const both = await Promise.all([recopy(servers[0]), (changes[name]?.ask ?? recopy)(servers[1], tag)]);
      const said = `${name}: ${JSON.stringify(both.map(({ status, body }) => [status, body.code, body.detail]))}`;
      assert.ok(
        both.every(({ status }) => status < 500),
        said,
      );
      const again = await recopy(servers[0]); // refused if it was done
      if (again.status === 404) return assert.equal(name, 'delete');
      const sync = await findSync(control.control, 'acme');
      assert.deepEqual(
        [again.status === 200 || again.status === 409, sync?.isRecopying],
        [true, false],
        said,
      );
      const { status } = await servers[0].ask('PATCH', path, { interval_ms: 5_000 });
      assert.equal(status, 200, said);
    });
  }
});
