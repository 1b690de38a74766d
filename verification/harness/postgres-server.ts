/** The PostgreSQL server for a run on a real destination. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeEmbedded, startEmbedded } from 'lockstep/postgres';

/** The server that `TEST_POSTGRES_URL` names, as for tests; without it one made for this run and removed after it. */
export async function openServer(): Promise<AsyncDisposable & { url: string }> {
  const existing = process.env.TEST_POSTGRES_URL;
  if (existing) return { url: existing, [Symbol.asyncDispose]: async () => undefined };
  return openOwnServer((line) => process.stderr.write(`${line}\n`));
}

/** A server with its ordinary settings, removed with the run. */
export async function openOwnServer(
  say?: (line: string) => void,
): Promise<AsyncDisposable & { url: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-postgres-'));
  await chmod(folder, 0o711); // the server may run as another user
  const dataDir = join(folder, 'server');
  const server = await startEmbedded({ dataDir, preferredPort: 0, ...(say && { say }) });
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server.leave();
      await removeEmbedded(dataDir);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
