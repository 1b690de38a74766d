/** When a start builds the console, in folders that look like clones. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from '@lockstep/harness/source-files';
import { consoleState, noteBuilt, sourcesHash } from '../../scripts/console-build.ts';

const clone = await mkdtemp(join(tmpdir(), 'console-build-'));
after(() => rm(clone, { recursive: true }));
const write = async (path: string, text: string) => {
  await mkdir(join(clone, path, '..'), { recursive: true });
  await writeFile(join(clone, path), text);
};

test('the console is built if it is missing or made of other sources, whatever the times of files say', async () => {
  await write('package-lock.json', '{}');
  await write('packages/console/package.json', '{ "name": "@lockstep/console" }');
  await write('packages/console/src/main.tsx', 'first');
  assert.equal(consoleState(clone), 'missing');
  await write('packages/console/dist/index.html', '<!doctype html>');
  assert.equal(consoleState(clone), 'old', 'nobody knows what it was made of');
  noteBuilt(clone, sourcesHash(clone));
  assert.equal(consoleState(clone), 'built');

  await utimes(join(clone, 'packages/console/src/main.tsx'), new Date(), new Date());
  await write('packages/console/src/main.test.ts', 'a test');
  assert.equal(consoleState(clone), 'built');
  for (const [path, text] of [
    ['packages/console/src/main.tsx', 'second'],
    ['packages/console/src/other.tsx', ''],
    ['package-lock.json', '{ "lockfileVersion": 3 }'],
  ] as const) {
    await write(path, text);
    assert.equal(consoleState(clone), 'old', path);
    noteBuilt(clone, sourcesHash(clone));
  }
  await rm(join(clone, 'packages/console/src/other.tsx'));
  assert.equal(consoleState(clone), 'old', 'a source is gone');
  await rm(join(clone, 'packages/console/dist'), { recursive: true });
  assert.equal(consoleState(clone), 'missing');
});

test('getting the console ready prints nothing on standard output, which belongs to the command that follows', () => {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'scripts/ready-console.ts')], {
    encoding: 'utf8',
  });
  assert.deepEqual([status, stdout], [0, '']);
});
