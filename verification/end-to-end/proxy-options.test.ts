import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCli } from '@lockstep/harness/cli-process';
import { readConfig } from 'lockstep/cli/testing';

const nowhere = join(tmpdir(), 'there-is-no-such-folder');
const configOf = (options: Record<string, string>) => readConfig(options, nowhere);

test('a certificate needs its key, and a key its certificate', () => {
  assert.equal(configOf({}).proxyCertificate, undefined);
  assert.throws(
    () => configOf({ LOCKSTEP_PROXY_TLS_CERT: 'c' }),
    /LOCKSTEP_PROXY_TLS_CERT also needs LOCKSTEP_PROXY_TLS_KEY/,
  );
  assert.throws(
    () => configOf({ LOCKSTEP_PROXY_TLS_KEY: 'k' }),
    /LOCKSTEP_PROXY_TLS_KEY also needs LOCKSTEP_PROXY_TLS_CERT/,
  );
  const both = configOf({ LOCKSTEP_PROXY_TLS_CERT: 'c', LOCKSTEP_PROXY_TLS_KEY: 'k' });
  assert.deepEqual(both.proxyCertificate, { cert: 'c', key: 'k' });
});

test('the API does not listen where other machines reach it without TLS or a named terminator', () => {
  const elsewhere = { LOCKSTEP_API_HOST: '0.0.0.0' };
  assert.throws(
    () => configOf(elsewhere),
    /LOCKSTEP_API_HOST=0\.0\.0\.0 also needs LOCKSTEP_API_TLS_CERT, or LOCKSTEP_TRUSTED_PROXIES/,
  );
  const pair = { LOCKSTEP_API_TLS_CERT: 'c', LOCKSTEP_API_TLS_KEY: 'k' };
  assert.deepEqual(configOf({ ...elsewhere, ...pair }).apiCertificate, { cert: 'c', key: 'k' });
  assert.equal(configOf({ ...elsewhere, LOCKSTEP_TRUSTED_PROXIES: '172.17.0.1' }).apiHost, '0.0.0.0');
  for (const host of ['127.0.0.2', '::1', 'localhost'])
    assert.equal(configOf({ LOCKSTEP_API_HOST: host }).apiHost, host);
});

test('public hosts and trusted proxies are checked at the start', () => {
  const config = configOf({
    LOCKSTEP_PROXY_PUBLIC_HOST: 'Sync.example.com, sync.example.com:8443',
    LOCKSTEP_TRUSTED_PROXIES: '10.0.0.0/8,::1',
  });
  assert.deepEqual(config.proxyPublicHosts, ['sync.example.com', 'sync.example.com:8443']);
  assert.equal(config.trustedProxies.check('10.9.8.7'), true);
  assert.equal(configOf({}).trustedProxies.check('127.0.0.1'), false);
  for (const wrong of ['https://sync.example.com', 'sync.example.com/x', 'a b', 'x:123456'])
    assert.throws(() => configOf({ LOCKSTEP_PROXY_PUBLIC_HOST: wrong }), /PUBLIC_HOST must be names/, wrong);
  for (const wrong of ['balancer', '10.0.0.0/33', '*'])
    assert.throws(
      () => configOf({ LOCKSTEP_TRUSTED_PROXIES: wrong }),
      /TRUSTED_PROXIES must be addresses/,
      wrong,
    );
});

test('an origin is checked at the start: no path, no pattern', () => {
  const { corsOrigins } = configOf({
    LOCKSTEP_PROXY_CORS_ORIGIN: 'https://app.example.com, http://localhost:3000',
  });
  assert.deepEqual(corsOrigins, ['https://app.example.com', 'http://localhost:3000']);
  for (const wrong of ['*', 'app.example.com', 'https://app.example.com/', 'https://*.example.com', 'null'])
    assert.throws(
      () => configOf({ LOCKSTEP_PROXY_CORS_ORIGIN: wrong }),
      /CORS_ORIGIN must be origins/,
      wrong,
    );
});

test('an unusable certificate is reported before anything is started', async () => {
  await using cli = await openCli();
  const key = join(cli.folder, 'key.pem');
  await writeFile(key, 'canary');
  const { code, stderr } = await cli.run(['start'], {
    LOCKSTEP_PROXY_TLS_CERT: join(cli.folder, 'none.pem'),
    LOCKSTEP_PROXY_TLS_KEY: key,
  });
  assert.equal(code, 2);
  assert.match(stderr, /^error CFG-02: .*none\.pem \(ENOENT\)/);
  assert.match(stderr, /\nnext: Correct the files named in LOCKSTEP_PROXY_TLS_CERT/);
  await assert.rejects(stat(cli.dataDir), /ENOENT/);
});
