import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { ManualClock } from '@lockstep/foundation/clock';
import { certificateOf } from '@lockstep/harness/certificate';
import {
  openProxyHarness,
  type ProxyHarness,
  requestText,
  sendRaw,
  syncId,
  token,
} from '@lockstep/harness/proxy-harness';
import { readCertificate } from '../core/certificate.ts';
import { Fault } from '../core/faults.ts';

const rows = '/services/data/v64.0/sobjects/Account';
const first = generateKeyPairSync('rsa', { modulusLength: 2048 });
const second = generateKeyPairSync('rsa', { modulusLength: 2048 });

const keyOf = ({ privateKey }: KeyPairKeyObjectResult) => privateKey.export({ type: 'pkcs8', format: 'pem' });

async function openFiles(pair: KeyPairKeyObjectResult) {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-certificate-'));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const write = async (cert: string, key: string | Buffer) => {
    await writeFile(files.cert, cert);
    await writeFile(files.key, key);
  };
  await write(certificateOf(pair), keyOf(pair));
  return {
    files,
    write,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** A TLS handshake with the proxy; the certificates of these tests name no host. */
function handshake(harness: ProxyHarness, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const { port } = harness.proxy;
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => {
      socket.end();
      resolve(socket);
    });
    socket.on('error', reject);
  });
}

const peerOf = async (harness: ProxyHarness): Promise<PeerCertificate> =>
  (await handshake(harness)).getPeerCertificate();

test('with a certificate the proxy speaks https and nothing else', async () => {
  await using pair = await openFiles(first);
  await using harness = await openProxyHarness({ certificate: await readCertificate(pair.files) });
  assert.equal(harness.proxy.url, `https://127.0.0.1:${harness.proxy.port}`);
  const status = await new Promise((resolve, reject) => {
    const { port } = harness.proxy;
    const headers = { Authorization: `Bearer ${token}` };
    const trusts = { ca: certificateOf(first), checkServerIdentity: () => undefined };
    const sent = request(
      { host: '127.0.0.1', port, path: `/${syncId}${rows}`, headers, agent: false, ...trusts },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    );
    sent.on('error', reject).end();
  });
  assert.equal(status, 204);
  await assert.rejects(
    sendRaw(harness.proxy.port, requestText('GET', `/${syncId}${rows}`)),
    /no answer came/,
  );
  assert.equal(harness.org.seen.length, 1);
});

test('old versions of TLS are refused, and HTTP/1.1 is the only version of HTTP on offer', async () => {
  await using pair = await openFiles(first);
  await using harness = await openProxyHarness({ certificate: await readCertificate(pair.files) });
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await assert.rejects(handshake(harness, old), /alert|version/i);
  const socket = await handshake(harness, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, 'http/1.1');
});

test('a caller who resets the connection during the TLS handshake does not stop the proxy', async () => {
  await using pair = await openFiles(first);
  await using harness = await openProxyHarness({ certificate: await readCertificate(pair.files) });
  for (const bytes of ['\x16\x03\x01\x02\x00\x01', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\xff\xff']) {
    await new Promise<void>((resolve) => {
      const socket = connectTcp(harness.proxy.port, '127.0.0.1', () => {
        socket.write(bytes, 'latin1', () => socket.resetAndDestroy());
      });
      socket.on('error', () => undefined).on('close', () => resolve());
    });
  }
  assert.equal((await peerOf(harness)).subject.CN, 'Test');
});

test('a renewed certificate is in use within a minute, and a broken one changes nothing', async () => {
  const clock = new ManualClock();
  await using pair = await openFiles(first);
  await using harness = await openProxyHarness({ clock, certificate: await readCertificate(pair.files) });
  const look = async (message: string) => {
    const before = harness.logLines.length;
    clock.advance(60_000);
    while (!harness.logLines.slice(before).some((line) => line.includes(message))) {
      await new Promise(setImmediate);
    }
  };
  const { fingerprint256: before } = await peerOf(harness);

  await pair.write(certificateOf(second), keyOf(first));
  await look('cannot be used');
  assert.equal((await peerOf(harness)).fingerprint256, before);

  await pair.write(certificateOf(second), keyOf(second));
  await look('was renewed');
  assert.notEqual((await peerOf(harness)).fingerprint256, before);
  assert.match(harness.logLines.join(''), /"code":"CFG-02"/);
});

test('unusable certificate files are refused with the file and what is wrong with it', async () => {
  await using pair = await openFiles(first);
  const { files, write } = pair;
  const refusal = async (ofFiles = files) => {
    const fault = await readCertificate(ofFiles).catch((error: unknown) => error);
    assert(fault instanceof Fault && fault.code === 'CFG-02');
    assert.match(fault.next, /LOCKSTEP_PROXY_TLS_CERT/);
    return fault.message;
  };
  assert.match(
    await refusal({ ...files, cert: `${files.cert}.none` }),
    /cannot be read from .*none \(ENOENT\)/,
  );
  assert.match(await refusal({ ...files, key: tmpdir() }), /key cannot be read from .* \(EISDIR\)/);
  await write('canary', keyOf(first));
  assert.match(await refusal(), /cert\.pem contains no certificate/);
  await write(certificateOf(first), 'canary');
  assert.match(await refusal(), /key\.pem contains no private key/);
  const sealed = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'canary' } as const;
  await write(certificateOf(first), first.privateKey.export(sealed));
  assert.match(await refusal(), /passphrase/);
  await write(certificateOf(first), keyOf(second));
  assert.match(await refusal(), /does not belong/);
  assert.doesNotMatch(await refusal(), /canary/);
});
