import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';
import { openCli } from './cli-process.ts';

const nowhere = join(tmpdir(), 'there-is-no-such-folder');
const configOf = (options: Record<string, string>) => readConfig(options, nowhere);

test('a certificate needs its key, and a key its certificate', () => {
  assert.equal(configOf({}).proxyCertificate, undefined);
  assert.throws(
    () => configOf({ LOCKSTEP_PROXY_TLS_CERT: 'c' }),
    /CERT needs LOCKSTEP_PROXY_TLS_KEY beside it/,
  );
  assert.throws(
    () => configOf({ LOCKSTEP_PROXY_TLS_KEY: 'k' }),
    /KEY needs LOCKSTEP_PROXY_TLS_CERT beside it/,
  );
  const both = configOf({ LOCKSTEP_PROXY_TLS_CERT: 'c', LOCKSTEP_PROXY_TLS_KEY: 'k' });
  assert.deepEqual(both.proxyCertificate, { cert: 'c', key: 'k' });
});

test('a certificate that cannot be used is said before anything is started', async () => {
  await using cli = await openCli();
  const key = join(cli.folder, 'key.pem');
  await writeFile(key, 'canary');
  const { code, stderr } = await cli.run(['start'], {
    LOCKSTEP_PROXY_TLS_CERT: join(cli.folder, 'none.pem'),
    LOCKSTEP_PROXY_TLS_KEY: key,
  });
  assert.equal(code, 2);
  assert.match(stderr, /^error CFG-02: .*none\.pem \(ENOENT\)/);
  assert.match(stderr, /\nnext: Correct the files that LOCKSTEP_PROXY_TLS_CERT/);
  await assert.rejects(stat(cli.dataDir), /ENOENT/);
});
