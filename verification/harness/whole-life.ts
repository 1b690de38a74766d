/** A server as a process, a person at another machine who reaches its API over https, and an org for a sync. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import { certificateOf } from './certificate.ts';
import { type Cli, openCli } from './cli-process.ts';
import { openTestControl } from './control.ts';
import { testServerUrl } from './database.ts';
import { startOrg, type TestOrg } from './org.ts';
import { type OwnDatabaseHarness, openOwnDatabase } from './own-database.ts';
import { openServerProcess, type ServerProcess } from './server-process.ts';

export interface Life extends AsyncDisposable {
  kind: 'private' | 'own';
  org: TestOrg;
  server: ServerProcess;
  /** `https://localhost:PORT` */
  apiUrl: string;
  /** Of the scope write. */
  apiKey: string;
  /** The command line of the other machine, which has not logged in. */
  cli: Cli;
  /** A database of a person's own, prepared for a mirror. */
  own: OwnDatabaseHarness;
  /** The body of the request that creates the sync `acme`. */
  newSync: object;
  /** The answer to a request with the key. */
  ask: (method: string, path: string, body?: string) => Promise<LifeAnswer>;
  /** In the mirror's database, as an administrator of the server, who sees whatever is there. */
  query: <Row extends object>(statement: Sql) => Promise<Row[]>;
}

export interface LifeAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** What stands in the steps for the app that the credential is replaced by, and for the sync's user. */
export const variablesOf = ({ org, own }: Pick<Life, 'org' | 'own'>) => ({
  CLIENT_ID: 'life-app',
  USERNAME: org.credentials.integration.username,
  WRITER_URL: own.url,
  READER_URL: own.readerUrl,
});

export async function openLife(kind: Life['kind']): Promise<Life> {
  await using undo = new AsyncDisposableStack();
  const org = undo.use(await startOrg({ records: 300 }));
  const control = undo.use(await openTestControl());
  const own = undo.use(await openOwnDatabase());
  const { environment, server } = await startServer(undo, {
    controlUrl: control.database.url,
    key: control.keyBytes,
    allowHosts: [new URL(org.url).host],
  });
  const made = await server.run(['api-key', 'create', 'laptop', '--scope', 'write']);
  assert(made.code === 0, made.stderr);
  const cli = undo.use(await openCli({ ...environment, ...variablesOf({ org, own }) }));
  const reached = {
    apiUrl: (server.apiUrl ?? '').replace('0.0.0.0', 'localhost'),
    apiKey: made.stdout.trim(),
  };
  const { clientId: client_id, clientSecret: client_secret } = org.credentials.integration;
  const ask: Life['ask'] = (method, path, body) => askApi(reached, method, path, body);
  const ends = undo.move();
  return {
    kind,
    org,
    server,
    ...reached,
    cli,
    own,
    newSync: {
      name: 'acme',
      login_url: org.url,
      credential: { flow: 'client credentials', client_id, client_secret },
      objects: ['Account', 'Contact'],
      interval_ms: 250,
      ...(kind === 'own' && { destination: own.form() }),
    },
    ask,
    query: async (statement) => queryOnce(kind === 'own' ? own.name : await databaseOf(ask), statement),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Others reach its API, by a certificate that only they trust who are told of it. */
async function startServer(undo: AsyncDisposableStack, options: Parameters<typeof openServerProcess>[0]) {
  const files = undo.use(await openCli());
  const [cert, key] = [join(files.folder, 'cert.pem'), join(files.folder, 'key.pem')];
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificate = certificateOf(pair, '49', 'localhost');
  await writeFile(cert, certificate);
  await writeFile(key, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  setDefaultCACertificates([certificate]);
  const tls = { LOCKSTEP_API_HOST: '0.0.0.0', LOCKSTEP_API_TLS_CERT: cert, LOCKSTEP_API_TLS_KEY: key };
  const server = undo.use(await openServerProcess({ ...options, environment: tls }));
  await server.start();
  return { server, environment: { NODE_EXTRA_CA_CERTS: cert } };
}

async function askApi(
  { apiUrl, apiKey }: Pick<Life, 'apiUrl' | 'apiKey'>,
  method: string,
  path: string,
  body?: string,
): Promise<LifeAnswer> {
  const answer = await fetch(`${apiUrl}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

/** Of a private mirror. */
async function databaseOf(ask: Life['ask']): Promise<string> {
  const { body } = await ask('GET', '/syncs/acme');
  return new URL((body as { mirror: { url: string } }).mirror.url).pathname.slice(1);
}

async function queryOnce<Row extends object>(database: string, statement: Sql): Promise<Row[]> {
  const url = databaseUrl(testServerUrl(), { database });
  const db = openDatabase({ url, applicationName: 'test', connectionsMax: 1 });
  try {
    return await db.query<Row>(statement);
  } finally {
    await db.end();
  }
}

/** Waits, with a limit, until the query returns one row with a true value. */
export async function untilTrue(life: Life, statement: Sql, what: string): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    const [row] = await life.query(statement);
    if (Object.values(row ?? {})[0] === true) return;
    await systemClock.sleep(200);
  }
  const { body } = await life.ask('GET', '/syncs/acme/snapshot');
  throw new Error(`timed out waiting until ${what}: ${JSON.stringify(body)}`);
}

/** The account whose changes the tests look for: the first one of the org. */
export async function accountIn({ org }: Life): Promise<string> {
  const soql = encodeURIComponent('SELECT Id FROM Account ORDER BY Id LIMIT 1');
  const { json } = await org.request('GET', `/services/data/v62.0/query?q=${soql}`);
  const [record] = (json as { records: { Id: string }[] }).records;
  assert(record, 'the org has an account');
  return record.Id;
}

/** Changes it behind Lockstep's back. */
export async function changeInOrg(life: Life, fields: object): Promise<void> {
  const path = `/services/data/v62.0/sobjects/Account/${await accountIn(life)}`;
  const { status, text } = await life.org.request('PATCH', path, { body: fields });
  assert(status === 204, text);
}

/** Changes it behind Lockstep's back, and waits until SQL shows that. */
export async function isRead(life: Life, name: string, fields: object = {}): Promise<void> {
  await changeInOrg(life, { Name: name, ...fields });
  await showsName(life, name);
}

export const showsName = (life: Life, name: string): Promise<void> =>
  untilTrue(life, sql`SELECT count(*) = 1 FROM salesforce.account WHERE name = ${name}`, `SQL shows ${name}`);

/** What a change would change: the settings of the sync, its readers, and its tables. */
export async function pictureOf(life: Life): Promise<object> {
  const { body: sync } = await life.ask('GET', '/syncs/acme');
  const { body: readers } = await life.ask('GET', '/syncs/acme/readers');
  const names = [
    'flow',
    'login_url',
    'api_version',
    'objects',
    'leaving',
    'paused',
    'fields_left_out',
    'mirror',
  ];
  const tables = await life.query<{ name: string }>(sql`SELECT relname::text AS name FROM pg_class
     WHERE relnamespace = 'salesforce'::regnamespace AND relkind = 'r' ORDER BY relname`);
  return {
    settings: names.map((name) => sync[name]),
    readers: readers.items,
    tables: tables.map(({ name }) => name),
  };
}
