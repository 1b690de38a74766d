import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** For the org as well as for its control API. */
const portsTriedMax = 100;

/** Listens on the first free port from `port` on; 0 picks any. Returns the URL, without a trailing slash. */
export async function listenFrom(server: Server, host: string, port: number): Promise<string> {
  for (let tried = port; ; tried++) {
    try {
      server.listen(tried, host);
      await once(server, 'listening');
      break;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || tried >= Math.min(port + portsTriedMax, 65_535)) throw error;
    }
  }
  const { port: chosen } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`;
}
