/** The console's own tool chain: one build for servers, one development server for people. */
import { join } from 'node:path';
import { build, createServer } from 'vite';

const folder = join(import.meta.dirname, '..');
const configFile = join(folder, 'vite.config.ts');

/** What {@link buildConsole} writes. */
export const builtConsole = join(folder, 'dist');

export async function buildConsole({ isQuiet = false } = {}): Promise<void> {
  await build({ configFile, logLevel: isQuiet ? 'warn' : 'info' });
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
