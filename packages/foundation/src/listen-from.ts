import type { AddressInfo, Server } from 'node:net';

const portsTriedMax = 100;

/** Listens on the first free port from `port` on, and returns it; 0: any free one. */
export async function listenFrom(server: Server, host: string, port: number): Promise<number> {
  for (let tried = port; ; tried++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(tried, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const isTaken = (error as { code?: unknown }).code === 'EADDRINUSE';
      if (!isTaken || tried >= Math.min(port + portsTriedMax, 65_535)) throw error;
    }
  }
}

/** The address of such a server. */
export const urlOf = (scheme: 'http' | 'https', host: string, port: number): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
