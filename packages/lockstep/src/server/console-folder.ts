/** Where the built console is: beside the compiled product in a package, and in its own package in a clone. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** An absolute path; null: it is not built. */
export function findConsole(): string | null {
  const isPackage = import.meta.filename.endsWith('.js');
  const folder = resolve(import.meta.dirname, isPackage ? '../console' : '../../../console/dist');
  return existsSync(join(folder, 'index.html')) ? folder : null;
}
