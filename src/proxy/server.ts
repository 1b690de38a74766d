/**
 * The proxy's front: Node's HTTP server with its limits, the order of the checks, and the end of it all. A request
 * that fails a check never makes a connection to Salesforce.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { ProxiedSync } from '../engine/index.ts';
import type { Clock } from '../lib/clock.ts';
import { type Authority, openAuthority } from './authority.ts';
import { faultAnswer, refuse, sendFault } from './errors.ts';
import { serveExchange } from './serve.ts';
import { parseTarget, requestHeadBytesMax, type Target } from './target.ts';
import type { Upstreams } from './upstreams.ts';
import { type Write, writeOf } from './writes-of.ts';

export interface ProxyDeps {
  host: string;
  /** If taken, one of the next is used; 0 for any. */
  port: number;
  /** What may stand after `{sync_id}.` in a Host header, with its port, besides localhost and `host`. */
  baseHosts?: readonly string[];
  clock: Clock;
  log: AppLog;
  /** Null where no sync has the id. Throws when it cannot be told. */
  syncs: { of(syncId: string): Promise<ProxiedSync | null> };
  /** Closed with the proxy. */
  upstreams: Upstreams;
}

export interface RunningProxy {
  url: string;
  port: number;
  /** Takes no new request, finishes those under way, and closes the connections to Salesforce. */
  close(): Promise<void>;
}

/** Above Salesforce's own bound there is our prefix of the address. */
const headBytesMax = requestHeadBytesMax + 512;
/** A client that is slower than this with its headers is cut off. */
const headersTimeoutMs = 15_000;
/** Longer than clients keep idle connections, so that none sends a write into one that is just being closed. */
const keepAliveMs = 65_000;
/** No byte in either direction: longer than Salesforce may take for an answer. */
const silenceMaxMs = 660_000;
/** Requests of one sync at a time. */
const concurrentMax = 100;
const portsTried = 20;
/** At the end, requests under way get this long. */
const drainMs = 20_000;

export async function startProxy(deps: ProxyDeps): Promise<RunningProxy> {
  const front = new Front(deps);
  const server = createServer(
    {
      maxHeaderSize: headBytesMax,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      requestTimeout: 0,
      insecureHTTPParser: false,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => front.take(request, response),
  );
  server.setTimeout(silenceMaxMs);
  server.on('clientError', refuseConnection);
  server.on('connect', (_, socket: Duplex) => refuseRaw(socket, refuse(405, 'method')));
  const port = await listen(server, deps.host, deps.port);
  front.baseHosts = [`localhost:${port}`, `${deps.host.toLowerCase()}:${port}`, ...(deps.baseHosts ?? [])];
  const host = deps.host.includes(':') ? `[${deps.host}]` : deps.host;
  return { url: `http://${host}:${port}`, port, close: () => front.close(server) };
}

class Front {
  baseHosts: readonly string[] = [];

  private readonly deps: ProxyDeps;
  private readonly authority: Authority;
  private readonly underWay = new Set<Promise<void>>();
  private readonly perSync = new Map<SyncId, number>();
  private isClosing = false;

  constructor(deps: ProxyDeps) {
    this.deps = deps;
    this.authority = openAuthority(deps.clock);
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    if (this.isClosing) response.shouldKeepAlive = false;
    response.on('error', () => undefined); // a caller who left; 'close' tells it
    const gone = new Promise<void>((resolve) => response.once('close', () => resolve()));
    const work = this.answer(request, response)
      .then(() => gone)
      .finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  /** One request, one line in the log. */
  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, log } = this.deps;
    const startedAt = clock.now();
    const known: { sync?: ProxiedSync; write?: Write } = {};
    let outcome: string;
    try {
      outcome = await this.serve(request, response, known);
    } catch (cause) {
      const isWrite = known.write !== undefined && known.write.kind !== 'none';
      const fault = cause instanceof Fault ? cause : new Fault('PRX-04', {}, { cause });
      if (!(cause instanceof Fault)) log.error('a request failed in the proxy', { where: placeOf(cause) });
      outcome = response.destroyed ? 'caller left' : fault.code;
      sendFault(response, fault, isWrite);
    }
    const sobject = known.write?.kind === 'record' ? known.write.sobject : null;
    log.info('request', {
      method: request.method ?? '',
      status: response.statusCode,
      outcome,
      tookMs: clock.now() - startedAt,
      ...(known.sync ? { sync: known.sync.id } : {}),
      // Only names that we know: anything else is the caller's text.
      ...(sobject !== null && known.sync?.streams.has(sobject) ? { stream: sobject } : {}),
    });
  }

  private async serve(
    request: IncomingMessage,
    response: ServerResponse,
    known: { sync?: ProxiedSync; write?: Write },
  ): Promise<string> {
    const { clock, log, upstreams } = this.deps;
    const raw = { method: request.method ?? '', rawUrl: request.url ?? '', rawHeaders: request.rawHeaders };
    const target = parseTarget(raw, { baseHosts: this.baseHosts });
    if (target instanceof Fault) throw target;
    const sync = await this.syncOf(target);
    known.sync = sync;
    const release = this.reserve(sync.id);
    try {
      const upstream = upstreams.to(sync.instanceUrl);
      await this.authority.check(target, request.rawHeaders, sync, upstream);
      const write = writeOf(target);
      known.write = write;
      return await serveExchange({ request, response, target, sync, upstream, clock, log }, write);
    } finally {
      release();
    }
  }

  private async syncOf({ syncId, namedHost }: Target): Promise<ProxiedSync> {
    const sync = await this.deps.syncs.of(syncId).catch((cause: unknown) => {
      throw new Fault('PRX-12', {}, { cause });
    });
    if (!sync) throw new Fault('PRX-01');
    if (namedHost !== null && !isHostOf(namedHost, sync.instanceUrl)) throw new Fault('PRX-01');
    return sync;
  }

  private reserve(sync: SyncId): () => void {
    const count = this.perSync.get(sync) ?? 0;
    if (count >= concurrentMax) throw new Fault('PRX-10');
    this.perSync.set(sync, count + 1);
    return () => {
      const left = (this.perSync.get(sync) ?? 1) - 1;
      if (left === 0) this.perSync.delete(sync);
      else this.perSync.set(sync, left);
    };
  }

  async close(server: Server): Promise<void> {
    const { clock, upstreams } = this.deps;
    this.isClosing = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const drained = new AbortController();
    const timeIsUp = clock.sleep(drainMs, drained.signal).catch(() => undefined);
    await Promise.race([this.idle(), timeIsUp]);
    drained.abort();
    await upstreams.close();
    server.closeAllConnections();
    await closed;
  }

  private async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }
}

/** The host as a URL of the org's scheme has it, so that a port that goes without saying may be said. */
function isHostOf(namedHost: string, instanceUrl: string): boolean {
  const org = new URL(instanceUrl);
  const named = URL.parse(`${org.protocol}//${namedHost}`);
  return named !== null && named.host === org.host && named.href === `${named.origin}/`;
}

/** The first place of ours in a stack: where, never what. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return /src\/[\w./-]+:\d+/.exec(stack)?.[0] ?? 'unknown';
}

async function listen(server: Server, host: string, port: number): Promise<number> {
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
