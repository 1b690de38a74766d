/** The console's own tool chain: one build for servers, one development server for people. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, createServer } from 'vite';

const folder = join(import.meta.dirname, '..');
const configFile = join(folder, 'vite.config.ts');

/** What {@link writeConsole} writes. */
export const builtConsole = join(folder, 'dist');

/** Nothing on standard output, which belongs to the command that is started next. */
export async function writeConsole(): Promise<void> {
  await build({ configFile, logLevel: 'warn' });
  compress(builtConsole);
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

/** Serves the sources, each change at once, beside an API that runs elsewhere. */
export async function serveConsole(apiUrl: string): Promise<void> {
  const { origin } = new URL(apiUrl);
  // The API answers to its own name and its own pages only.
  const proxy = { '/api': { target: origin, changeOrigin: true, headers: { origin } } };
  const server = await createServer({ configFile, server: { port: 8410, proxy } });
  await server.listen();
  server.printUrls();
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
