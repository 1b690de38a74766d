/** The sockets below the proxy: limits of Node's server, the port, and requests that Node's parser refuses. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@lockstep/foundation/clock';
import { type Certificate, tlsOptions } from '../core/certificate.ts';
import { Fault } from '../core/faults.ts';
import { faultAnswer, refuse } from './errors.ts';
import { requestHeadBytesMax } from './target.ts';

/** Salesforce's own limit, plus room for our prefix of the address. */
const headBytesMax = requestHeadBytesMax + 512;
/** A client that takes longer than this for its headers, or for the TLS handshake, is cut off. */
const headersTimeoutMs = 15_000;
/** Longer than clients keep idle connections, so that none sends a write on one that we are closing. */
const keepAliveMs = 65_000;
/** How long a connection may be silent in both directions: longer than Salesforce may take for an answer. */
const silenceMaxMs = 660_000;
/** More than the requests that may be under way or wait, for idle callers; even more would starve the databases. */
const connectionsMax = 5_000;
/** How long a refused client has to read the refusal, however much it still sends. */
const lingerMs = 2_000;
/** How many requests a client may send on one connection without waiting for an answer. */
const pipelinedMax = 32;
/** The pauses between interim answers to a client that sends no more. */
const readerChecksMs = [1_000, 4_000, 25_000];

/** A request whose headers have arrived. */
export interface Arrival {
  request: IncomingMessage;
  response: ServerResponse;
  /** The caller waits for 100 Continue before sending the body. */
  awaitsContinue: boolean;
  /** What followed the headers was not a valid body; the caller has been refused or cut off. */
  isBroken: boolean;
}

export interface ListenerOptions {
  clock: Clock;
  /** Without one the listener speaks http. */
  certificate?: Certificate | undefined;
  /** Instead of the default {@link headersTimeoutMs}. */
  headersTimeoutMs?: number | undefined;
}

export interface Listener {
  server: Server | TlsServer;
  /** Accepts no new connection; resolves when the last one is closed. */
  close(): Promise<void>;
  /** Destroys all sockets, including those that Node's server no longer tracks. */
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
    requireHostHeader: false, // we refuse that ourselves, with our own error
    connectionsCheckingInterval: Math.ceil(patienceMs / 3),
  };
  // Salesforce's bytes are passed on in HTTP/1.1 framing, so no other version is offered.
  const tls = certificate && {
    ...tlsOptions(certificate),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: patienceMs,
  };
  const server = tls ? createTlsServer({ ...limits, ...tls }) : createServer(limits);
  server.maxHeadersCount = 0; // limited by bytes instead; Node would silently drop headers beyond this number
  server.maxConnections = connectionsMax;
  server.setTimeout(silenceMaxMs);
  // A client may close its direction after its request and still read the answer (RFC 9112, 9.6). Node's own switch.
  (server as { httpAllowHalfOpen?: boolean }).httpAllowHalfOpen = true;

  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.once('end', () => void arrivals.lookForReader(socket));
  });
  const arrivals = new ArrivalsBySocket(onArrival, clock, (socket) => {
    void refuseAll(socket, new Fault('PRX-10', { reason: tooManyAtOnce }));
  });
  const arrive = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) => {
    const arrival = { request, response, awaitsContinue, isBroken: false };
    arrivals.add(arrival);
  };
  server.on('request', (request, response) => arrive(request, response, false));
  server.on('checkContinue', (request, response) => arrive(request, response, true));
  server.on('checkExpectation', (request, response) => arrive(request, response, true));

  const refuseAll = async (socket: Duplex, fault: Fault) => {
    // Node has already removed its own error listener; without this one, a reset would end the process.
    socket.on('error', () => socket.destroy());
    const wereAnswered = await arrivals.break(socket);
    if (wereAnswered) socket.end();
    else refuseRaw(socket, fault);
    socket.resume(); // unread bytes would turn the close into a reset, and the refusal would be lost
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

/**
 * The unanswered requests of each connection, oldest first. One begins when the one before it is answered: a client
 * that sends two writes without waiting expects them to be done in that order.
 */
class ArrivalsBySocket {
  private readonly open = new Map<Duplex, Set<Arrival>>();
  private readonly refused = new WeakSet<Duplex>();
  private readonly begin: (arrival: Arrival) => void;
  private readonly clock: Clock;
  private readonly refuseMore: (socket: Duplex) => void;

  constructor(begin: (arrival: Arrival) => void, clock: Clock, refuseMore: (socket: Duplex) => void) {
    this.begin = begin;
    this.clock = clock;
    this.refuseMore = refuseMore;
  }

  add(arrival: Arrival): void {
    const { socket } = arrival.request;
    if (this.refused.has(socket)) return;
    const own = this.open.get(socket) ?? new Set();
    if (own.size === pipelinedMax) {
      this.refused.add(socket);
      this.refuseMore(socket);
      return;
    }
    this.open.set(socket, own.add(arrival));
    arrival.response.once('close', () => {
      own.delete(arrival);
      const [next] = own;
      if (next && !socket.destroyed) this.begin(next);
      else this.open.delete(socket);
    });
    if (own.size === 1) this.begin(arrival);
  }

  /**
   * The client sends no more. If it has left altogether, its machine answers an interim answer by a reset, and the next
   * one fails, so that what it asked for can be cancelled; if it still reads, it skips them (RFC 9110, 15.2).
   */
  async lookForReader(socket: Duplex): Promise<void> {
    for (const waitMs of readerChecksMs) {
      const [first] = this.open.get(socket) ?? [];
      if (!first || socket.destroyed || first.response.headersSent) return;
      if (first.request.httpVersion === '1.1') first.response.writeProcessing();
      await this.clock.sleep(waitMs);
    }
  }

  /**
   * What follows on the connection is not HTTP. A request that has arrived completely still gets its answer, which a
   * refusal must not overtake: a client that waits for the answer to a write would take the refusal for it.
   *
   * @returns whether there was such a request; resolves when all their answers are sent
   */
  async break(socket: Duplex): Promise<boolean> {
    const own = [...(this.open.get(socket) ?? [])];
    for (const arrival of own) arrival.isBroken = !arrival.request.complete;
    const complete = own.filter(({ isBroken }) => !isBroken);
    await Promise.all(
      complete.map(({ response }) => new Promise((resolve) => response.once('close', resolve))),
    );
    return complete.length > 0;
  }
}

type ParserError = Error & { code?: string; rawPacket?: Buffer };

/** What Node's parser refuses: two framings, broken lines, headers too long or too slow. Null: nobody to answer. */
function faultOf({ code = '', rawPacket }: ParserError): Fault | null {
  // The TLS handshake failed, or the caller is gone.
  if (/^(?:ERR_SSL_|ERR_TLS_|ECONNRESET$|EPIPE$)/.test(code)) return null;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refuse(408, 'time');
  if (code !== 'HPE_HEADER_OVERFLOW') return refuse(400, 'framing');
  // The packet shows which of the two is too long, if it is the first of the request.
  const start = rawPacket?.subarray(0, headBytesMax).toString('latin1') ?? '';
  const firstLineFits = start.includes('\n') || !/^[A-Z]+ \//.test(start);
  return firstLineFits ? refuse(431, 'size of the headers') : refuse(414, 'length of the address');
}

const tooManyAtOnce = `more than ${pipelinedMax} requests came on one connection before an answer`;

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
