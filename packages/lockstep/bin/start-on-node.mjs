// Runs a program on the pinned Node and ends as it ends. Plain JavaScript without packages.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { pinnedNode } from './pinned-node.mjs';

const options = [
  '--disable-warning=ExperimentalWarning',
  // In MB. Node's own choice costs some 60 MB of memory while a large table is copied: docs/benchmarks.md.
  '--max-semi-space-size=4',
];

/**
 * @param {readonly string[]} args  a file and what it is given
 * @param {Record<string, string>} environment  besides the process's own
 */
export function startOnNode(args, environment = {}) {
  const node = pinnedNode();
  const child = spawn(node, [...options, ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`, ...environment },
  });
  // A terminal sends Ctrl-C to the whole group; a signal sent to this process alone is passed on. The child
  // takes both together for one, because it treats repeats within a second as the same request.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) =>
    process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)),
  );
}
