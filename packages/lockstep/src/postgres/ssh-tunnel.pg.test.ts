/** Connections to a database through an SSH server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { testServerUrl } from '@lockstep/harness/database';
import { openOpenSsh, openSshServer, type TunnelForm } from '@lockstep/harness/ssh-server';
import type { Tunnel } from '../core/own-database.ts';
import { checkDestination } from './destination-checks.ts';
import { databaseFault } from './faults.ts';
import { addressOf } from './own-address.ts';

const never = new AbortController().signal;
const server = new URL(testServerUrl());
const login = { user: decodeURIComponent(server.username), password: decodeURIComponent(server.password) };

const tunnelOf = ({ host_key: hostKey, ...form }: TunnelForm): Tunnel => ({ ...form, hostKey });
const behind = (tunnel: Tunnel, change: { port?: number } = {}) => ({
  host: server.hostname,
  port: Number(server.port),
  database: server.pathname.slice(1),
  tls: 'off' as const,
  ca: null,
  tunnel,
  ...change,
});

function openThrough(tunnel: Tunnel, change: { port?: number; connectionsMax?: number } = {}) {
  const { connectionsMax = 4, ...place } = change;
  const address = addressOf(behind(tunnel, place), login);
  return openDatabase({ ...address, applicationName: 'test tunnel', connectionsMax });
}

/** The fault of the first connection. */
async function faultOf(tunnel: Tunnel, change: { port?: number } = {}) {
  const db = openThrough(tunnel, change);
  try {
    await db.query(sql`SELECT`);
  } catch (error) {
    const fault = databaseFault(error, 'the database');
    return { code: fault?.code, message: fault?.message };
  } finally {
    await db.end();
  }
  return null;
}

async function untilNone(count: () => number): Promise<void> {
  for (let tries = 0; count() > 0 && tries < 100; tries++) await systemClock.sleep(20);
  assert.equal(count(), 0);
}

test('all connections to an address share one tunnel, which ends with the last of them', async () => {
  await using ssh = await openSshServer();
  const db = openThrough(tunnelOf(ssh.form));
  const rows = await Promise.all(
    Array.from({ length: 4 }, () =>
      db.query<{ text: string }>(sql`SELECT repeat('x', 3000000) AS text, pg_sleep(0.1)`),
    ),
  );
  assert.deepEqual(
    rows.map(([row]) => row?.text.length),
    Array.from({ length: 4 }, () => 3_000_000),
  );
  assert.equal(ssh.clients(), 1);
  await db.end();
  await untilNone(ssh.clients);
});

test('what is large goes through in both directions, and a transaction is one connection', async () => {
  await using ssh = await openSshServer();
  const db = openThrough(tunnelOf(ssh.form));
  const large = 'é'.repeat(2_000_000);
  const back = await db.transaction(async (tx) => {
    await tx.script('CREATE TEMP TABLE kept (text text) ON COMMIT DROP');
    await tx.query(sql`INSERT INTO pg_temp.kept VALUES (${large})`);
    return tx.query<{ text: string }>(sql`SELECT text FROM pg_temp.kept`);
  });
  assert.ok(back[0]?.text === large);
  await db.end();
});

test('a server with another host key is told nothing', async () => {
  await using ssh = await openSshServer();
  await using other = await openSshServer();
  const found = await faultOf({ ...tunnelOf(ssh.form), hostKey: other.form.host_key });
  assert.equal(found?.code, 'DB-26');
  assert.ok(found?.message?.includes(ssh.form.host_key), found?.message);
  assert.match(found?.message ?? '', /another one was given/);
  const unconfirmed = await faultOf({ ...tunnelOf(ssh.form), hostKey: null });
  assert.match(unconfirmed?.message ?? '', /nobody has confirmed it/);
  assert.equal(ssh.signIns(), 0);
});

test('a key or a user that the SSH server does not know, and a database that it may not or cannot reach, are told apart', async () => {
  await using ssh = await openSshServer();
  await using other = await openSshServer();
  const tunnel = tunnelOf(ssh.form);
  assert.equal((await faultOf({ ...tunnel, key: other.form.key }))?.code, 'DB-27');
  assert.match((await faultOf({ ...tunnel, user: 'nobody' }))?.message ?? '', /let nobody in/);
  const unreachable = await faultOf(tunnel, { port: 1 });
  assert.deepEqual(
    [unreachable?.code, /127\.0\.0\.1:\d+ cannot connect/.test(unreachable?.message ?? '')],
    ['DB-02', true],
  );
  assert.equal((await faultOf({ ...tunnel, port: 1 }))?.code, 'DB-25');
  await untilNone(ssh.clients);
});

test('when the tunnel breaks, its connections end, and the next one makes it again', async () => {
  await using ssh = await openSshServer();
  const db = openThrough(tunnelOf(ssh.form), { connectionsMax: 1 });
  await db.query(sql`SELECT`);
  const waiting = assert.rejects(db.query(sql`SELECT pg_sleep(60)`), (error) => {
    assert.equal(databaseFault(error, 'the database')?.code, 'DB-02');
    return true;
  });
  await systemClock.sleep(200);
  ssh.dropClients();
  await waiting;
  assert.equal((await db.query(sql`SELECT 1`)).length, 1);
  await db.end();
});

test('the checks of a database begin with its tunnel', async () => {
  await using ssh = await openSshServer();
  const to = { writer: login, reader: login, schema: 'salesforce', sharesSchema: false };
  const look = async (tunnel: Tunnel) => {
    const checks = await checkDestination(
      { ...to, ...behind(tunnel) },
      { syncId: null, tables: [] },
      systemClock,
      never,
    );
    return checks.slice(0, 5).map(({ name, state, fault }) => `${name} ${fault?.code ?? state}`);
  };
  const tunnel = tunnelOf(ssh.form);
  assert.deepEqual(await look(tunnel), [
    'name passed',
    'tunnel passed',
    'tcp passed',
    'tls skipped',
    'sign-in passed',
  ]);
  assert.deepEqual(await look({ ...tunnel, hostKey: null }), [
    'name passed',
    'tunnel DB-26',
    'tcp skipped',
    'tls skipped',
    'sign-in skipped',
  ]);
});

test("OpenSSH's server passes connections on, and one that shows another host key is refused", async (t) => {
  await using ssh = await openOpenSsh();
  if (!ssh) return t.skip('OpenSSH is not installed');
  const tunnel = tunnelOf(ssh.form);
  const db = openThrough(tunnel);
  const texts = await Promise.all(
    Array.from({ length: 4 }, () => db.query<{ text: string }>(sql`SELECT repeat('x', 3000000) AS text`)),
  );
  assert.ok(texts.every(([row]) => row?.text.length === 3_000_000));
  await db.end();
  assert.equal((await faultOf({ ...tunnel, hostKey: `SHA256:${'A'.repeat(43)}` }))?.code, 'DB-26');
  assert.equal((await faultOf({ ...tunnel, user: 'nobody-here' }))?.code, 'DB-27');
  assert.equal((await faultOf(tunnel, { port: 1 }))?.code, 'DB-02');
  await using closed = await openOpenSsh('AllowTcpForwarding no');
  const forbidden = closed && (await faultOf(tunnelOf(closed.form)));
  assert.deepEqual([forbidden?.code, /forbids connections/.test(forbidden?.message ?? '')], ['DB-27', true]);
});
