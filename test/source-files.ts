import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

export interface SourceFile {
  /** From the root of the checkout, with slashes. */
  path: string;
  text: string;
  /** Relative imports, resolved to paths from the root; and the packages. */
  imports: readonly { path: string; isType: boolean }[];
  packages: readonly string[];
}

/** TypeScript files below some folders of the checkout. */
export function sourceFiles(...folders: string[]): SourceFile[] {
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => readSource(relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/')))
    .toSorted((a, b) => a.path.localeCompare(b.path));
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const found = [
    ...text.matchAll(/(?:^|\n)(import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g),
  ];
  const imports = found.map(([, , type, from, dynamic]) => ({
    from: from ?? dynamic ?? '',
    isType: Boolean(type),
  }));
  return {
    path,
    text,
    imports: imports
      .filter(({ from }) => from.startsWith('.'))
      .map(({ from, isType }) => ({ path: join(dirname(path), from).replaceAll('\\', '/'), isType })),
    packages: imports.filter(({ from }) => !from.startsWith('.')).map(({ from }) => from),
  };
}

export const isTest = (path: string) =>
  /\.test\.tsx?$/.test(path) || /(^|\/)(test-|scripted-|sample-)[^/]*$/.test(path);
