import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type KeySource, readKey as read } from './keys.ts';
import { keyFromBytes } from './sealing.ts';

/** Reads the key while nothing is sealed yet. */
const readKey = (source: KeySource) => read(source, { syncs: 0, keyIds: [] });

async function openFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'keys-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test('the first start creates a key file that only its owner can read, and later starts use it', async () => {
  await using folder = await openFolder();
  const defaultKeyFile = join(folder.path, 'config', 'lockstep', 'key');

  const key = await readKey({ defaultKeyFile });

  assert.equal((await stat(defaultKeyFile)).mode & 0o777, 0o400);
  assert.equal((await stat(join(folder.path, 'config', 'lockstep'))).mode & 0o777, 0o700);
  assert.equal(Buffer.from(await readFile(defaultKeyFile, 'utf8'), 'base64').length, 32);
  assert.equal((await readKey({ defaultKeyFile })).id, key.id);
  assert.equal((await readKey({ keyFile: defaultKeyFile, defaultKeyFile: '/nowhere' })).id, key.id);
});

test('first starts at the same time agree on one key', async () => {
  await using folder = await openFolder();
  const defaultKeyFile = join(folder.path, 'made', 'key');
  const keys = await Promise.all(Array.from({ length: 8 }, () => readKey({ defaultKeyFile })));
  assert.equal(new Set(keys.map(({ id }) => id)).size, 1);
});

test('a key that is missing, short or given twice is refused, and its text is not repeated', async () => {
  await using folder = await openFolder();
  const short = join(folder.path, 'short');
  await writeFile(short, Buffer.alloc(16, 7).toString('base64'));
  const good = Buffer.alloc(32, 7).toString('base64');
  const defaultKeyFile = join(folder.path, 'never made');

  const refused = [
    { keyFile: join(folder.path, 'missing') },
    { keyFile: short },
    { key: good.slice(0, 20) },
    { key: 'my secret passphrase' },
    { key: '' },
    { key: good, keyFile: short },
  ];
  for (const source of refused) {
    await assert.rejects(readKey({ ...source, defaultKeyFile }), (error: Error & { code?: unknown }) => {
      assert.equal(error.code, 'KEY-01');
      assert.ok(!source.key || !error.message.includes(source.key));
      return true;
    });
  }
  await assert.rejects(stat(defaultKeyFile), { code: 'ENOENT' });
  assert.ok(await readKey({ key: ` ${good}\n`, defaultKeyFile }));
});

test('if syncs exist, no key file is created, and the fault names the missing key and where it was sought', async () => {
  await using folder = await openFolder();
  const defaultKeyFile = join(folder.path, 'config', 'lockstep', 'key');
  const bytes = Buffer.alloc(32, 7);
  const { id } = keyFromBytes(bytes);
  const other = Buffer.alloc(32, 8);
  const sealed = { syncs: 2, keyIds: [id] };
  const lost = (source: Partial<KeySource>, where: string) =>
    assert.rejects(read({ defaultKeyFile, ...source }, sealed), (error: Error & { code?: unknown }) => {
      assert.equal(error.code, 'KEY-04');
      assert.ok(
        error.message.includes(`sealed with key ${id}`) && error.message.includes(where),
        error.message,
      );
      return true;
    });

  await lost({}, `${defaultKeyFile}: ENOENT`);
  await lost({ keyFile: join(folder.path, 'missing') }, 'missing: ENOENT');
  await lost({ key: other.toString('base64') }, `LOCKSTEP_KEY is key ${keyFromBytes(other).id}`);
  await assert.rejects(read({ defaultKeyFile }, { syncs: 1, keyIds: [] }), { code: 'KEY-04' });
  await assert.rejects(stat(join(folder.path, 'config')), { code: 'ENOENT' });

  const key = bytes.toString('base64');
  assert.equal((await read({ key, defaultKeyFile }, sealed)).id, id);
  assert.equal((await read({ key, defaultKeyFile }, { syncs: 2, keyIds: ['another', id] })).id, id);
});
