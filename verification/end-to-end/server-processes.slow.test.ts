import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { certificateOf } from '@lockstep/harness/certificate';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { type CalledServer, openServerProcess, startServerProcess } from '@lockstep/harness/server-process';

const accounts = `${dataPath}/sobjects/Account`;
const small = { org: { records: 300 }, sobjects: ['Account'] };

async function create(server: CalledServer, name: string): Promise<string> {
  const answer = await server.call('POST', accounts, { Name: name });
  assert.equal(answer.status, 201, answer.text);
  return (JSON.parse(answer.text) as { id: string }).id;
}

const nameInMirror = async (harness: EndToEndHarness, id: string) => {
  const [row] = await harness.reader.query<{ name: string }>(
    sql`SELECT name FROM salesforce.account WHERE id = ${id}`,
  );
  return row?.name;
};

const openIntents = async (harness: EndToEndHarness) => {
  const [row] = await harness.admin.query<{ open: number }>(
    sql`SELECT count(*)::integer AS open FROM _lockstep.intent WHERE outcome IS NULL`,
  );
  return row?.open;
};

test('a server that is told to stop answers every write under way, after a load balancer has seen that it is not ready', async () => {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openEndToEndHarness(small));
  const server = await startServerProcess(harness, undo);
  const ids = [await create(server, 'First'), await create(server, 'Second')];
  const ready = () => fetch(`${server.proxyUrl}/readyz`, { headers: { connection: 'close' } });
  assert.equal((await ready()).status, 200);
  const metrics = await (await fetch(server.metricsUrl)).text();
  const counted = `lockstep_proxy_requests_total{sync="${harness.sync.id}",method="POST",outcome="yes"} 2`;
  assert(metrics.includes(counted), metrics);

  const hanging = await armFault(harness.org, {
    match: { method: 'PATCH' },
    times: null,
    effect: { hang: 'before' },
  });
  const writes = Array.from({ length: 8 }, (_, turn) =>
    server.call('PATCH', `${accounts}/${ids[turn % 2]}`, { Name: `Changed ${turn}` }),
  );
  await hanging.untilFired(8);
  const ended = server.end('SIGTERM');

  let answer = await ready();
  while (answer.status === 200) answer = await ready();
  assert.equal(answer.status, 503);
  assert.deepEqual(await answer.json(), ['The proxy is being stopped.']);
  while (!(await isRefused(server))) await systemClock.sleep(50);
  assert.equal(await openIntents(harness), 8);

  await hanging.end();
  for (const { status, headers } of await Promise.all(writes)) {
    assert.equal(status, 204);
    assert.equal(headers.get('lockstep-applied'), 'yes');
  }
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
  assert.equal(await openIntents(harness), 0);
  for (const id of ids) assert.match((await nameInMirror(harness, id)) ?? '', /^Changed \d$/);
});

/** Whether nothing listens at the proxy's address any more. */
async function isRefused({ proxyUrl }: CalledServer): Promise<boolean> {
  const { hostname, port } = new URL(proxyUrl);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

test('either of two servers for one sync shows a write before its answer, and one recovers what the other left', async () => {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openEndToEndHarness(small));
  const [one, other] = await Promise.all([
    startServerProcess(harness, undo),
    startServerProcess(harness, undo),
  ]);

  const applied: (string | null)[] = [];
  const client = async (number: number) => {
    const id = await create(number % 2 === 0 ? one : other, `Client ${number}`);
    for (let turn = 0; turn < 12; turn++) {
      const name = `Client ${number}, turn ${turn}`;
      const server = (number + turn) % 2 === 0 ? one : other;
      const { status, headers } = await server.call('PATCH', `${accounts}/${id}`, { Name: name });
      assert.equal(status, 204);
      applied.push(headers.get('lockstep-applied'));
      if (applied.at(-1) === 'yes') assert.equal(await nameInMirror(harness, id), name);
    }
  };
  await Promise.all([0, 1, 2, 3].map(client));
  assert.equal(applied.length, 48);
  assert.deepEqual([...new Set(applied)], ['yes']);

  const lost = await create(one, 'Before');
  const untouched = await create(other, 'Before');
  const hanging = await armFault(harness.org, {
    match: { method: 'PATCH', path: `*/Account/${lost}` },
    effect: { hang: 'after' },
  });
  const cutOff = assert.rejects(one.call('PATCH', `${accounts}/${lost}`, { Name: 'After' }));
  await hanging.untilFired();
  assert.equal(await openIntents(harness), 1);
  await one.end('SIGKILL');
  await cutOff;

  const goesOn = await other.call('PATCH', `${accounts}/${untouched}`, { Name: 'After' });
  assert.equal(goesOn.status, 204);
  assert.equal(goesOn.headers.get('lockstep-applied'), 'yes');
  assert.equal(await nameInMirror(harness, untouched), 'After');
  await harness.until(
    sql`SELECT name = 'After' FROM salesforce.account WHERE id = ${lost}`,
    'the write whose server was killed is in the mirror',
  );
  while ((await openIntents(harness)) !== 0) await systemClock.sleep(100);
  const { code, stderr } = await other.end('SIGTERM');
  assert.equal(code, 0, stderr);
});

test('a server with a certificate gives its proxy an https URL, and serves it', async () => {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openEndToEndHarness(small));
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-certificate-'));
  undo.defer(() => rm(folder, { recursive: true }));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await writeFile(files.cert, certificateOf(keys));
  await writeFile(files.key, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const server = await startServerProcess(harness, undo, {
    LOCKSTEP_PROXY_TLS_CERT: files.cert,
    LOCKSTEP_PROXY_TLS_KEY: files.key,
    LOCKSTEP_PROXY_PUBLIC_HOST: 'sync.example.com',
    LOCKSTEP_TRUSTED_PROXIES: '127.0.0.1',
  });
  const { protocol, hostname, port } = new URL(server.proxyUrl);
  assert.equal(protocol, 'https:');
  const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const headers = [
    'Host: inner',
    `X-Forwarded-Host: ${harness.sync.id}.sync.example.com`,
    'Connection: close',
  ];
  const authorization = `Authorization: Bearer ${await harness.org.token('demo')}`;
  socket.write([`GET ${dataPath}/limits HTTP/1.1`, authorization, ...headers, '', ''].join('\r\n'));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 200 /);
  socket.destroy();
  assert.equal((await server.end('SIGTERM')).code, 0);
});

test('a server whose port was taken listens at the same address after a restart, even if the port is free again', async () => {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openEndToEndHarness(small));
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const server = undo.use(
    await openServerProcess({
      controlUrl: harness.control.database.url,
      key: harness.control.keyBytes,
      allowHosts: [new URL(harness.org.url).host],
      environment: { LOCKSTEP_PROXY_PORT: String(port) },
    }),
  );
  await server.start();
  const first = server.url;
  assert.notEqual(new URL(first ?? '').port, String(port));
  const { stderr } = await server.end('SIGTERM');
  assert.match(stderr, new RegExp(`The proxy listens on port \\d+, because ${port} is taken`));
  taken.close();
  await once(taken, 'close');

  await server.start();
  assert.equal(server.url, first);
});
