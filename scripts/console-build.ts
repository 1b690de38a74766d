// The built console of this clone: whether it is what its sources say, and how to make it so.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/** Where the build notes what it was made of: outside the folder that is served and packed. */
const stampOf = (clone: string) => join(clone, 'node_modules', '.cache', 'lockstep-console');
const folderOf = (clone: string) => join(clone, 'packages', 'console');

export type ConsoleState = 'missing' | 'old' | 'built';

export function consoleState(clone = root): ConsoleState {
  const folder = folderOf(clone);
  if (!existsSync(join(folder, 'dist', 'index.html'))) return 'missing';
  const stamp = stampOf(clone);
  const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash(clone);
  return isCurrent ? 'built' : 'old';
}

/** Builds that of this clone. Throws if that fails; what Vite prints is shown. */
export async function buildConsole(): Promise<void> {
  const made = sourcesHash(root);
  // Vite is loaded only when there is something to build: every start asks.
  const { writeConsole } = await import('@lockstep/console/build');
  await writeConsole();
  noteBuilt(root, made);
}

/** From now on it is what its sources say, if these are of this hash. */
export function noteBuilt(clone: string, hash: string): void {
  mkdirSync(dirname(stampOf(clone)), { recursive: true });
  writeFileSync(stampOf(clone), hash);
}

/** Of names and contents, because the times of files mean nothing in a clone. */
export function sourcesHash(clone: string): string {
  const folder = folderOf(clone);
  const hash = createHash('sha256').update(readFileSync(join(clone, 'package-lock.json')));
  for (const path of filesIn(folder).toSorted()) {
    const name = relative(folder, path);
    if (/^(?:dist|node_modules)[\\/]|\.test\.tsx?$/.test(name)) continue;
    hash.update(name).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
