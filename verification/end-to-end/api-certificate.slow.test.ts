/** The management API with a certificate, as a process, and the commands that use it. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateOf } from '@lockstep/harness/certificate';
import { openCli } from '@lockstep/harness/cli-process';
import { openTestControl } from '@lockstep/harness/control';

test('with a certificate the API speaks https alone, commands on its data directory reach it, and others verify it', async () => {
  await using control = await openTestControl();
  await using cli = await openCli({
    DATABASE_URL: control.database.url,
    LOCKSTEP_KEY: control.keyBytes.toString('base64'),
  });
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [cert, key] = [join(cli.folder, 'cert.pem'), join(cli.folder, 'key.pem')];
  await writeFile(cert, certificateOf(pair));
  await writeFile(key, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const tls = { LOCKSTEP_API_TLS_CERT: cert, LOCKSTEP_API_TLS_KEY: key, LOCKSTEP_API_HOST: '0.0.0.0' };
  const running = await cli.start(['start', '--json'], 'Ctrl-C stops it', tls);
  const { api_url: url } = JSON.parse(running.stdout()) as { api_url: string };
  assert.match(url, /^https:\/\/0\.0\.0\.0:\d+$/);

  const own = await cli.run(['sync', 'list']);
  assert.equal(own.code, 0, own.stderr);
  const named = { LOCKSTEP_URL: url.replace('0.0.0.0', '127.0.0.1'), LOCKSTEP_API_KEY: 'lsk_any' };
  const unverified = await cli.run(['sync', 'list'], named);
  assert.match(
    unverified.stderr,
    /^error SYS-25: .*DEPTH_ZERO_SELF_SIGNED_CERT.*\nnext: .*NODE_EXTRA_CA_CERTS/,
  );
  await assert.rejects(
    new Promise((resolve, reject) =>
      get(named.LOCKSTEP_URL.replace('https', 'http'), resolve).on('error', reject),
    ),
  );
  assert.equal((await running.end('SIGTERM')).code, 0);
});
