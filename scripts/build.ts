// Compiles a package to JavaScript, because Node does not strip types below node_modules. Called by `npm pack` with the
// package's folder; its output is removed again once the package is packed. The product's holds the built console.
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { assert } from '@lockstep/foundation/assert';
import { isTest } from '@lockstep/harness/source-files';
import { parseSync } from 'oxc-parser';
import { buildConsole, consoleState } from './console-build.ts';

const root = resolve(import.meta.dirname, '..');
const folder = join(root, process.argv[2] ?? '');
const dist = join(folder, 'dist');

/** The foundation is not published; each package contains its own copy. */
const foundation = '@lockstep/foundation/';

build(join(folder, 'src'), dist);
build(join(root, 'packages/foundation/src'), join(dist, 'foundation'));
copyFileSync(join(root, 'LICENSE'), join(dist, 'LICENSE'));
if (folder === join(root, 'packages/lockstep')) await addConsole();

async function addConsole(): Promise<void> {
  if (consoleState() !== 'built') await buildConsole();
  cpSync(join(root, 'packages/console/dist'), join(dist, 'console'), { recursive: true });
}

function build(from: string, to: string): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name);
    if (!entry.isFile() || isTest(source)) continue;
    const target = join(to, relative(from, source));
    mkdirSync(dirname(target), { recursive: true });
    if (!source.endsWith('.ts')) copyFileSync(source, target);
    else writeFileSync(target.replace(/\.ts$/, '.js'), asJavaScript(source, dirname(target)));
  }
}

/** Strips the types and rewrites the import paths for the package. Every line keeps its number. */
function asJavaScript(source: string, targetFolder: string): string {
  const text = stripTypeScriptTypes(readFileSync(source, 'utf8'));
  const { staticImports, staticExports, dynamicImports } = parseSync(
    source.replace(/\.ts$/, '.js'),
    text,
  ).module;
  const exported = staticExports.flatMap(({ entries }) => entries.flatMap((one) => one.moduleRequest ?? []));
  const requests = [
    ...staticImports.map((one) => one.moduleRequest),
    ...exported,
    ...dynamicImports.map((one) => one.moduleRequest),
  ];
  const spans = new Map(requests.map(({ start, end }) => [start, end]));
  let result = text;
  for (const [start, end] of [...spans].toSorted(([a], [b]) => b - a)) {
    const specifier = text.slice(start + 1, end - 1);
    result = `${result.slice(0, start)}'${inPackage(specifier, targetFolder)}'${result.slice(end)}`;
  }
  // The parser does not list `export { } from`, which is left of an export of types that does not say `export type`.
  assert(!/^export \{\s*\} from/m.test(result), `${source}: say "export type { … } from"`);
  return result;
}

function inPackage(specifier: string, from: string): string {
  if (specifier.startsWith('.')) return specifier.replace(/\.ts$/, '.js');
  if (!specifier.startsWith(foundation)) return specifier;
  const path = relative(from, join(dist, 'foundation', `${specifier.slice(foundation.length)}.js`));
  return path.startsWith('.') ? path : `./${path}`;
}
