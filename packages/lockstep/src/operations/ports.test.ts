import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { preferredPort, rememberPort } from './ports.ts';

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-ports-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('a part listens where it did last time, until another port is asked for', async (t) => {
  const folder = await newFolder(t);
  assert.equal(await preferredPort(folder, 'proxy', 8401), 8401);
  await rememberPort(folder, 'proxy', 8401, 8405);
  await rememberPort(folder, 'postgres', 54_320, 54_321);
  assert.equal(await preferredPort(folder, 'proxy', 8401), 8405);
  assert.equal(await preferredPort(folder, 'postgres', 54_320), 54_321);
  assert.equal(await preferredPort(folder, 'metrics', 8404), 8404);

  assert.equal(await preferredPort(folder, 'proxy', 9000), 9000);
  await rememberPort(folder, 'proxy', 9000, 9000);
  assert.equal(await preferredPort(folder, 'proxy', 9000), 9000);
  assert.equal(await preferredPort(folder, 'proxy', 8401), 8401);
});

test('nothing is written where each part gets the port it asks for, or takes any', async (t) => {
  const folder = await newFolder(t);
  await rememberPort(folder, 'proxy', 8401, 8401);
  await rememberPort(folder, 'metrics', 0, 40_123);
  assert.deepEqual(await readdir(folder), []);
  assert.equal(await preferredPort(folder, 'metrics', 0), 0);
});

test('a file that is not one of ours is ignored, and replaced when there is something to remember', async (t) => {
  const folder = await newFolder(t);
  for (const text of ['', '{', '[]', '{"proxy":8405}', '{"proxy":{"requested":8401,"port":"x"}}']) {
    await writeFile(join(folder, 'ports.json'), text);
    assert.equal(await preferredPort(folder, 'proxy', 8401), 8401, text);
  }
  await rememberPort(folder, 'proxy', 8401, 8405);
  assert.equal(await preferredPort(folder, 'proxy', 8401), 8405);
});
