#!/usr/bin/env node
// Starts a TypeScript file of this project on the Node version that the project pins, and installs packages first if
// needed.
// Plain JavaScript without packages, because it runs before anything is installed and on any Node from 20 on.
// Use: node scripts/run.mjs FILE [arguments].
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startOnNode } from '../packages/lockstep/bin/start-on-node.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.lockstep-installed');

/** Compares the lockfile's hash with the one kept in node_modules; the file times of a fresh clone mean nothing. */
function installIfNeeded() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const why = existsSync(join(root, 'node_modules'))
    ? 'they are older than package-lock.json'
    : 'none are installed yet';
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

installIfNeeded();
const [file, ...given] = process.argv.slice(2);
startOnNode([join(root, file), ...given], {
  // Keeping compiled code between runs halves the start time of a command.
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'compile'),
});
