import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket, type TcpNetConnectOpts } from 'node:net';

/** A listener on this machine that passes each connection on to a server. */
export interface TcpRelay extends AsyncDisposable {
  port: number;
  /** Destroys all open connections. */
  drop(): void;
}

/** @param join  forwards data between the two sides of one connection */
export async function openTcpRelay(
  to: TcpNetConnectOpts,
  join: (near: Socket, far: Socket) => void,
  options: { allowHalfOpen?: boolean } = {},
): Promise<TcpRelay> {
  const open = new Set<Socket>();
  const drop = () => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer({ noDelay: true, ...options }, (near) => {
    const far = connect({ ...to, noDelay: true, ...options });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    join(near, far);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    drop,
    async [Symbol.asyncDispose]() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
