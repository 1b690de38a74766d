import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '@lockstep/foundation/assert';
import { readRunFile } from 'lockstep/operations/run-file';
import type { ApiAnswer } from './api-harness.ts';
import { type Cli, type ExitResult, openCli, type Running } from './cli-process.ts';
import type { EndToEndHarness, ProxyAnswer } from './end-to-end-harness.ts';

/** Lockstep as its users start it: a process, which can be killed and started again. */
export interface ServerProcess extends AsyncDisposable {
  /** Runs commands against it, with its data directory. */
  cli: Cli;
  /** `http://127.0.0.1:PORT`; another one after each start. Null while it is down. */
  url: string | null;
  metricsUrl: string | null;
  /** Of its management API. */
  apiUrl: string | null;
  /** A command on its machine. */
  run(args: readonly string[]): Promise<ExitResult>;
  /** Resolves when it accepts requests. */
  start(): Promise<void>;
  /** A request to its management API, with the key of this machine. Rejects if the server is killed meanwhile. */
  ask(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<ApiAnswer>;
  end(signal: NodeJS.Signals): Promise<ExitResult>;
  /** What it has printed since its last start. */
  printed(): string;
  /** Resolves with its last output if it ends by itself, which it never should. */
  ended: Promise<string>;
}

export interface ServerOptions {
  /** Without one it starts the database server that it brings along. */
  controlUrl?: string;
  /** Without one it makes one. */
  key?: Buffer;
  allowHosts: readonly string[];
  environment?: Record<string, string>;
  /** A folder that its log files are copied into at the end. */
  logs?: string | undefined;
}

export async function openServerProcess({
  controlUrl,
  key,
  allowHosts,
  environment,
  logs,
}: ServerOptions): Promise<ServerProcess> {
  const cli = await openCli({
    ...(controlUrl !== undefined && { DATABASE_URL: controlUrl }),
    ...(key && { LOCKSTEP_KEY: key.toString('base64') }),
    LOCKSTEP_ALLOW_HOST: allowHosts.join(','),
    ...environment,
  });
  const ended = Promise.withResolvers<string>();
  let running: Running | null = null;
  const forget = () => {
    running = null;
    server.url = null;
    server.metricsUrl = null;
    server.apiUrl = null;
  };
  const server: ServerProcess = {
    cli,
    url: null,
    metricsUrl: null,
    apiUrl: null,
    ended: ended.promise,
    run: (args) => cli.run(args),
    async start() {
      const started = await cli.start(['start', '--json'], '"ready":true');
      running = started;
      server.url = urlIn(started, 'proxy');
      server.metricsUrl = urlIn(started, 'metrics');
      server.apiUrl = urlIn(started, 'api');
      void started.ended.then(({ code, stderr }) => {
        if (running === started) ended.resolve(`it ended with code ${code}: ${stderr.slice(-2_000)}`);
      });
    },
    async ask(method, path, body, headers = {}) {
      const { apiUrl, apiKey } = (await readRunFile(cli.dataDir)) ?? {};
      assert(apiUrl && apiKey, 'a server that is asked runs');
      const answer = await fetch(`${apiUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      const parsed = (text === '' ? {} : JSON.parse(text)) as ApiAnswer['body'];
      return { status: answer.status, headers: answer.headers, body: parsed };
    },
    printed: () => (running ? running.stdout() + running.stderr() : ''),
    async end(signal) {
      const ending = running;
      assert(ending, 'a server that is ended has been started');
      forget();
      return ending.end(signal);
    },
    async [Symbol.asyncDispose]() {
      forget();
      if (logs !== undefined) await cp(join(cli.dataDir, 'logs'), logs, { recursive: true });
      await cli[Symbol.asyncDispose]();
    },
  };
  return server;
}

function urlIn(running: Running, part: 'proxy' | 'metrics' | 'api'): string {
  const url = new RegExp(`"${part}_url":"([^"]+)"`).exec(running.stdout())?.[1];
  assert(url, `a server that is ready says where its ${part} is`);
  return url;
}

/** One on a harness's control database that runs until `undo` ends it, and a caller of its proxy. */
export async function startServerProcess(
  harness: EndToEndHarness,
  undo: AsyncDisposableStack,
  environment: Record<string, string> = {},
) {
  const { control, org, sync } = harness;
  const allowHosts = [new URL(org.url).host];
  const server = undo.use(
    await openServerProcess({
      controlUrl: control.database.url,
      key: control.keyBytes,
      allowHosts,
      environment,
    }),
  );
  await server.start();
  const { url: proxyUrl, metricsUrl } = server;
  assert(proxyUrl && metricsUrl, 'a server that has started has addresses');
  const authorization = `Bearer ${await org.token('demo')}`;
  return {
    proxyUrl,
    metricsUrl,
    end: (signal: NodeJS.Signals) => server.end(signal),
    /** A caller's request through its proxy, as the demo user. */
    async call(method: string, path: string, body?: unknown): Promise<ProxyAnswer> {
      const answer = await fetch(`${proxyUrl}/${sync.id}${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    },
  };
}

export type CalledServer = Awaited<ReturnType<typeof startServerProcess>>;
