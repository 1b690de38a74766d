/** Hosts that cannot be reached or trusted. Each gives one clear fault, and no byte of a request is sent to it. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, test } from 'node:test';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { systemClock } from '@lockstep/foundation/clock';
import { certificateOf } from '@lockstep/harness/certificate';
import { openTestLog } from '@lockstep/harness/control';
import { Fault } from 'lockstep/core/faults';
import { openSalesforce, ownSessionStore } from 'lockstep/salesforce';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
const lasting = certificateOf(keys);
const expired = certificateOf(keys, '21');

const trusted = getCACertificates('default');
after(() => setDefaultCACertificates(trusted));

/** The fault of a sign-in at this address. */
async function faultOfSignIn(loginUrl: string): Promise<Fault> {
  const { host } = new URL(loginUrl);
  const salesforce = openSalesforce({
    store: ownSessionStore({
      loginUrl,
      credential: { flow: 'client credentials', clientId: 'client id', clientSecret: 'client secret' },
    }),
    allowHosts: [host],
    apiVersion: '62.0',
    clock: systemClock,
    log: openTestLog().log,
  });
  try {
    const outcome = await salesforce.identity(new AbortController().signal).catch((error: unknown) => error);
    assert.ok(outcome instanceof Fault);
    return outcome;
  } finally {
    await salesforce.close();
  }
}

for (const { what, cert, trusts, reason } of [
  { what: 'from an unknown issuer', cert: lasting, trusts: [], reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  { what: 'that has expired', cert: expired, trusts: [expired], reason: 'CERT_HAS_EXPIRED' },
  { what: 'of another host', cert: lasting, trusts: [lasting], reason: 'ERR_TLS_CERT_ALTNAME_INVALID' },
]) {
  test(`the fault for a host with a certificate ${what} names host and reason, and nothing is sent`, async () => {
    setDefaultCACertificates([...trusted, ...trusts]);
    let heard = 0;
    const server = createServer({ key, cert }, (socket) => {
      socket.on('data', ({ length }) => {
        heard += length;
      });
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const fault = await faultOfSignIn(`https://${host}`);
    assert.deepEqual([fault.code, fault.safe], ['NET-01', { host, reason }]);
    assert.equal(heard, 0);
    await new Promise((resolve) => server.close(resolve));
  });
}

test('a host that does not speak TLS gets no request without it', async () => {
  const heard: Buffer[] = [];
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard.push(bytes);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const fault = await faultOfSignIn(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.equal(fault.code, 'NET-01');
  assert.equal(heard.length, 1, 'one try');
  assert.equal(heard[0]?.[0], 0x16, 'a TLS handshake');
  assert.doesNotMatch(Buffer.concat(heard).toString('latin1'), /client|POST/);
  await new Promise((resolve) => server.close(resolve));
});

test('a host name that does not resolve is a transient fault', async () => {
  const fault = await faultOfSignIn('https://nowhere.invalid');
  assert.equal(fault.code, 'NET-01');
  assert.equal(fault.kind, 'transient');
  assert.match(String(fault.safe.reason), /^(ENOTFOUND|EAI_AGAIN)$/);
});
