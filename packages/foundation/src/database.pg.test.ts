import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { openTestDatabase } from '@lockstep/harness/database';
import { systemClock } from './clock.ts';
import { databaseUrl, openDatabase, sqlState } from './database.ts';
import { ident, join, literal, sql } from './sql.ts';

/** A network between a client and the server. */
interface Network extends AsyncDisposable {
  url: string;
  /** The open connections do not answer any more. */
  goSilent(): void;
  /** What the server sends on the open connections from now on arrives in one piece, once it has closed them. */
  holdBack(): void;
}

async function openNetwork(serverUrl: string): Promise<Network> {
  const { hostname, port } = new URL(serverUrl);
  const pairs = new Set<[Socket, Socket]>();
  const relay = createServer((client) => {
    const server = connect(Number(port), hostname);
    const pair: [Socket, Socket] = [client, server];
    pairs.add(pair);
    client.pipe(server).pipe(client);
    for (const socket of pair) socket.on('error', () => undefined);
    client.on('close', () => {
      server.destroy();
      pairs.delete(pair);
    });
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const url = new URL(serverUrl);
  url.port = String((relay.address() as AddressInfo).port);
  return {
    url: url.toString(),
    goSilent() {
      for (const [client, server] of pairs) {
        client.unpipe(server);
        server.unpipe(client);
        client.resume();
        server.resume();
      }
    },
    holdBack() {
      for (const [client, server] of pairs) {
        server.unpipe(client);
        const held: Buffer[] = [];
        server.on('data', (bytes: Buffer) => held.push(bytes)).resume();
        server.once('end', () => client.end(Buffer.concat(held)));
      }
    },
    async [Symbol.asyncDispose]() {
      for (const [client] of pairs) client.destroy();
      relay.close();
      await once(relay, 'close');
    },
  };
}

test('a connection that stops answering is given up, and the next transaction gets another', async () => {
  await using database = await openTestDatabase();
  await using network = await openNetwork(database.url);
  const db = openDatabase({
    url: network.url,
    applicationName: 'test',
    connectionsMax: 1,
    statementTimeoutMs: 500,
  });
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.query(sql`SELECT 1`);
      network.goSilent();
      await tx.query(sql`SELECT 2`);
    }),
    /timeout/,
  );
  assert.deepEqual(await db.transaction((tx) => tx.query(sql`SELECT 3 AS three`)), [{ three: 3 }]);
  await db.end();
});

test('when the server ends a connection, its query fails and the process does not', async () => {
  await using database = await openTestDatabase();
  const db = openDatabase({ url: database.url, applicationName: 'test ended', connectionsMax: 1 });
  const ended = db.transaction(async (tx) => {
    const [own] = await tx.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
    await database.db.query(sql`SELECT pg_terminate_backend(${own?.pid}::integer, 5000)`);
    await tx.query(sql`SELECT 1`);
  });
  await assert.rejects(ended);
  assert.deepEqual(await db.query(sql`SELECT 1 AS one`), [{ one: 1 }]);
  await db.end();
});

test('when a connection ends as it is handed on, its next query fails and the process does not', async () => {
  await using database = await openTestDatabase();
  await using network = await openNetwork(database.url);
  const db = openDatabase({ url: network.url, applicationName: 'test handed on', connectionsMax: 1 });
  const [own] = await db.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
  network.holdBack();
  const first = db.query(sql`SELECT 1 AS one`);
  const second = db.transaction((tx) => tx.query(sql`SELECT 2 AS two`));
  const ended = assert.rejects(second, /57P01|terminat|not queryable/);
  const isAnswered = sql`
    SELECT FROM pg_stat_activity WHERE pid = ${own?.pid}::integer AND state = 'idle' AND query LIKE '%one%'`;
  while ((await database.db.query(isAnswered)).length === 0) await systemClock.sleep(10);
  await database.db.query(sql`SELECT pg_terminate_backend(${own?.pid}::integer, 5000)`);
  assert.deepEqual(await first, [{ one: 1 }]);
  await ended;
  assert.deepEqual(await db.query(sql`SELECT 3 AS three`), [{ three: 3 }]);
  await db.end();
});

test('a transaction that fails changes nothing, and a failed COMMIT is no success', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  await db.script('CREATE TABLE public.kept (id integer PRIMARY KEY)');
  const failing = db.transaction(async (tx) => {
    await tx.query(sql`INSERT INTO public.kept VALUES (1)`);
    await tx.query(sql`INSERT INTO public.kept VALUES (1)`).catch(() => undefined);
  });
  await assert.rejects(failing, /rolled back/);
  assert.deepEqual(await db.query(sql`SELECT id FROM public.kept`), []);
});

test('numbers keep their digits and times their microseconds', async () => {
  await using database = await openTestDatabase();
  const [row] = await database.db.query(sql`
    SELECT 9007199254740993.10::numeric AS number, '2024-01-02 03:04:05.123456+00'::timestamptz AS at,
           42::bigint AS count, ARRAY[1, 2]::smallint[] AS list, true AS yes, '{"a": 1}'::jsonb AS json`);
  assert.deepEqual(row, {
    number: '9007199254740993.10',
    at: '2024-01-02 03:04:05.123456+00',
    count: 42,
    list: [1, 2],
    yes: true,
    json: { a: 1 },
  });
});

test('a name or a literal stays one, whatever characters it contains', async () => {
  await using database = await openTestDatabase();
  const odd = `a"b'c\\d; DROP TABLE x --`;
  const [row] = await database.db.query(
    sql`SELECT ${join([sql`${literal(odd)} AS ${ident(odd)}`, sql`${odd}::text AS given`])}`,
  );
  assert.deepEqual(row, { [odd]: odd, given: odd });
});

test('only what the server reports is a SQLSTATE', () => {
  assert.equal(sqlState({ code: '23505' }), '23505');
  assert.equal(sqlState({ code: 'EPIPE' }), undefined);
  assert.equal(sqlState({ code: 'ECONNREFUSED' }), undefined);
  assert.equal(sqlState(null), undefined);
});

test('the login of a URL can be changed, even if it names a socket folder', () => {
  const change = { database: 'other', user: 'ro', password: 'p@ss/word' };
  assert.equal(
    databaseUrl('postgres://a:b@h:1/x?sslmode=require', change),
    'postgres://ro:p%40ss%2Fword@h:1/other?sslmode=require',
  );
  assert.match(
    databaseUrl('postgres:///x?host=/run/pg', change),
    /^postgres:\/\/ro:p%40ss%2Fword@localhost\/other\?host=/,
  );
});

test('a copy passes on the bytes of each row, waits when asked to, and leaves the session usable', async () => {
  await using database = await openTestDatabase();
  const session = await database.db.session();
  const rows: string[] = [];
  let pauses = 0;
  const long = 'x'.repeat(200_000);
  const statement = sql`COPY (SELECT n, ${"it's \\ ä"}::text, ${long}::text, ${true}::boolean, ${null}::text
                               FROM generate_series(1, ${50}) AS n) TO STDOUT (FORMAT csv, FORCE_QUOTE *)`;
  await session.copyOut(statement, (bytes, start, end) => {
    rows.push(bytes.toString('utf8', start, end));
    pauses += 1;
    return new Promise((resolve) => setImmediate(resolve));
  });
  assert.equal(pauses, 50);
  assert.deepEqual(
    rows,
    Array.from({ length: 50 }, (_, i) => `"${i + 1}","it's \\ ä","${long}","t",\n`),
  );
  assert.deepEqual(await session.query(sql`SELECT 1 AS one`), [{ one: 1 }]);
  await session.close();
});

test('a copy that fails in the server or in its reader says why', async () => {
  await using database = await openTestDatabase();
  const session = await database.db.session();
  const copy = (rows: string) =>
    sql`COPY (SELECT 1 / (3 - n) FROM generate_series(1, ${rows}) AS n) TO STDOUT`;
  const seen: number[] = [];
  const failing = session.copyOut(copy('5'), (_bytes, start) => void seen.push(start));
  await assert.rejects(failing, (error) => sqlState(error) === '22012');
  assert.equal(seen.length, 2);
  assert.deepEqual(await session.query(sql`SELECT 1 AS one`), [{ one: 1 }]);

  const full = session.copyOut(copy('2'), () => Promise.reject(new Error('the disk is full')));
  await assert.rejects(full, /the disk is full/);
  await session.close();
});

test('a query read by a cursor leaves no timer behind, whether it succeeds or not', async () => {
  await using database = await openTestDatabase();
  const db = openDatabase({ url: database.url, applicationName: 'test' });
  const limits = { rowsMax: 2, charactersMax: 1_000 };
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  await db.queryAsText('SELECT 1', limits);
  const before = timers();
  await db.queryAsText('SELECT 1', limits);
  await db.queryAsText('SELECT generate_series(1, 100)', limits);
  await assert.rejects(db.queryAsText('SELECT 1 / 0', limits));
  assert.ok(timers() <= before, `${timers()} timers instead of ${before}`);
  await db.end();
});
