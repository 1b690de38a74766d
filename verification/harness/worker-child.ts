import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import type { EndToEndHarness } from './end-to-end-harness.ts';

/** In real milliseconds. */
const sayMsMax = 20_000;

/** A worker as its own process. Disposing kills it, with no chance to shut down. */
export interface WorkerChild extends AsyncDisposable {
  /** Resolves when its first page is applied, or its first request has failed. */
  firstTick: Promise<void>;
  /** Resolves at the next log line whose message matches this expression; fails if none comes in time. */
  says(message: string, withinMs?: number): Promise<void>;
  /** All that it has logged so far. */
  log(): string;
  pid: number | undefined;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
}

/** Those of this process: a benchmark runs as the product does. */
const memoryOptions = process.execArgv.filter((option) => option.startsWith('--max-semi-space-size'));

/** @param options  with small pages, a few thousand records are many */
export function startWorkerChild(
  harness: EndToEndHarness,
  owner: string,
  options: { pageRows?: number } = {},
): WorkerChild {
  const child: ChildProcess = spawn(
    process.execPath,
    [...memoryOptions, join(import.meta.dirname, 'worker-process.ts')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const configuration = {
    url: harness.control.database.url,
    key: harness.control.keyBytes.toString('base64'),
    owner,
    allowHost: new URL(harness.org.url).host,
    ...options,
  };
  child.stdin?.write(`${JSON.stringify(configuration)}\n`);
  const exited = once(child, 'exit');
  const lines = child.stdout && createInterface({ input: child.stdout });
  const logged: string[] = [];
  lines?.on('line', (line) => logged.push(line));
  const lineWith = (text: RegExp) =>
    new Promise<void>((resolve) => {
      lines?.on('line', (line) => {
        if (text.test(line)) resolve();
      });
    });
  return {
    firstTick: Promise.race([
      lineWith(/"msg":"(page applied|tick failed|sync waits)"/),
      exited.then(() => undefined),
    ]),
    log: () => logged.join('\n'),
    pid: child.pid,
    async says(message, withinMs = sayMsMax) {
      const said = lineWith(new RegExp(`"msg":"${message}"`)).then(() => true);
      const heard = new AbortController();
      const tooLong = systemClock.sleep(withinMs, heard.signal).then(
        () => false,
        () => true, // it was heard
      );
      const isSaid = await Promise.race([said, tooLong]);
      heard.abort();
      assert(isSaid, `the worker does not log: ${message}`);
    },
    signal: (name) => void child.kill(name),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
