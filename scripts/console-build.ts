// The built console of this clone: whether it is what its sources say, and how to make it so.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Where the build notes what it was made of: outside the folder that is served and packed. */
const stampOf = (root: string) => join(root, 'node_modules', '.cache', 'lockstep-console');
const folderOf = (root: string) => join(root, 'packages', 'console');

/** `absent`: this clone has no console. */
export type ConsoleState = 'absent' | 'missing' | 'old' | 'built';

export function consoleState(root: string): ConsoleState {
  const folder = folderOf(root);
  if (!existsSync(join(folder, 'package.json'))) return 'absent';
  if (!existsSync(join(folder, 'dist', 'index.html'))) return 'missing';
  const stamp = stampOf(root);
  const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash(root);
  return isCurrent ? 'built' : 'old';
}

/** Builds it. Throws if that fails; what Vite prints is shown. */
export function buildConsole(root: string): void {
  const folder = folderOf(root);
  const made = sourcesHash(root);
  const vite = createRequire(join(folder, 'package.json')).resolve('vite/package.json');
  const program = join(dirname(vite), 'bin', 'vite.js');
  const args = ['build', folder, '--logLevel', 'warn', '--emptyOutDir'];
  // Standard output belongs to the command that is started next.
  const { status } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('the console could not be built: see the lines above');
  compress(join(folder, 'dist'));
  noteBuilt(root, made);
}

/** From now on it is what its sources say, if these are of this hash. */
export function noteBuilt(root: string, hash: string): void {
  mkdirSync(dirname(stampOf(root)), { recursive: true });
  writeFileSync(stampOf(root), hash);
}

/** Of names and contents, because the times of files mean nothing in a clone. */
export function sourcesHash(root: string): string {
  const folder = folderOf(root);
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const path of filesIn(folder).toSorted()) {
    const name = relative(folder, path);
    if (/^(?:dist|node_modules)[\\/]|\.test\.tsx?$/.test(name)) continue;
    hash.update(name).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/** The server sends these in place of the files beside which they stand, to those who can read them. */
function compress(dist: string): void {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  for (const path of filesIn(dist)) {
    if (!/\.(?:js|css|html|svg|json)$/.test(path)) continue;
    const content = readFileSync(path);
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  }
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
