import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { consoleSchema, schemaPath } from '@lockstep/console/schema';
import { root, sourceFiles } from '@lockstep/harness/source-files';
import { openApiDocument } from 'lockstep/api';
import { commands, configHelp } from 'lockstep/cli/testing';
import { faults } from 'lockstep/core/fault-catalogue';
import { commandsOf, withRoutes } from '../../scripts/api-page.ts';
import { errorsPage } from '../../scripts/errors-page.ts';
import { securityPage } from '../../scripts/security-page.ts';
import { simulatorPage } from '../../scripts/simulator-page.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'docs', 'docs/adr'].flatMap(
  (path) =>
    path.endsWith('.md')
      ? [path]
      : readdirSync(join(root, path))
          .filter((name) => name.endsWith('.md'))
          .map((name) => `${path}/${name}`),
);

interface Step {
  name: string;
  path: string;
  text: string;
}

/** The tables of functions and files, each a walk in call order. */
function walks(): Step[][] {
  const tables = read('docs/architecture.md')
    .split(/^\| step \| function \| file \|$/m)
    .slice(1);
  const sources = sourceFiles('packages');
  return tables.map((table) => {
    const [own = ''] = table.split('\n\n');
    return [...own.matchAll(/^\|[^|]*\| `(\w+)` \| `([^`]+)` \|$/gm)].map(([, name = '', path = '']) => {
      const source = sources.find((file) => file.path === fileOf(path));
      assert.ok(source, `docs/architecture.md names ${path}, which does not exist`);
      const text = source.named.get(name);
      assert.ok(text !== undefined, `${path} has no function ${name}`);
      return { name, path, text };
    });
  });
}

test('each step of a walk is called by a step above it, and the steps of one caller are in call order', () => {
  const found = walks();
  assert.ok(found.length >= 5 && found.every((steps) => steps.length >= 3));
  for (const steps of found) {
    const lastCall = new Map<string, number>();
    for (const [place, { name, path }] of steps.entries()) {
      if (place === 0) continue;
      const callers = steps.slice(0, place).toReversed();
      const caller = callers.find((step) => callIn(step, name) >= 0);
      assert.ok(caller, `${name} in ${path} is called by no step above it`);
      const at = callIn(caller, name);
      assert.ok(
        at > (lastCall.get(caller.name) ?? -1),
        `${caller.name} calls ${name} before the step listed above it`,
      );
      lastCall.set(caller.name, at);
    }
  }
});

/** Where the name is used in the step's body; -1 for the step's own name. */
const callIn = ({ name: own, text }: Step, name: string): number =>
  name === own ? -1 : text.search(new RegExp(`\\b${name}\\b`));

/** Paths in the product are written without their building. */
const fileOf = (path: string) => {
  const [, building, rest] = /^(foundation|simulated-org)\/(.*)$/.exec(path) ?? [];
  return building === undefined ? `packages/lockstep/src/${path}` : `packages/${building}/src/${rest}`;
};

test('links between the pages have targets', () => {
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      assert.ok(
        existsSync(join(root, dirname(page), target)),
        `${page} links to ${target}, which does not exist`,
      );
    }
  }
});

test('every test that the pages name exists', () => {
  for (const page of pages) {
    for (const [, path = ''] of read(page).matchAll(/`([\w/.-]+\.test\.ts)`/g)) {
      assert.ok(existsSync(join(root, path)), `${page} names ${path}, which does not exist`);
    }
  }
});

test('the page of errors matches the catalogue', () => {
  assert.equal(read('docs/errors.md'), errorsPage(), 'run: npm run errors-page');
});

test('the document of the API is the one that its schemas make', async () => {
  const document = `${JSON.stringify(await openApiDocument(), null, 2)}\n`;
  assert.equal(read('docs/openapi.json'), document, 'run: ./lockstep openapi > docs/openapi.json');
});

test('the types of the API for the console are those of its document', async () => {
  assert.equal(read(schemaPath), await consoleSchema(), 'run: npm run console-schema');
});

test('the page on security says what the statements and the options say', () => {
  const page = read('docs/security.md');
  assert.equal(page, securityPage(page), 'run: npm run security-page');
});

test('the table of routes matches the document of the API, and names commands that exist', async () => {
  const page = read('docs/api.md');
  assert.equal(page, await withRoutes(page), 'run: npm run api-page');
  const { paths } = JSON.parse(read('docs/openapi.json')) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  assert.deepEqual(
    operations.map(({ operationId }) => operationId).toSorted(),
    Object.keys(commandsOf).toSorted(),
    'scripts/api-page.ts says which commands use a route',
  );
  const names = new Set(commands.map(({ name }) => name));
  assert.deepEqual(
    Object.values(commandsOf)
      .flat()
      .filter((name) => !names.has(name)),
    [],
  );
});

test('every code and every option that the pages name exists', () => {
  const options = new Set(configHelp().map(({ name }) => name));
  for (const page of pages) {
    const text = read(page);
    for (const [code] of text.matchAll(/\b[A-Z]{2,5}-\d\d\b/g))
      assert.ok(Object.hasOwn(faults, code), `${page} names ${code}`);
    for (const [name] of text.matchAll(/\bLOCKSTEP_[A-Z_]+\b/g))
      assert.ok(options.has(name), `${page} names ${name}`);
  }
});

test('the page of the simulated org matches its list of control endpoints', () => {
  assert.equal(read('docs/simulator.md'), simulatorPage(), 'run: npm run simulator-page');
});

test('the codes that the code throws or logs are those of the catalogue', () => {
  const files = sourceFiles('packages/lockstep').filter(
    ({ path }) => !/core\/(?:fault-catalogue|salesforce-faults|database-faults)\.ts$|\.test\.ts$/.test(path),
  );
  const codes = files.flatMap(({ text }) =>
    [...text.matchAll(/'([A-Z]+-\d\d)'/g)].map(([, code = '']) => code),
  );
  assert.deepEqual([...new Set(codes)].toSorted(), Object.keys(faults).toSorted());
});

test('every package is on the page of dependencies', () => {
  const page = read('docs/dependencies.md');
  const files = ['package.json', ...globSync('packages/*/package.json', { cwd: root })];
  const packages = files.flatMap((path) => {
    const { dependencies, devDependencies } = JSON.parse(read(path)) as Record<
      string,
      Record<string, string>
    >;
    return Object.keys({ ...dependencies, ...devDependencies });
  });
  const missing = packages.filter(
    (name) => !/^(@lockstep\/.*|lockstep)$/.test(name) && !page.includes(`\`${name}\``),
  );
  assert.deepEqual(missing, []);
});
