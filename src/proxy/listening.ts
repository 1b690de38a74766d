/** The sockets below the proxy: limits of Node's server, the port, and what its parser refuses by itself. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Fault } from '../core/faults.ts';
import { type Certificate, tlsOptions } from './certificate.ts';
import { faultAnswer, refuse } from './errors.ts';
import { requestHeadBytesMax } from './target.ts';

/** Above Salesforce's own bound there is our prefix of the address. */
const headBytesMax = requestHeadBytesMax + 512;
/** A client that is slower than this with its headers, or with the beginning of TLS, is cut off. */
const headersTimeoutMs = 15_000;
/** Longer than clients keep idle connections, so that none sends a write into one that is just being closed. */
const keepAliveMs = 65_000;
/** No byte in either direction: longer than Salesforce may take for an answer. */
const silenceMaxMs = 660_000;
const portsTried = 20;

/**
 * @param onExpecting  is given the requests whose callers wait to be told before they send the body, and those that
 *                     expect something else
 * @param certificate  without one the server speaks http
 */
export function openServer(
  onRequest: RequestListener,
  onExpecting: RequestListener,
  certificate?: Certificate,
): Server | TlsServer {
  const limits = {
    maxHeaderSize: headBytesMax,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: 0,
    insecureHTTPParser: false,
    connectionsCheckingInterval: 5_000,
  };
  // Salesforce's bytes go on as HTTP/1.1 has them, so nothing else is offered.
  const tls = certificate && {
    ...tlsOptions(certificate),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: headersTimeoutMs,
  };
  const server = tls ? createTlsServer({ ...limits, ...tls }, onRequest) : createServer(limits, onRequest);
  server.setTimeout(silenceMaxMs);
  server.on('checkContinue', onExpecting);
  server.on('checkExpectation', onExpecting);
  server.on('clientError', refuseConnection);
  server.on('connect', (_, socket: Duplex) => refuseRaw(socket, refuse(405, 'method')));
  return server;
}

export const urlOf = (scheme: 'http' | 'https', host: string, port: number): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** The port that it listens on: of those from `port` on the first that is free. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
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
      if (!isTaken || tried >= port + portsTried) throw error;
    }
  }
}

/** What Node's parser refuses: two framings, broken lines, headers too long or too slow. */
function refuseConnection(error: Error & { code?: string; rawPacket?: Buffer }, socket: Duplex): void {
  const isUnreadable = /^(?:ERR_SSL_|ERR_TLS_|ECONNRESET$|EPIPE$)/.test(error.code ?? '');
  if (isUnreadable) {
    socket.destroy(); // TLS did not come about, or the caller is gone: there is nobody to tell
    return;
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    // The packet tells the two apart where it is the request's first one.
    const start = error.rawPacket?.subarray(0, headBytesMax).toString('latin1') ?? '';
    const firstLineFits = start.includes('\n') || !/^[A-Z]+ \//.test(start);
    return refuseRaw(
      socket,
      firstLineFits ? refuse(431, 'size of the headers') : refuse(414, 'length of the address'),
    );
  }
  refuseRaw(socket, error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? refuse(408, 'time') : refuse(400, 'framing'));
}

const phrases: Record<number, string> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
};

function refuseRaw(socket: Duplex, fault: Fault): void {
  // Node has taken its own listener off by now; a caller who resets would end the process.
  socket.on('error', () => socket.destroy());
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = faultAnswer(fault, false);
  const lines = [`HTTP/1.1 ${status} ${phrases[status] ?? ''}`, 'Connection: close'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
