#!/usr/bin/env node
// Starts a TypeScript file of this project on the Node version that it pins, installing packages first where needed.
// Plain JavaScript without packages, because it runs before anything is installed and on any Node from 20 on.
// Use: node scripts/run.mjs FILE [arguments]; without a FILE it starts the command line (src/main.ts).
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.lockstep-installed');

/** The lockfile's hash is kept beside the packages: time stamps of a fresh clone say nothing about its age. */
function installIfNeeded() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const why = existsSync(join(root, 'node_modules'))
    ? 'they are older than package-lock.json'
    : 'there are none yet';
  process.stderr.write(`Installing packages from package-lock.json (${why}); this takes about a minute.\n`);
  const npm = process.env.npm_execpath;
  const [command, before] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const args = [...before, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) {
    process.stderr.write(
      'The packages could not be installed. See the lines above; a network or proxy setting is the usual cause.\n',
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

/** Each platform's Node comes as an npm package; a Node of the pinned major or newer is used as it is. */
function pinnedNode() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const { platform, arch } = process;
  const names = [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`];
  const path = names.map((name) => join(root, 'node_modules', name, 'bin', 'node')).find(existsSync);
  if (path) return path;
  process.stderr.write(
    `No packaged Node for ${platform}-${arch}. Install Node 24 or newer, then run this again.\n`,
  );
  return process.exit(1);
}

installIfNeeded();
const node = pinnedNode();
const given = process.argv.slice(2);
const args = given[0]?.endsWith('.ts')
  ? [join(root, given[0]), ...given.slice(1)]
  : [join(root, 'src/main.ts'), ...given];
const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...args], {
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
    // Compiled code is kept between runs: it halves the start of a command.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'compile'),
  },
});

// A terminal sends Ctrl-C to the whole group; a signal sent to this process alone is passed on. The child
// takes both together for one, because it treats repeats within a second as the same wish.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) =>
  process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)),
);
