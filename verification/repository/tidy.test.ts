import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isTest, root, sourceFiles } from '@lockstep/harness/source-files';

const all = sourceFiles('packages', 'verification', 'bench', 'scripts');
const product = all.filter(({ path }) => path.startsWith('packages/') && !isTest(path));

/** Files over the limit, each with its reason. */
const longFiles: Record<string, string> = {
  'packages/console/src/api/schema.d.ts': 'made from the document of the API',
};
const linesMax = 400;
const functionLinesMax = 70;

const openNote = /\b(T[O]DO|F[I]XME|X{3})\b/; // written so that this file has none
const bannedInName = /(^|[-/])(utils?|helpers?|manager|common|misc|impl|data|info)(\.|-|\/)/;

test('the code has no open notes', () => {
  assert.deepEqual(
    all.filter(({ text }) => openNote.test(text)).map(({ path }) => path),
    [],
  );
});

test('no test is focused, and none is skipped without a printed reason', () => {
  const focused = all.filter(({ text }) => /\b(test|it|describe)\.(only|todo|skip)\(/.test(text));
  const silent = all.filter(({ text }) => /\bskip:\s*true\b/.test(text));
  assert.deepEqual(
    [...focused, ...silent].map(({ path }) => path),
    [],
    'pass skip the reason as a text',
  );
});

test('every property says how to find a failed case again', () => {
  const own = 'verification/harness/property.ts';
  const silent = all
    .filter(({ path, text }) => path !== own && /\bfc\.(assert|check)\(/.test(text))
    .map(({ path }) => path);
  assert.deepEqual(silent, [], `use assertProperty of ${own}`);
});

/** Coinages for which engineers have a usual word; docs/architecture.md lists the words to use. */
const oldWords =
  /\b(wish(es|ed)?|knobs?|newcomers?|riders?|mend(s|ed|ing)?|heal(s|ed|ing)|first cop(y|ies)|guarded statement|lookAround|takeOff|polledFirst|wishers|ryw)\b/i;

test('names and texts use the words of the field', () => {
  const texts = [...all, ...docs()].filter(
    ({ path }) => !/seed-words|golden|tidy\.test|adr\/|CHANGELOG/.test(path),
  );
  const found = texts.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const [word] = oldWords.exec(line) ?? [];
      return word === undefined ? [] : [`${path}:${index + 1} says ${word}`];
    }),
  );
  assert.deepEqual(found, []);
});

test('file names are nouns of the domain', () => {
  const paths = all.map(({ path }) => path).filter((path) => !path.includes('/seed-data.')); // the field's own word
  assert.deepEqual(
    paths.filter((path) => bannedInName.test(path)),
    [],
  );
  assert.deepEqual(
    paths.filter((path) => !/^[a-z0-9/.-]+$/.test(path)),
    [],
  );
});

test('files stay short enough to read', () => {
  const long = all
    .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
    .filter(({ path, lines }) => lines > linesMax && !(path in longFiles));
  assert.deepEqual(long, []);
});

test('functions fit a screen or two', () => {
  const long = all.flatMap(({ path, functions }) =>
    functions
      .filter(({ lines }) => lines > functionLinesMax)
      .map(({ line, lines }) => `${path}:${line} has ${lines} lines`),
  );
  assert.deepEqual(long, []);
});

test('every file of the product is used by another, or is a program', () => {
  const programs = new Set([
    'packages/lockstep/src/main.ts',
    'packages/simulated-org/src/main.ts',
    'packages/console/src/main.tsx',
    'packages/console/vite.config.ts',
  ]);
  const used = new Set(all.flatMap(({ imports }) => imports.flatMap(({ path }) => path ?? [])));
  assert.deepEqual(
    product.map(({ path }) => path).filter((path) => !used.has(path) && !programs.has(path)),
    [],
  );
});

test('the lockfile names no registry host', () => {
  assert.doesNotMatch(readFileSync(join(root, 'package-lock.json'), 'utf8'), /"resolved": "https?:/);
});

test('the project names no path of one machine', () => {
  const texts = [...all, ...docs()].filter(({ path }) => path !== 'verification/repository/tidy.test.ts');
  assert.deepEqual(
    texts.filter(({ text }) => /\/(work|farm)\//.test(text)).map(({ path }) => path),
    [],
  );
});

function docs() {
  return ['.', 'docs', 'docs/adr'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(root, folder, name), 'utf8') })),
  );
}
