import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { assert } from '@lockstep/foundation/assert';
import type { Database } from '@lockstep/foundation/database';
import { openTestDatabase, type TestDatabase } from './database.ts';
import { templateOf } from './templates.ts';

/**
 * A simulated org for one test file: the real program as a process, on a database that is dropped at the end.
 */
export interface TestOrg extends AsyncDisposable {
  url: string;
  /** 18 characters. */
  orgId: string;
  credentials: OrgCredentials;
  /** Where the files of bulk results are. */
  resultFolder: string;
  /** The org's own database, for tests that change a record behind the API's back. */
  db: Database;
  databaseUrl: string;
  /** An access token of the sync's user or the caller's; signs in once and caches it. */
  token(which: 'integration' | 'demo'): Promise<string>;
  /** Sends one request, as the demo user unless `token` is given; null sends no token. */
  request(method: string, path: string, options?: OrgRequest): Promise<OrgAnswer>;
  /**
   * Calls an endpoint of the control API: POST with a body, GET without.
   *
   * @throws if it refuses
   */
  control<Result = Record<string, unknown>>(path: string, body?: object): Promise<Result>;
  /** `http://127.0.0.1:…`, for tests of the control API itself. Changes with a restart. */
  controlUrl(): string;
  /** Ends the program as the CLI does and starts it again on the same database and port. */
  restart(change?: Partial<OrgOptions>): Promise<void>;
  /**
   * The same org once more, as another program on a copy of the database: Ids, stamps, users and tokens are the same,
   * and both give their next record the same Id. Restarts this org; `db` must not have been used before.
   */
  twin(): Promise<TestOrg>;
}

export interface OrgCredentials {
  orgId: string;
  integration: { clientId: string; clientSecret: string; username: string };
  demo: {
    clientId: string;
    clientSecret: string;
    username: string;
    password: string;
    securityToken: string;
  };
  web: { clientId: string; clientSecret: string; redirectUris: string[] };
}

export interface OrgRequest {
  token?: string | null;
  /** A string is sent as is, anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface OrgAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; numbers are doubles here, so look for an exact one in `text`. */
  json: unknown;
}

export interface OrgOptions {
  records: number;
  activityPerSecond?: number;
  /** Requests a day. */
  apiLimit?: number;
  lockTimeoutMs?: number;
  /** Validation rules and triggers. */
  rulesFile?: string;
}

export async function startOrg(options: OrgOptions): Promise<TestOrg> {
  const folder = await openFolder();
  const { records } = options;
  const credentials = join(tmpdir(), `org-credentials-${records}.json`);
  const template = await templateOf(`org of ${records} records`, (url) => seedOrg(url, records, credentials));
  if (template !== undefined) await copyFile(credentials, credentialsIn(folder));
  return runOrg(options, { database: await openTestDatabase(template), folder, tokens: new Map() });
}

/** The program seeds its org at its first start. */
async function seedOrg(databaseUrl: string, records: number, credentialsFile: string): Promise<void> {
  const program = await startProgram({ databaseUrl, records, port: 0, controlPort: 0, credentialsFile });
  await stopProgram(program.process);
}

const openFolder = () => mkdtemp(join(tmpdir(), 'lockstep-org-'));
const credentialsIn = (folder: string) => join(folder, 'org-credentials.json');

type Tokens = Map<'integration' | 'demo', Promise<string>>;

async function runOrg(
  options: OrgOptions,
  { database, folder, tokens }: { database: TestDatabase; folder: string; tokens: Tokens },
): Promise<TestOrg> {
  const credentialsFile = credentialsIn(folder);
  let program = await startProgram({
    ...options,
    databaseUrl: database.url,
    port: 0,
    controlPort: 0,
    credentialsFile,
  });
  const { url, orgId } = program;
  const credentials = JSON.parse(await readFile(credentialsFile, 'utf8')) as OrgCredentials;
  const token = (which: 'integration' | 'demo'): Promise<string> => {
    const known = tokens.get(which) ?? signIn(url, credentials, which);
    tokens.set(which, known);
    return known;
  };
  const restart = async (change: Partial<OrgOptions> = {}, meanwhile = () => Promise.resolve()) => {
    await stopProgram(program.process);
    await meanwhile();
    const port = Number(new URL(url).port);
    program = await startProgram({
      ...options,
      ...change,
      databaseUrl: database.url,
      port,
      controlPort: 0,
      credentialsFile,
    });
  };
  return {
    url,
    orgId,
    credentials,
    db: database.db,
    databaseUrl: database.url,
    resultFolder: join(folder, 'org-results', orgId),
    token,
    async request(method, path, { token: given, body, headers = {} } = {}) {
      const bearer = given === undefined ? await token('demo') : given;
      return send(`${url}${path}`, method, body, {
        ...(bearer !== null && { Authorization: `Bearer ${bearer}` }),
        ...headers,
      });
    },
    control: (path, body) => control(`${program.controlUrl}${path}`, body),
    controlUrl: () => program.controlUrl,
    restart: (change) => restart(change),
    async twin() {
      await Promise.all([token('integration'), token('demo')]);
      const twinFolder = await openFolder();
      await copyFile(credentialsFile, credentialsIn(twinFolder));
      const copied = Promise.withResolvers<TestDatabase>();
      await restart({}, async () => {
        copied.resolve(await openTestDatabase(new URL(database.url).pathname.slice(1)));
      });
      const copy = await copied.promise;
      return runOrg(options, { database: copy, folder: twinFolder, tokens: new Map(tokens) });
    },
    async [Symbol.asyncDispose]() {
      await stopProgram(program.process);
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

async function startProgram(
  configuration: object,
): Promise<{ process: ChildProcess; url: string; controlUrl: string; orgId: string }> {
  const program = spawn(
    process.execPath,
    [fileURLToPath(import.meta.resolve('@lockstep/simulated-org/program'))],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true, // keeps Ctrl-C from it; it ends when its parent's end closes its standard input
    },
  );
  let errorText = '';
  program.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorText += text;
  });
  program.stdin.write(`${JSON.stringify(configuration)}\n`);
  const lines = createInterface({ input: program.stdout });
  const first = await Promise.race([once(lines, 'line'), once(program, 'close')]);
  assert(typeof first[0] === 'string', `the simulated org did not start: ${errorText}`);
  const { url, controlUrl, orgId } = JSON.parse(first[0]) as Record<'url' | 'controlUrl' | 'orgId', string>;
  return { process: program, url, controlUrl, orgId };
}

/** The program ends when its standard input does. */
async function stopProgram(program: ChildProcess): Promise<void> {
  const closed = once(program, 'close');
  program.stdin?.end();
  await closed;
  assert(program.exitCode === 0, 'the simulated org ends with status 0');
}

export async function signIn(
  url: string,
  { integration, demo }: OrgCredentials,
  which: 'integration' | 'demo',
): Promise<string> {
  const form: Record<string, string> =
    which === 'integration'
      ? {
          grant_type: 'client_credentials',
          client_id: integration.clientId,
          client_secret: integration.clientSecret,
        }
      : {
          grant_type: 'password',
          client_id: demo.clientId,
          client_secret: demo.clientSecret,
          username: demo.username,
          password: demo.password,
        };
  const answer = await fetch(`${url}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const { access_token: token } = (await answer.json()) as { access_token?: string };
  assert(token, 'the simulated org signs its own users in');
  return token;
}

async function control<Result>(url: string, body: object | undefined): Promise<Result> {
  const answer = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const given = (await answer.json()) as Result & { error?: string };
  assert(answer.ok, `${url} answered ${answer.status}: ${given.error}`);
  return given;
}

export async function send(
  url: string,
  method: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<OrgAnswer> {
  const hasBody = body !== undefined;
  const answer = await fetch(url, {
    method,
    headers: { ...(hasBody && { 'Content-Type': 'application/json' }), ...headers },
    ...(hasBody && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: isJson && text ? JSON.parse(text) : undefined,
  };
}
