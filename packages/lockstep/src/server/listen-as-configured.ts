import type { Config } from '../config.ts';
import { RequestError } from '../core/request-error.ts';
import { preferredPort, rememberPort } from '../operations/ports.ts';

const parts = {
  proxy: { what: 'The proxy', host: 'proxyHost', port: 'proxyPort' },
  metrics: { what: 'The metrics server', host: 'metricsHost', port: 'metricsPort' },
  api: { what: 'The API', host: 'apiHost', port: 'apiPort' },
} as const;

/** Listens on the port of last time if that is free, and says so if it takes another one. */
export async function listenAsConfigured<Listener extends { port: number }>(
  part: keyof typeof parts,
  config: Config,
  say: (line: string) => void,
  start: (at: { host: string; port: number }) => Promise<Listener>,
): Promise<Listener> {
  const { what } = parts[part];
  const [host, requested] = [config[parts[part].host], config[parts[part].port]];
  const port = await preferredPort(config.dataDir, part, requested);
  try {
    const listener = await start({ host, port });
    if (port !== 0 && listener.port !== port)
      say(`${what} listens on port ${listener.port}, because ${port} is taken.`);
    await rememberPort(config.dataDir, part, requested, listener.port);
    return listener;
  } catch (error) {
    const { code, syscall } = error as { code?: unknown; syscall?: unknown };
    if (syscall !== 'listen' && syscall !== 'getaddrinfo') throw error;
    const option = `LOCKSTEP_${part.toUpperCase()}`;
    throw new RequestError(`${what} cannot listen on ${host}, port ${port} (${String(code)})`, {
      kind: 'unexpected',
      next: `Correct ${option}_HOST or ${option}_PORT: lockstep help config`,
    });
  }
}
