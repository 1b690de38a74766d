import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { openCli, type Running } from '@lockstep/harness/cli-process';

/** Lockstep as its users start it: a process that can be killed and started again. */
export interface ServerProcess extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`; changes with each start. Null while it is down. */
  url: string | null;
  /** Resolves when it accepts requests. */
  start(): Promise<void>;
  /** kill -9: it has no chance to shut down. */
  kill(): Promise<void>;
  /** Resolves with its last output if it ends by itself, which it never should. */
  ended: Promise<string>;
}

export interface ServerOptions {
  controlUrl: string;
  key: Buffer;
  allowHosts: readonly string[];
  /** A folder into which its log files are copied at the end. */
  logs?: string | undefined;
}

export async function openServerProcess({ logs, ...options }: ServerOptions): Promise<ServerProcess> {
  const cli = await openCli({
    DATABASE_URL: options.controlUrl,
    LOCKSTEP_KEY: options.key.toString('base64'),
    LOCKSTEP_ALLOW_HOST: options.allowHosts.join(','),
  });
  const ended = Promise.withResolvers<string>();
  let running: Running | null = null;
  const server: ServerProcess = {
    url: null,
    ended: ended.promise,
    async start() {
      const started = await cli.start(['start'], 'Ctrl-C stops it.');
      running = started;
      const [, url] = /The proxy listens on (http:[\w/.:]+),/.exec(started.stderr()) ?? [];
      if (url === undefined) throw new Error('Lockstep does not say where its proxy listens');
      server.url = url;
      void started.ended.then(({ code, stderr }) => {
        if (running === started) ended.resolve(`it ended with code ${code}: ${stderr.slice(-2_000)}`);
      });
    },
    async kill() {
      const dying = running;
      running = null;
      server.url = null;
      await dying?.end('SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      running = null;
      server.url = null;
      if (logs !== undefined) await cp(join(cli.dataDir, 'logs'), logs, { recursive: true });
      await cli[Symbol.asyncDispose]();
    },
  };
  return server;
}
