import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestControl } from '@lockstep/harness/control';
import { hasAdministrator, setUpAdministrator } from '../control/index.ts';
import { prepareAdministrator } from './first-administrator.ts';

test('on a terminal the set-up token is shown under a name that browsers open, and written to no file', async (t) => {
  await using control = await openTestControl();
  const dataDir = await mkdtemp(join(tmpdir(), 'administrator-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const prepare = (apiUrl: string, isSeen: boolean) =>
    prepareAdministrator(control.control, { dataDir, apiUrl, isSeen, passwordFile: undefined });

  assert.match(await prepare('http://127.0.0.1:8400', false), /is in .*setup-token$/);
  assert.deepEqual(await readdir(dataDir), ['setup-token']);
  for (const [apiUrl, shown] of [
    ['http://127.0.0.1:8400', 'http://localhost:8400'],
    ['https://0.0.0.0:8400', 'https://localhost:8400'],
    ['http://[::1]:8400', 'http://localhost:8400'],
    ['https://lockstep.example.com', 'https://lockstep.example.com'],
  ] as const) {
    const line = await prepare(apiUrl, true);
    assert.ok(line.startsWith(`No administrator yet. Open ${shown}/setup#token=`), line);
  }
  assert.deepEqual(await readdir(dataDir), [], 'the file of an earlier start is removed');

  const token = /token=(.*)$/.exec(await prepare('http://127.0.0.1:8400', true))?.[1] ?? '';
  const place = { address: '127.0.0.1', userAgent: '' };
  await setUpAdministrator(control.control, { token, password: 'a long phrase', email: null }, place);
  assert.ok(await hasAdministrator(control.control));
  assert.equal(await prepare('http://127.0.0.1:8400', true), 'The console: http://localhost:8400');
});
