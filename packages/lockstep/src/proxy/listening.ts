/** The sockets below the proxy: limits of Node's server, the port, and what its parser refuses by itself. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@lockstep/foundation/clock';
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
/** Above the requests that may be under way or wait there is room for idle callers; more would starve the databases. */
const connectionsMax = 5_000;
/** Whoever is refused gets this long to read it, however much he still sends. */
const lingerMs = 2_000;
const portsTried = 20;

/** A request whose head has come. */
export interface Arrival {
  request: IncomingMessage;
  response: ServerResponse;
  /** The caller sends the body when he is told to. */
  awaitsContinue: boolean;
  /** What followed the head is no body; the caller has been told, or cut off. */
  isBroken: boolean;
}

export interface ListenerOptions {
  clock: Clock;
  /** Without one it speaks http. */
  certificate?: Certificate | undefined;
  /** Instead of the usual {@link headersTimeoutMs}. */
  headersTimeoutMs?: number | undefined;
}

export interface Listener {
  server: Server | TlsServer;
  /** Takes no new connection; resolves when the last one is closed. */
  close(): Promise<void>;
  /** Ends what Node's server no longer knows of as well. */
  cutConnections(): void;
}

export function openListener(onArrival: (arrival: Arrival) => void, options: ListenerOptions): Listener {
  const { clock, certificate } = options;
  const patienceMs = options.headersTimeoutMs ?? headersTimeoutMs;
  const limits = {
    maxHeaderSize: headBytesMax,
    headersTimeout: patienceMs,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: 0,
    insecureHTTPParser: false,
    requireHostHeader: false, // refused by ourselves, in our own words
    connectionsCheckingInterval: Math.ceil(patienceMs / 3),
  };
  // Salesforce's bytes go on as HTTP/1.1 has them, so nothing else is offered.
  const tls = certificate && {
    ...tlsOptions(certificate),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: patienceMs,
  };
  const server = tls ? createTlsServer({ ...limits, ...tls }) : createServer(limits);
  server.maxHeadersCount = 0; // bounded by their bytes; what Node leaves out beyond a number would be lost unseen
  server.maxConnections = connectionsMax;
  server.setTimeout(silenceMaxMs);

  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const arrivals = new ArrivalsBySocket();
  const arrive = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) => {
    const arrival = { request, response, awaitsContinue, isBroken: false };
    arrivals.add(arrival);
    onArrival(arrival);
  };
  server.on('request', (request, response) => arrive(request, response, false));
  server.on('checkContinue', (request, response) => arrive(request, response, true));
  server.on('checkExpectation', (request, response) => arrive(request, response, true));

  const refuseAll = async (socket: Duplex, fault: Fault) => {
    // Node has taken its own listener off by now; a caller who resets would end the process.
    socket.on('error', () => socket.destroy());
    const answersOut = await arrivals.break(socket);
    if (answersOut) socket.end();
    else refuseRaw(socket, fault);
    socket.resume(); // what is left unread would make the goodbye a reset, and the refusal with it
    await clock.sleep(lingerMs);
    socket.destroy();
  };
  server.on('clientError', (error: ParserError, socket: Duplex) => {
    const fault = faultOf(error);
    if (fault) void refuseAll(socket, fault);
    else socket.destroy();
  });
  server.on('connect', (_, socket: Duplex) => void refuseAll(socket, refuse(405, 'method')));
  return {
    server,
    close: () => new Promise((resolve) => server.close(() => resolve())),
    cutConnections() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The requests on each connection that have no answer yet. */
class ArrivalsBySocket {
  private readonly open = new Map<Duplex, Set<Arrival>>();

  add(arrival: Arrival): void {
    const { socket } = arrival.request;
    const own = this.open.get(socket) ?? new Set();
    this.open.set(socket, own.add(arrival));
    arrival.response.once('close', () => {
      own.delete(arrival);
      if (own.size === 0) this.open.delete(socket);
    });
  }

  /**
   * What comes on the connection from here on is not HTTP. A request that has come whole still gets its answer, which a
   * refusal must not overtake: who waits for the answer of a write would take it for that.
   *
   * @returns whether there was one; resolves when all of them are out
   */
  async break(socket: Duplex): Promise<boolean> {
    const own = [...(this.open.get(socket) ?? [])];
    for (const arrival of own) arrival.isBroken = !arrival.request.complete;
    const whole = own.filter(({ isBroken }) => !isBroken);
    await Promise.all(whole.map(({ response }) => new Promise((resolve) => response.once('close', resolve))));
    return whole.length > 0;
  }
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

type ParserError = Error & { code?: string; rawPacket?: Buffer };

/** What Node's parser refuses: two framings, broken lines, headers too long or too slow. Null: nobody is there to be told. */
function faultOf({ code = '', rawPacket }: ParserError): Fault | null {
  // TLS did not come about, or the caller is gone.
  if (/^(?:ERR_SSL_|ERR_TLS_|ECONNRESET$|EPIPE$)/.test(code)) return null;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refuse(408, 'time');
  if (code !== 'HPE_HEADER_OVERFLOW') return refuse(400, 'framing');
  // The packet tells the two apart where it is the request's first one.
  const start = rawPacket?.subarray(0, headBytesMax).toString('latin1') ?? '';
  const firstLineFits = start.includes('\n') || !/^[A-Z]+ \//.test(start);
  return firstLineFits ? refuse(431, 'size of the headers') : refuse(414, 'length of the address');
}

const phrases: Record<number, string> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
};

function refuseRaw(socket: Duplex, fault: Fault): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = faultAnswer(fault, false);
  const lines = [`HTTP/1.1 ${status} ${phrases[status] ?? ''}`, 'Connection: close'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
