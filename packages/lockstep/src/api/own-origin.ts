import type { BlockList } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isListed } from '@lockstep/foundation/address-list';
import type { FastifyRequest } from 'fastify';

/**
 * The address under which the caller reaches this server, which has checked the Host header. A named TLS terminator is
 * reached by https. Salesforce returns to http only at the name localhost.
 */
export function ownOrigin({ socket, headers }: FastifyRequest, trustedProxies: BlockList): string {
  const isSecure =
    socket instanceof TLSSocket || isListed(trustedProxies, socket.remoteAddress ?? '127.0.0.1');
  const host = (headers.host ?? '').toLowerCase();
  return isSecure ? `https://${host}` : `http://${host.replace(/^127\.0\.0\.1(?=:|$)/, 'localhost')}`;
}
