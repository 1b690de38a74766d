import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTest, type SourceFile, sourceFiles } from './source-files.ts';

/** The whole rule is this table: docs/architecture.md says why. */
const below = ['control', 'salesforce', 'postgres', 'core', 'lib'] as const;
const mayImport: Record<string, readonly string[]> = {
  lib: [],
  core: ['lib'],
  simulator: ['lib'],
  salesforce: ['core', 'lib'],
  postgres: ['core', 'lib'],
  control: ['salesforce', 'postgres', 'core', 'lib'],
  engine: below,
  proxy: ['engine', ...below],
  cli: ['proxy', 'engine', ...below],
};

/** Rooms that are one thing inside: others see only what their index names. core and lib are read file by file. */
const closed = new Set(['salesforce', 'postgres', 'control', 'engine', 'proxy', 'simulator']);

const roomOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1];
const product = sourceFiles('src').filter(({ path }) => !isTest(path));
const places = (files: readonly SourceFile[], pattern: RegExp) =>
  files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

test('imports run down the list of rooms only', () => {
  const wrong = product.flatMap(({ path, imports }) => {
    const room = roomOf(path);
    if (!room) return []; // main.ts and config.ts stand above all rooms
    const allowed = mayImport[room];
    assert.ok(allowed, `${path}: room ${room} is not in the table; add it with the rooms that it may import`);
    return imports
      .filter((target) => roomOf(target.path) !== room && !allowed.includes(roomOf(target.path) ?? ''))
      .filter((target) => !(room === 'cli' && target.path === 'src/config.ts'))
      .map(
        (target) =>
          `${path} imports ${target.path}: ${room} may import ${allowed.join(', ') || 'nothing'}; pass it in from above`,
      );
  });
  assert.deepEqual(wrong, []);
});

test('a room is entered through its index', () => {
  const wrong = product.flatMap(({ path, imports }) =>
    imports
      .filter((target) => {
        const room = roomOf(target.path);
        return room && closed.has(room) && room !== roomOf(path) && target.path !== `src/${room}/index.ts`;
      })
      .map((target) => `${path} imports ${target.path}: name it in src/${roomOf(target.path)}/index.ts`),
  );
  assert.deepEqual(wrong, []);
});

test('the environment is read in config.ts alone', () => {
  const readers = places(product, /process\.env\b/).filter((path) => path !== 'src/config.ts');
  assert.deepEqual(readers, [], 'take the value as an option and let config.ts read it');
});

test('only the command line writes to the console', () => {
  const writers = places(product, /\bconsole\.\w+\(|process\.stdout\b/).filter(
    (path) => !path.startsWith('src/cli/') && path !== 'src/main.ts' && path !== 'src/simulator/main.ts',
  );
  assert.deepEqual(writers, [], 'log through core/log-fields.ts, or return the text');
});

test('only apply.ts runs the statement that writes mirror rows', () => {
  const users = places(product, /guarded\.(apply|misfits)\b/);
  assert.deepEqual(users, ['src/postgres/apply-records.ts']);
});

test('no JavaScript parses a page of records', () => {
  const parsers = places(product, /JSON\.parse\([^)]*records/);
  assert.deepEqual(parsers, []);
});
