/**
 * The proxy's server: the order of the checks, the log line and metrics of each request, and the shutdown. A request
 * that fails a check never opens a connection to Salesforce.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { isListed } from '@lockstep/foundation/address-list';
import type { Clock } from '@lockstep/foundation/clock';
import type { Permit } from '@lockstep/foundation/fair-queue';
import { listenFrom, urlOf } from '@lockstep/foundation/listen-from';
import type { ProxiedRequest } from '../control/index.ts';
import { type Certificate, renewCertificate } from '../core/certificate.ts';
import { Fault, isKeyFault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { ProxiedSync } from '../engine/index.ts';
import { type Admission, type AdmissionBounds, openAdmission, waitMsMax } from './admission.ts';
import { type BufferedBytes, openBufferedBytes } from './buffered-bytes.ts';
import { answerCors } from './cors.ts';
import { refuse, sendFault } from './errors.ts';
import type { Exchange } from './forward.ts';
import { answerHeaders } from './headers.ts';
import { type HealthEndpoints, openHealth } from './health.ts';
import { type Authority, type KeyedCallers, type KeyedDeps, openKeyedCallers } from './keyed-callers.ts';
import { type Arrival, type Listener, type ListenerOptions, openListener } from './listening.ts';
import { type LogSampling, openLogSampling } from './log-sampling.ts';
import type { ProxyMetrics } from './metrics.ts';
import { recordOf } from './request-record.ts';
import { type RequestTimes, zeroTimes } from './request-times.ts';
import { serveExchange } from './serve.ts';
import type { SmallAnswer } from './small-request.ts';
import { parseTarget, type Target } from './target.ts';
import { type Caller, openTokenOrgs, type TokenOrgs } from './token-org.ts';
import { openUnverifiedCallers, type UnverifiedCallers } from './unverified-callers.ts';
import { CallerDisconnected, uploadOf } from './uploads.ts';
import type { Upstreams } from './upstreams.ts';
import { type Write, writeOf } from './writes-of.ts';

export interface ProxyDeps extends Pick<ListenerOptions, 'headersTimeoutMs'> {
  host: string;
  /** If it is taken, one of the next is used; 0 for any. */
  port: number;
  /** What may follow `{sync_id}.` in a Host, with its port, besides localhost and `host`. In lower case. */
  publicHosts?: readonly string[];
  /** Origins of web pages that may use the proxy from a browser; none by default. */
  corsOrigins?: readonly string[] | undefined;
  /** Peers whose X-Forwarded-Host is trusted; without it, nobody's is. */
  trustedProxies?: BlockList;
  clock: Clock;
  log: AppLog;
  /** Null if no sync has the id. Throws if that cannot be found out. */
  syncs: { of(syncId: string): Promise<ProxiedSync | null> };
  /** Without it no key is accepted. */
  keyed?: KeyedDeps;
  /** Closed with the proxy. */
  upstreams: Upstreams;
  /** With one the proxy speaks https only. */
  certificate?: Certificate | undefined;
  /** Rejects if the control database does not answer: the proxy then reports that it is not ready. */
  reachControl?: (signal: AbortSignal) => Promise<unknown>;
  metrics?: ProxyMetrics;
  /** Called for each answered request of a sync. */
  onRequest?: (sync: SyncId, request: ProxiedRequest) => void;
  /** Instead of the default limits on what is under way and waiting. */
  bounds?: AdmissionBounds;
  /** Instead of the default limit on the memory for bodies. */
  bufferedBytesMax?: number;
}

export interface RunningProxy {
  url: string;
  port: number;
  /** How many requests are under way, and how many wait for their turn. */
  load(): { underWay: number; waiting: number };
  /**
   * Reports not ready, then accepts no new connection, finishes the requests under way and closes the connections to
   * Salesforce. Later calls return the first one's promise.
   */
  close(): Promise<void>;
}

/** On shutdown, a balancer that has asked lately gets this long to notice before connections are refused. */
const noticeMs = 5_000;
/** Then requests under way get this long to finish. */
const drainMs = 20_000;

export async function startProxy(deps: ProxyDeps): Promise<RunningProxy> {
  const proxyServer = new ProxyServer(deps);
  const listener = openListener((arrival) => proxyServer.take(arrival), deps);
  const { server } = listener;
  const port = await listenFrom(server, deps.host, deps.port);
  proxyServer.baseHosts = [
    `localhost:${port}`,
    `${deps.host.toLowerCase()}:${port}`,
    ...(deps.publicHosts ?? []),
  ];
  deps.metrics?.follow(() => proxyServer.load());
  const ended = new AbortController();
  let closed: Promise<void> | undefined;
  if (deps.certificate && server instanceof TlsServer)
    void renewCertificate(server, deps.certificate, deps, ended.signal);
  return {
    url: urlOf(deps.certificate ? 'https' : 'http', deps.host, port),
    port,
    load: () => proxyServer.load(),
    close() {
      ended.abort('the proxy is stopping');
      return (closed ??= proxyServer.close(listener));
    },
  };
}

/** One request, with what is known of it so far. */
interface RequestContext {
  arrival: Arrival;
  sync?: ProxiedSync;
  write?: Write;
  times: RequestTimes;
  /** Its turn came. */
  wasAdmitted: boolean;
  /** Salesforce has accepted its caller's token. */
  isVerified: boolean;
}

class ProxyServer {
  baseHosts: readonly string[] = [];

  private readonly deps: ProxyDeps;
  private readonly tokenOrgs: TokenOrgs;
  private readonly keyed: KeyedCallers | null;
  private readonly admission: Admission;
  private readonly unverified: UnverifiedCallers;
  private readonly strangers: LogSampling;
  private readonly health: HealthEndpoints;
  private readonly bufferedBytes: BufferedBytes;
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private isClosing = false;

  constructor(deps: ProxyDeps) {
    this.deps = deps;
    this.tokenOrgs = openTokenOrgs(deps.clock);
    this.unverified = openUnverifiedCallers(deps.clock, this.stopping.signal);
    this.keyed = deps.keyed ? openKeyedCallers(deps.clock, deps.keyed, this.stopping.signal) : null;
    this.strangers = openLogSampling(deps.clock);
    this.health = openHealth(deps.clock, deps.reachControl ?? (() => Promise.resolve()));
    this.bufferedBytes = openBufferedBytes(deps.bufferedBytesMax);
    this.admission = openAdmission(deps.clock, this.stopping.signal, deps.bounds);
  }

  load(): { underWay: number; waiting: number } {
    const { underWay, waiting } = this.admission.count();
    return { underWay, waiting: waiting + this.unverified.waiting() };
  }

  take(arrival: Arrival): void {
    const { request, response } = arrival;
    if (this.isClosing) response.shouldKeepAlive = false;
    response.on('error', () => undefined); // the caller disconnected; 'close' reports it
    if (this.health.answer(request, response)) return;
    if (answerCors(this.deps.corsOrigins ?? [], request, response)) return;
    const gone = new Promise<void>((resolve) => response.once('close', () => resolve()));
    const work = this.answer({ arrival, times: zeroTimes(), wasAdmitted: false, isVerified: false })
      .then(() => gone)
      .finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  private async answer(context: RequestContext): Promise<void> {
    const { clock, log } = this.deps;
    const { response, awaitsContinue } = context.arrival;
    const startedAt = clock.now();
    let answeredAt: number | undefined;
    response.once('finish', () => (answeredAt = clock.now()));
    let outcome: string;
    try {
      outcome = await this.serve(context);
    } catch (cause) {
      const fault = cause instanceof Fault ? cause : new Fault('PRX-04', {}, { cause });
      if (fault !== cause && !(cause instanceof CallerDisconnected))
        log.error('a request failed in the proxy', { where: locationOf(cause) });
      outcome = response.destroyed ? 'caller left' : fault.code;
      // After a refusal the caller may or may not send the body, so what follows on this connection is ambiguous.
      if (awaitsContinue) response.shouldKeepAlive = false;
      if (!context.arrival.isBroken) sendFault(response, fault, isWrite(context)); // else already refused
    }
    this.report(context, outcome, (answeredAt ?? clock.now()) - startedAt);
  }

  private report(context: RequestContext, outcome: string, tookMs: number): void {
    const { arrival, sync, write, times, wasAdmitted } = context;
    const { request, response } = arrival;
    const sobject = write?.kind === 'record' ? write.sobject : null;
    const method = request.method ?? '';
    const took = Object.entries(times).filter(([, ms]) => ms > 0);
    const { statusCode: status } = response;
    const requestId = randomUUID();
    const { isLogged, leftOut } = context.isVerified ? everyLine : this.strangers.next();
    if (leftOut > 0) this.deps.log.info('requests of unknown callers not logged', { requests: leftOut });
    if (isLogged)
      this.deps.log.info('request', {
        method,
        status,
        outcome,
        tookMs,
        ...(Object.fromEntries(took) as Partial<RequestTimes>),
        requestId,
        ...(sync && { sync: sync.id }),
        // Only names that we know: anything else is text from the caller.
        ...(sobject !== null && sync?.streams.has(sobject) && { stream: sobject }),
      });
    const kind = isWrite(context) ? ('write' as const) : ('read' as const);
    const measured = wasAdmitted ? { kind, times, tookMs } : null;
    const answered = { requestId, method, outcome, status, tookMs, times, isVerified: context.isVerified };
    if (sync) this.deps.onRequest?.(sync.id, recordOf(sync, write, answered));
    this.deps.metrics?.count({ sync: sync?.id, method, outcome, measured });
  }

  private async serve(context: RequestContext): Promise<string> {
    const { request, response } = context.arrival;
    const { clock, upstreams } = this.deps;
    const { httpVersion, method = '', url: rawUrl = '', rawHeaders } = request;
    const raw = { httpVersion, method, rawUrl, rawHeaders };
    const target = parseTarget(raw, { baseHosts: this.baseHosts, isPeerTrusted: this.isTrusted(request) });
    if (target instanceof Fault) throw target;
    const sync = await this.syncOf(target);
    context.sync = sync;
    const caller = this.tokenOrgs.callerOf(target, rawHeaders, sync);
    context.write = writeOf(target);
    const askedAt = clock.now();
    const turn = { response, until: askedAt + waitMsMax };
    using permits = new DisposableStack();
    const take = (permit: Permit) => permits.defer(() => permit.leave());
    const unverified = await this.unverified.waitForPlace(sync.id, caller, turn);
    take(unverified);
    take(await this.admission.admit([sync.id, caller.hash], turn));
    context.times.queuedMs = clock.now() - askedAt;
    context.wasAdmitted = true;
    const authority = await this.authorityOf(caller, target, sync);
    const upstream = upstreams.to(authority?.session.origin ?? sync.instanceUrl);
    if (!authority) await this.tokenOrgs.check(caller, sync, upstream);
    const isFollowed =
      context.write.kind === 'several' ||
      (context.write.kind === 'record' && sync.streams.has(context.write.sobject));
    const refusal =
      isFollowed && !authority ? await this.unverified.verify(caller, target, sync, upstream) : null;
    if (refusal) return this.passRefusal(context, refusal);
    const noteVerified = () => {
      context.isVerified = this.unverified.isVerified(caller);
      if (context.isVerified) unverified.leave();
    };
    noteVerified();
    const isKnown = authority !== null || context.isVerified;
    const write: Write = isFollowed && !isKnown ? { kind: 'poll' } : context.write;
    const onAnswer = (status: number) => {
      this.unverified.answered(target, caller, status);
      noteVerified();
    };
    const checked = { target, sync, upstream, authority, write, onAnswer };
    return await this.pass(context, checked); // the permits last as long
  }

  /** Null for a caller with a token of Salesforce. */
  private async authorityOf(caller: Caller, target: Target, sync: ProxiedSync): Promise<Authority | null> {
    const { key } = caller;
    if (key === null) return null;
    if (!this.keyed) throw new Fault('PRX-14');
    try {
      const authority = await this.keyed.authorityOf({ ...caller, key }, target, sync.id);
      this.unverified.hasKey(caller, true);
      return authority;
    } catch (fault) {
      if (fault instanceof Fault && fault.code === 'PRX-14') this.unverified.hasKey(caller, false);
      throw fault;
    }
  }

  /** Passes on what Salesforce says of the caller's token, without looking at the request. */
  private passRefusal({ arrival }: RequestContext, { status, headers, text }: SmallAnswer): string {
    const { response, awaitsContinue, isBroken } = arrival;
    if (isBroken) throw refuse(400, 'framing');
    if (awaitsContinue) response.shouldKeepAlive = false; // the caller may or may not send the body
    response.sendDate = false;
    response.writeHead(status, [...answerHeaders(headers), 'Lockstep-Applied', 'no']).end(text);
    return 'no';
  }

  private async pass(
    { arrival, times }: RequestContext,
    {
      write,
      ...checked
    }: Pick<Exchange, 'target' | 'sync' | 'upstream' | 'authority' | 'onAnswer'> & { write: Write },
  ): Promise<string> {
    const { clock, log } = this.deps;
    const { request, response, awaitsContinue, isBroken } = arrival;
    if (isBroken) throw refuse(400, 'framing');
    if (awaitsContinue) response.writeContinue();
    const holding = this.bufferedBytes.open(checked.sync.id);
    const upload = uploadOf(request, clock);
    upload?.once('error', (error) => {
      if (error instanceof Fault) response.shouldKeepAlive = false; // the rest of the body is not waited for
    });
    const { signal: stopping } = this.stopping;
    const exchange = { request, upload, holding, response, ...checked, stopping, clock, log, times };
    try {
      return await serveExchange(exchange, write);
    } finally {
      upload?.destroy(); // an unread body would block the next request on the connection
      // An answer stays in memory until the caller has read it.
      if (response.closed) holding.giveBack();
      else response.once('close', () => holding.giveBack());
    }
  }

  private isTrusted({ socket }: IncomingMessage): boolean {
    const { trustedProxies } = this.deps;
    return trustedProxies !== undefined && isListed(trustedProxies, socket.remoteAddress ?? '');
  }

  private async syncOf({ syncId, namedHost }: Target): Promise<ProxiedSync> {
    const sync = await this.deps.syncs.of(syncId).catch((cause: unknown) => {
      const isLocked = cause instanceof Fault && isKeyFault(cause.code);
      throw isLocked
        ? new Fault('PRX-13', { reason: cause.code }, { cause })
        : new Fault('PRX-12', {}, { cause });
    });
    if (!sync) throw new Fault('PRX-01');
    if (namedHost !== null && !isHostOf(namedHost, sync.instanceUrl)) throw new Fault('PRX-01');
    return sync;
  }

  async close(listener: Listener): Promise<void> {
    const { clock, upstreams } = this.deps;
    this.isClosing = true;
    if (this.health.drain()) await clock.sleep(noticeMs);
    const closed = listener.close();
    const drained = new AbortController();
    const timeIsUp = clock.sleep(drainMs, drained.signal).catch(() => undefined);
    await Promise.race([this.idle(), timeIsUp]);
    drained.abort();
    this.stopping.abort(new Error('the proxy is stopping'));
    await upstreams.close();
    await new Promise(setImmediate); // now all requests that waited for their turn have been refused
    listener.cutConnections();
    await closed;
  }

  private async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }
}

const everyLine = { isLogged: true, leftOut: 0 };

const isWrite = ({ write }: RequestContext) => write !== undefined && write.kind !== 'none';

/** Compares hosts as parts of a URL with the org's scheme, so that its default port may be given explicitly. */
function isHostOf(namedHost: string, instanceUrl: string): boolean {
  const org = new URL(instanceUrl);
  const named = URL.parse(`${org.protocol}//${namedHost}`);
  return named !== null && named.host === org.host && named.href === `${named.origin}/`;
}

/** Our first source location in the stack; never the error's message, which may contain data. */
function locationOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return /src\/[\w./-]+:\d+/.exec(stack)?.[0] ?? 'unknown';
}
