import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTest, parseSource, type SourceFile, sourceFiles } from '@lockstep/harness/source-files';

/** Which building may import which: these two tables are the whole rule; docs/architecture.md says what each holds. */
const buildings: Record<string, readonly string[]> = {
  'packages/console': [],
  'packages/foundation': [],
  'packages/simulated-org': ['packages/foundation'],
  'packages/lockstep': ['packages/foundation'],
  'verification/harness': [
    'packages/console',
    'packages/foundation',
    'packages/simulated-org',
    'packages/lockstep',
  ],
};
/** Code outside the packages uses them as others do. */
const outside = [...Object.keys(buildings), 'scripts'];

const rooms: Record<string, readonly string[]> = {
  core: [],
  contract: ['core'],
  salesforce: ['core'],
  postgres: ['core'],
  control: ['salesforce', 'postgres', 'core'],
  engine: ['control', 'salesforce', 'postgres', 'core'],
  operations: ['contract', 'control', 'salesforce', 'postgres', 'core'],
  proxy: ['engine', 'control', 'salesforce', 'postgres', 'core'],
  api: ['operations', 'contract', 'control', 'core'],
  server: ['api', 'operations', 'proxy', 'engine', 'control', 'salesforce', 'postgres', 'core'],
  cli: [
    'api',
    'operations',
    'contract',
    'server',
    'proxy',
    'engine',
    'control',
    'salesforce',
    'postgres',
    'core',
  ],
};
/** The rooms of the console, by the same rule. A screen imports no other screen, so that each can be built by itself. */
const consoleRooms: Record<string, readonly string[]> = {
  words: [],
  api: [],
  ui: ['api', 'words'],
  objects: ['ui', 'api', 'words'],
  frame: ['ui', 'api', 'words'],
  screens: ['frame', 'objects', 'ui', 'api', 'words'],
};

/** Rooms of which others see only what the index exports. Files of core, contract and operations are imported directly. */
const closed = new Set(['salesforce', 'postgres', 'control', 'engine', 'proxy', 'api', 'server']);

const product = 'packages/lockstep/src/';
const buildingOf = (path: string) => /^(?:packages|verification)\/[^/]+|^[^/]+/.exec(path)?.[0] ?? '';
const roomOf = (path: string) => new RegExp(`^${product}([^/]+)/`).exec(path)?.[1];

const all = sourceFiles('packages', 'verification', 'bench', 'scripts');
const code = all.filter(({ path }) => path.startsWith('packages/') && !isTest(path));
const places = (files: readonly SourceFile[], pattern: RegExp) =>
  files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
/** Imports of files of this project. */
const targets = ({ imports }: SourceFile) => imports.flatMap(({ path }) => path ?? []);

test('a building imports only those below it, and its tests may also import the harness', () => {
  const wrong = all.flatMap((file) => {
    const building = buildingOf(file.path);
    const below = [building, ...(buildings[building] ?? outside)];
    const allowed = isTest(file.path) ? [...below, 'verification/harness'] : below;
    return targets(file)
      .filter((target) => !allowed.includes(buildingOf(target)))
      .map((target) => `${file.path} imports ${target}: ${building} may import ${allowed.join(', ')}`);
  });
  assert.deepEqual(wrong, []);
});

test('a building is entered through its exports', () => {
  const wrong = all.flatMap(({ path, imports }) =>
    imports
      .filter((one) => one.path !== null && one.specifier.startsWith('.'))
      .filter((one) => one.path !== null && buildingOf(one.path) !== buildingOf(path))
      .filter((one) => one.path !== null && !one.path.startsWith('scripts/'))
      .map(({ specifier }) => `${path} imports ${specifier}: name it by its package`),
  );
  assert.deepEqual(wrong, []);
});

test('imports run down the list of rooms only', () => {
  const wrong = code.flatMap((file) => {
    const room = roomOf(file.path);
    if (!room) return []; // main.ts and config.ts are above all rooms
    const allowed = rooms[room];
    assert.ok(
      allowed,
      `${file.path}: room ${room} is not in the table; add it with the rooms that it may import`,
    );
    const mayConfigure = room === 'cli' || room === 'server';
    return targets(file)
      .filter((target) => target.startsWith(product))
      .filter((target) => roomOf(target) !== room && !allowed.includes(roomOf(target) ?? ''))
      .filter((target) => !(mayConfigure && target === `${product}config.ts`))
      .map(
        (target) =>
          `${file.path} imports ${target}: ${room} may import ${allowed.join(', ') || 'nothing'}; pass it in from above`,
      );
  });
  assert.deepEqual(wrong, []);
});

test('imports of the console run down the list of its rooms, and no screen imports another', () => {
  const own = 'packages/console/src/';
  const placeOf = (path: string) => /^(?:screens\/[^/]+|[^/]+)(?=\/)/.exec(path.slice(own.length))?.[0];
  const wrong = code
    .filter(({ path }) => path.startsWith(own))
    .flatMap((file) => {
      const place = placeOf(file.path);
      if (place === undefined) return []; // main.tsx and router.tsx are above all rooms
      const allowed = consoleRooms[place.split('/')[0] ?? ''];
      assert.ok(allowed, `${file.path}: room ${place} is not in the table`);
      return targets(file)
        .filter((target) => placeOf(target) !== place && !allowed.includes(placeOf(target) ?? ''))
        .map((target) => `${file.path} imports ${target}: ${place} may import ${allowed.join(', ')}`);
    });
  assert.deepEqual(wrong, []);
});

test('a room is entered through its index', () => {
  const wrong = code.flatMap((file) =>
    targets(file).flatMap((target) => {
      const room = roomOf(target);
      if (!room || !closed.has(room) || room === roomOf(file.path)) return [];
      const index = `${product}${room}/index.ts`;
      return target === index ? [] : [`${file.path} imports ${target}: name it in ${index}`];
    }),
  );
  assert.deepEqual(wrong, []);
});

test('there is no import cycle, by value or by type', () => {
  const next = new Map(all.map((file) => [file.path, targets(file)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at >= 0) return void cycles.push([...way.slice(at), path].join(' → '));
    if (done.has(path)) return;
    for (const target of next.get(path) ?? []) walk(target, [...way, path]);
    done.add(path);
  };
  for (const { path } of all) walk(path, []);
  assert.deepEqual(cycles, []);
});

/** Programs that the console shows as text, for people to paste elsewhere. */
const isShown = (path: string) => /\/screens\/connect\/(read|write)-programs\.ts$/.test(path);

test('the environment is read in config.ts alone', () => {
  const readers = places(code, /process\.env\b/).filter(
    (path) => path !== `${product}config.ts` && !isShown(path),
  );
  assert.deepEqual(readers, [], 'take the value as an option and let config.ts read it');
});

test('only the command line writes to the console', () => {
  const writers = places(code, /\bconsole\.\w+\(|process\.stdout\b/).filter(
    (path) => !path.startsWith(`${product}cli/`) && !path.endsWith('/src/main.ts') && !isShown(path),
  );
  assert.deepEqual(writers, [], 'log through core/log-fields.ts, or return the text');
});

test('only apply-records.ts and store-slice.ts run the statements that write mirror rows', () => {
  const users = (files: readonly SourceFile[]) =>
    files.filter(({ reads }) => reads.has('merge')).map(({ path }) => path);
  assert.deepEqual(users(code.filter(({ path }) => path.startsWith(product))), [
    `${product}postgres/apply-records.ts`,
    `${product}postgres/store-slice.ts`,
  ]);
  const statements = `${product}postgres/merge-statement.ts`;
  const makers = code.filter(({ imports }) => imports.some((one) => one.path === statements && !one.isType));
  assert.deepEqual(
    makers.map(({ path }) => path),
    [`${product}postgres/destination.ts`, `${product}postgres/store-slice.ts`],
  );

  for (const text of [
    'tx.query({ text: table.merge.apply });',
    "tx.query({ text: table['merge'][kind] });",
    'const { stream, merge } = table;',
    'function run({ table: { merge: statements } }: ApplyContext) {}',
    'let statements; ({ merge: statements } = table);',
  ])
    assert.deepEqual(users([parseSource('example.ts', text)]), ['example.ts'], text);
});

test('a statement stands in an SQL file of its room', () => {
  const verbs =
    'SELECT|INSERT|UPDATE|DELETE|MERGE|TRUNCATE|WITH|VALUES|CREATE|ALTER|DROP|COMMENT|GRANT|REVOKE|SET|RESET|LOCK' +
    '|LISTEN|UNLISTEN|NOTIFY|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|CALL|COPY|EXPLAIN|ANALYZE|VACUUM|DO';
  const statement = new RegExp(`\\bsql\`\\s*(${verbs})\\b`, 'i');
  const isSqlFile = ({ path }: SourceFile) => /\/(sql|[a-z-]+-(sql|ddl))\.ts$/.test(path);
  const files = code.filter(({ path }) => path.startsWith(product));
  const elsewhere = files.filter((file) => !isSqlFile(file));
  assert.ok(places(files, statement).length > 0);
  assert.deepEqual(
    places(elsewhere, statement),
    [],
    'make it a function in sql.ts or in the …-sql.ts of its noun, with a line on what its rows mean',
  );
});

test('only the rooms of the databases have SQL, and the demo, which asks what a customer would', () => {
  const others = code.filter(({ path }) => !['postgres', 'control'].includes(roomOf(path) ?? ''));
  const users = places(others, /from '@lockstep\/foundation\/sql'/).filter((path) =>
    path.startsWith(product),
  );
  assert.deepEqual(users, [`${product}cli/demo/demo-sql.ts`]);
});

test('no JavaScript parses a page of records', () => {
  const parsers = places(code, /JSON\.parse\([^)]*records/);
  assert.deepEqual(parsers, []);
});
