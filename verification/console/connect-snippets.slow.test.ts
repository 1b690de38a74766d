/** Each snippet of the connect page, run as it would be pasted: those that read with a login, those that write. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import {
  addressIn,
  type DatabaseFacts,
  databaseSnippets,
  type FormSnippet,
  proxySnippets,
  type Snippet,
  textOf,
} from '@lockstep/console/snippets';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { shellWord } from '@lockstep/foundation/shell-words';
import { sql } from '@lockstep/foundation/sql';
import { openApiOn } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import {
  clientFolders,
  type FetchedClient,
  fetchClient,
  fetchedInto,
  goEnvironment,
  isFetched,
} from '@lockstep/harness/fetched-clients';
import { root } from '@lockstep/harness/source-files';

const undo = new AsyncDisposableStack();
after(() => undo.disposeAsync());
const harness = undo.use(await openEndToEndHarness({ org: { records: 100 }, sobjects: ['Account'] }));
harness.startWorker();
await harness.untilComplete();
const api = undo.use(await openApiOn(harness.control));
const cli = undo.use(await openCli());

const path = `/api/v1/syncs/${harness.sync.id}`;
const { mirror } = (await api.ask('GET', path)).body as { mirror: { url: string; table_schema: string } };
const made = await api.ask('POST', `${path}/readers`, { name: 'pasted' });
const { login, mirror_url: readerUrl } = made.body as Record<string, string>;
assert.equal(made.status, 201);
const facts: DatabaseFacts = {
  ...addressIn(mirror.url),
  user: login ?? '',
  password: new URL(readerUrl ?? '').password,
  schema: mirror.table_schema,
  table: 'account',
  columns: ['id', 'name'],
};
const [record = { id: '' }] = await harness.reader.query<{ id: string }>(
  sql`SELECT min(id) AS id FROM salesforce.account`,
);

/** How a snippet is run: its file, what starts it, and what must be there for that. */
interface Way {
  file: string;
  line: string;
  language: string | null;
  fetched: FetchedClient | null;
  /** Its packages. */
  modules?: string;
  environment?: Record<string, string>;
}

const orm = fetchedInto(clientFolders.orm);
const python = { fetched: fetchedInto(clientFolders.python), language: 'python3' };
const inShell = { file: 'pasted.sh', line: 'sh -e pasted.sh', fetched: null };
const onNode = { file: 'pasted.mjs', line: 'node pasted.mjs', language: null };
const onPython = { ...python, file: 'pasted.py', line: 'python3 pasted.py' };

const ways: Readonly<Record<string, Way>> = {
  psql: { ...inShell, language: 'psql' },
  prisma: {
    ...inShell,
    language: null,
    fetched: orm,
    modules: clientFolders.orm,
    // Its command wants a program that only its own server has, and that nothing here starts.
    environment: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  },
  drizzle: { ...onNode, fetched: orm, modules: clientFolders.orm },
  kysely: { ...onNode, fetched: orm, modules: clientFolders.orm },
  sqlalchemy: onPython,
  jdbc: {
    file: 'Read.java',
    line: `java -cp ${shellWord(join(clientFolders.java, 'postgresql.jar'))} Read.java`,
    language: 'java',
    fetched: fetchedInto(clientFolders.java),
  },
  curl: { ...inShell, language: 'curl' },
  jsforce: { ...onNode, fetched: null, modules: root },
  'simple-salesforce': onPython,
  java: { file: 'Write.java', line: 'java Write.java', language: 'java', fetched: null },
  go: {
    file: 'main.go',
    line: 'go run main.go',
    language: 'go',
    fetched: fetchedInto(clientFolders.go),
    environment: { ...goEnvironment, GOPROXY: 'off' },
  },
};

/** Why it cannot run here; false if it can. What npm alone can fetch is fetched. */
async function missing({ language, fetched }: Way): Promise<string | false> {
  if (language !== null && spawnSync(language, ['--version']).error) return `${language} is not installed`;
  if (fetched === null || isFetched(fetched)) return false;
  if (language !== null) return `${fetched.name} is missing: npm run clients fetches it`;
  return (await fetchClient(fetched)) ?? false;
}

let folders = 0;

/** Runs a snippet in an empty folder. @returns what it printed */
async function run(snippet: Snippet, variables: Record<string, string>): Promise<string> {
  const way = ways[snippet.id];
  assert.ok(way, `${snippet.id} is known here`);
  const folder = join(cli.folder, `pasted-${++folders}`);
  await mkdir(folder);
  if (way.modules !== undefined)
    await symlink(join(way.modules, 'node_modules'), join(folder, 'node_modules'));
  if (way.language === 'go')
    for (const file of ['go.mod', 'go.sum']) await copyFile(join(clientFolders.go, file), join(folder, file));
  await writeFile(join(folder, way.file), `${textOf(snippet)}\n`);
  const environment = {
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    PYTHONPATH: clientFolders.python,
    ...way.environment,
    ...variables,
  };
  const assigned = Object.entries(environment).map(([name, value]) => `export ${name}=${shellWord(value)}`);
  const line = `cd ${shellWord(folder)}\n${assigned.join('\n')}\n${way.line}`;
  const { code, stdout, stderr } = await cli.shell(line);
  assert.equal(code, 0, `${snippet.label}: ${stdout}${stderr}`);
  return stdout;
}

const isFiveRows = (printed: string) => (printed.match(/\b001\w{15}\b/g) ?? []).length === 5;

for (const snippet of databaseSnippets(facts)) {
  const way = ways[snippet.id];
  if (!way) continue;
  const withoutPassword = databaseSnippets({ ...facts, password: null }).find(({ id }) => id === snippet.id);
  test(`what is pasted for ${snippet.label} reads rows`, { skip: await missing(way) }, async () => {
    const printed = await run(snippet, {});
    assert.ok(isFiveRows(printed), printed);
  });
  test(`what is pasted for ${snippet.label} without the password takes it from PGPASSWORD`, {
    skip: await missing(way),
  }, async () => {
    assert.ok(withoutPassword);
    assert.equal(textOf(withoutPassword).includes(facts.password ?? ''), false);
    const printed = await run(withoutPassword, { PGPASSWORD: facts.password ?? '' });
    assert.ok(isFiveRows(printed), printed);
  });
}

/** How many rows a query at this address gets. */
async function rowsAt(url: string): Promise<number> {
  const db = openDatabase({ url, applicationName: 'test', connectionsMax: 1 });
  try {
    return (await db.query(sql`SELECT id FROM salesforce.account LIMIT 5`)).length;
  } finally {
    await db.end();
  }
}

test('the URL opens the mirror', async () => {
  const url = databaseSnippets(facts).find(({ id }) => id === 'url');
  assert.ok(url);
  assert.equal(await rowsAt(textOf(url)), 5);
});

/** The values of a form, typed into a connection as the program does. */
function connectionOf({ fields }: FormSnippet): string {
  const valueOf = (...names: string[]) => fields.find(({ name }) => names.includes(name))?.value ?? '';
  const [host, port = valueOf('Port')] = valueOf('Host', 'Host URL').split(':');
  const login = { user: valueOf('Username'), password: valueOf('Password') };
  return databaseUrl(`postgres://${host}:${port}`, { ...login, database: valueOf('Database name') });
}

for (const id of ['metabase', 'grafana'])
  test(`a connection with exactly what ${id}'s form takes reads rows`, async () => {
    const form = databaseSnippets(facts).find((one) => one.id === id);
    assert.ok(form?.kind === 'form');
    assert.equal(await rowsAt(connectionOf(form)), 5);
    const secrets = form.fields.filter(({ isSecret }) => isSecret).map(({ value }) => value);
    assert.deepEqual(secrets, [facts.password], 'the page knows which of them to hide');
    assert.ok(form.fields.every(({ value }) => value !== ''));
  });

const token = await harness.org.token('demo');
const [baseUrl, apiVersion] = [harness.base, harness.sync.apiVersion];
for (const snippet of proxySnippets({
  baseUrl,
  apiVersion,
  object: 'Account',
  id: record.id,
  field: 'Description',
})) {
  const way = ways[snippet.id];
  test(`what is pasted for ${snippet.label} writes, and SQL shows it`, {
    skip: way ? await missing(way) : false,
  }, async () => {
    assert.equal(textOf(snippet).includes(token), false);
    await run(snippet, { SF_TOKEN: token });
    const [row] = await harness.reader.query<{ description: string }>(
      sql`SELECT description FROM salesforce.account WHERE id = ${record.id}`,
    );
    assert.equal(row?.description, `Written with ${snippet.label}`);
  });
}
