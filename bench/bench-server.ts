import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeEmbedded, startEmbedded } from 'lockstep/postgres';

/** The embedded PostgreSQL with its ordinary settings. */
export async function openBenchServer(): Promise<AsyncDisposable & { url: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  await chmod(folder, 0o711);
  const server = await startEmbedded({ dataDir: join(folder, 'server'), preferredPort: 0 });
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server.leave();
      await removeEmbedded(join(folder, 'server'));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
