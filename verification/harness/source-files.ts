import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import {
  type EcmaScriptModule,
  type Expression,
  type Function as FunctionNode,
  type PropertyKey,
  parseSync,
  Visitor,
} from 'oxc-parser';

export const root = resolve(import.meta.dirname, '../..');

export interface Import {
  /** For a file of this project, its path from the root; null for a package. */
  path: string | null;
  /** As written in the source. */
  specifier: string;
  isType: boolean;
}

export interface SourceFile {
  /** Relative to the root of the checkout, with slashes. */
  path: string;
  text: string;
  imports: readonly Import[];
  /** With their number of lines; those of the tests in a function count only for the tests themselves. */
  functions: readonly { line: number; lines: number }[];
  /** Named functions and methods, with the text of their bodies. */
  named: ReadonlyMap<string, string>;
  /** Names of the properties that the code reads: by a dot, by a text in brackets, or by taking a value apart. */
  reads: ReadonlySet<string>;
}

/** The TypeScript files below some folders of the checkout, with facts from their syntax trees. */
export function sourceFiles(...folders: string[]): SourceFile[] {
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !path.includes('node_modules/') && !/^packages\/[^/]+\/dist\//.test(path))
    .map(readSource)
    .toSorted((a, b) => a.path.localeCompare(b.path));
}

interface Span {
  start: number;
  end: number;
}

const readSource = (path: string) => parseSource(path, readFileSync(join(root, path), 'utf8'));

export function parseSource(path: string, text: string): SourceFile {
  const { module, program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error) throw new Error(`${path}: ${error.message}`);
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  const linesOf = ({ start, end }: Span) => lineOf(end) - lineOf(start) + 1;
  const functions: Span[] = [];
  const tests: Span[] = [];
  const imports = importsOf(module, text).map((one) => ({ ...one, path: pathOf(path, one.specifier) }));
  const named = new Map<string, string>();
  const reads = new Set<string>();
  const read = (key: Expression | PropertyKey, computed: boolean) => {
    if (key.type === 'Identifier' && !computed) reads.add(key.name);
    if (key.type === 'Literal' && typeof key.value === 'string') reads.add(key.value);
  };
  const name = (key: object | null, body: Span | null) => {
    if (key && body && 'name' in key && typeof key.name === 'string')
      named.set(key.name, text.slice(body.start, body.end));
  };
  new Visitor({
    FunctionDeclaration: (node: FunctionNode) => {
      functions.push(node);
      name(node.id, node.body ?? node);
    },
    FunctionExpression: (node: FunctionNode) => void functions.push(node),
    ArrowFunctionExpression: (node) => void functions.push(node),
    CallExpression: ({ callee, arguments: given }) => {
      if (testCalls.test(text.slice(callee.start, callee.end))) tests.push(...given.filter(isFunction));
    },
    VariableDeclarator: ({ id, init }) => {
      name(id, bodyOf(init));
    },
    MethodDefinition: ({ key, value }) => name(key, bodyOf(value)),
    Property: ({ key, value }) => {
      name(key, bodyOf(value));
    },
    MemberExpression: ({ property, computed }) => {
      if (property.type !== 'PrivateIdentifier') read(property, computed);
    },
    ObjectPattern: ({ properties }) => {
      for (const one of properties) if (one.type === 'Property') read(one.key, one.computed);
    },
    TSImportType: ({ source: { value: specifier } }) =>
      void imports.push({ specifier, isType: true, path: pathOf(path, specifier) }),
  }).visit(program);
  const own = functions.map((one) => {
    const inside = outermost(tests.filter((test) => one.start < test.start && test.end <= one.end));
    const lines = linesOf(one) - inside.reduce((sum, test) => sum + linesOf(test), 0);
    return { line: lineOf(one.start), lines };
  });
  return { path, text, imports, functions: own, named, reads };
}

/** Calls of node:test, also of a test's own context. */
const testCalls = /^(\w+\.)?(test|suite|before|after|beforeEach|afterEach)$/;

const isFunction = ({ type }: { type: string }) =>
  type === 'ArrowFunctionExpression' || type === 'FunctionExpression';

/** The spans that are not within another. */
const outermost = (spans: readonly Span[]): Span[] =>
  spans.filter(({ start, end }) => !spans.some((other) => other.start < start && end <= other.end));

function importsOf(
  { staticImports, staticExports, dynamicImports }: EcmaScriptModule,
  text: string,
): Omit<Import, 'path'>[] {
  const isOfTypes = (entries: readonly { isType: boolean }[]) =>
    entries.length > 0 && entries.every(({ isType }) => isType);
  return [
    ...staticImports.map(({ moduleRequest: { value: specifier }, entries }) => ({
      specifier,
      isType: isOfTypes(entries),
    })),
    ...staticExports.flatMap(({ entries }) => {
      const specifier = entries.find(({ moduleRequest }) => moduleRequest)?.moduleRequest?.value;
      return specifier === undefined ? [] : [{ specifier, isType: isOfTypes(entries) }];
    }),
    ...dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
      const [, specifier] = /^'(.*)'$/.exec(text.slice(start, end)) ?? [];
      return specifier === undefined ? [] : [{ specifier, isType: false }];
    }),
  ];
}

/** A function's body; null for anything else. */
const bodyOf = (node: object | null): Span | null =>
  node && 'body' in node ? (node.body as Span | null) : null;

/** The folders of the buildings; their package names are read from package.json. */
const buildings = [
  'packages/console',
  'packages/foundation',
  'packages/lockstep',
  'packages/simulated-org',
  'verification/harness',
];
const exportsOf = new Map(
  buildings.map((folder) => {
    const file = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      name: string;
      exports: Record<string, string>;
    };
    return [file.name, { folder, exports: Object.entries(file.exports) }];
  }),
);

/** Resolves as Node does, by relative path or by the `exports` of one of the buildings. */
function pathOf(from: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return join(dirname(from), specifier).replaceAll('\\', '/');
  const name = [...exportsOf.keys()].find((one) => specifier === one || specifier.startsWith(`${one}/`));
  const building = name === undefined ? undefined : exportsOf.get(name);
  if (name === undefined || !building) return null;
  const subpath = `.${specifier.slice(name.length)}`;
  const found = building.exports
    .map(([pattern, target]) => [pattern.split('*'), target] as const)
    .filter(([[before = '', after]]) =>
      after === undefined ? subpath === before : subpath.startsWith(before) && subpath.endsWith(after),
    )
    .toSorted(([a], [b]) => b.join('').length - a.join('').length)
    .map(([[before = '', after = ''], target]) =>
      target.replace('*', subpath.slice(before.length, subpath.length - after.length)),
    )
    .map((target) => join(building.folder, target).replaceAll('\\', '/'))[0];
  if (found === undefined || !existsSync(join(root, found)))
    throw new Error(`${from} imports ${specifier}, which ${building.folder}/package.json does not export`);
  return found;
}

export const isTest = (path: string) =>
  /\.test\.tsx?$/.test(path) || /(^|\/)(test-|sample-)[^/]*$/.test(path) || path.endsWith('/testing.ts');
