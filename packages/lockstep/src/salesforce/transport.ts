/** One HTTP request and its whole answer, or a fault. Knows nothing about sessions; never follows a redirect. */
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { type Clock, deadline } from '@lockstep/foundation/clock';
import { type Dispatcher, Pool } from 'undici';
import { Fault } from '../core/faults.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import { isNamedHost, lookupPublic, privateAddressCode } from './hosts.ts';

/** API requests of the org in the last 24 hours, and how many it may make. */
export interface Usage {
  used: number;
  max: number;
}

export interface Answer {
  /** Host and port that answered, for faults. */
  host: string;
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
  /** The answer's `Date`; null if it is missing or cannot be read. */
  serverNow: ServerSeconds | null;
  usage: Usage | null;
}

/** An answer whose body is read as it arrives; `answer.text` is empty. Of a refusal the body is in `answer`. */
export interface Download {
  answer: Answer;
  /** Decompressed. Ends with a Fault `NET-01` or `DATA-03` if it is cut off. Null: it was refused. */
  body: AsyncIterable<Buffer> | null;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  headers: Record<string, string>;
  body?: string;
  /** Instead of the usual time-out. */
  timeoutMs?: number;
}

export interface Transport {
  /**
   * @param origin checked by the caller, see `allowedOrigin`
   * @throws Fault `NET-01` (socket, time-out), `NET-04` (redirect), `DATA-03` (damaged body); the signal's reason
   */
  exchange(origin: URL, request: HttpRequest, signal: AbortSignal): Promise<Answer>;
  /** The same for an answer of any length. The time-out is for its beginning, and then for each part of it. */
  download(origin: URL, request: HttpRequest, signal: AbortSignal): Promise<Download>;
  close(): Promise<void>;
}

interface TransportOptions {
  allowHosts: readonly string[];
  clock: Clock;
  requestTimeoutMs: number;
}

/** A sync itself has one request under way; the rest are for the read-backs of proxied writes. */
const connectionsMax = 6;
const downloadsMax = 3;
/** Longer than the default interval between requests (3 s), so that the connection outlives it. */
const keepAliveMs = 30_000;
const connectTimeoutMs = 10_000;
/** Well above the largest page; limits how much memory one answer may take. */
const bodyBytesMax = 256 * 1024 * 1024;

export function openTransport({ allowHosts, clock, requestTimeoutMs }: TransportOptions): Transport {
  const pools = new Map<string, Pool>();
  let isClosed = false;

  /** Downloads have connections of their own, so that no read-back waits for one. */
  const poolOf = (origin: URL, use: 'exchange' | 'download' = 'exchange') => {
    if (isClosed) throw networkFault(origin.host, 'closed here');
    const key = `${use} ${origin.origin}`;
    const known = pools.get(key);
    if (known) return known;
    const pool = new Pool(origin.origin, {
      connections: use === 'download' ? downloadsMax : connectionsMax,
      keepAliveTimeout: keepAliveMs,
      headersTimeout: 0, // the deadline below covers the whole exchange
      bodyTimeout: 0,
      maxResponseSize: use === 'download' ? -1 : bodyBytesMax,
      allowH2: false,
      connect: {
        timeout: connectTimeoutMs,
        ...(isNamedHost(origin, allowHosts) ? {} : { lookup: lookupPublic }),
      },
    });
    pools.set(key, pool);
    return pool;
  };

  return {
    async exchange(origin, { timeoutMs = requestTimeoutMs, ...request }, signal) {
      using limit = deadline(clock, timeoutMs, signal);
      try {
        return await receive(origin.host, await poolOf(origin).request({ ...request, signal: limit }));
      } catch (cause) {
        if (signal.aborted) throw signal.reason;
        if (cause instanceof Fault) throw cause;
        // The driver's error is not kept as the cause: it may contain bytes of the answer.
        throw networkFault(origin.host, limit.aborted ? `no answer in ${timeoutMs} ms` : codeOf(cause));
      }
    },
    async download(origin, { timeoutMs = requestTimeoutMs, ...request }, signal) {
      const failed = (cause: unknown) => {
        if (signal.aborted) return signal.reason;
        return cause instanceof Fault ? cause : networkFault(origin.host, codeOf(cause));
      };
      try {
        const options = { ...request, signal, headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
        const received = await poolOf(origin, 'download').request(options);
        if (received.statusCode !== 200) return { answer: await receive(origin.host, received), body: null };
        const { statusCode, headers } = received;
        return { answer: answerOf(origin.host, statusCode, headers, ''), body: streamed(received, failed) };
      } catch (cause) {
        throw failed(cause);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all(Array.from(pools.values(), (pool) => pool.destroy()));
    },
  };
}

async function receive(
  host: string,
  { statusCode, headers, body }: Dispatcher.ResponseData,
): Promise<Answer> {
  if (statusCode >= 300 && statusCode < 400 && statusCode !== 304) {
    body.on('error', () => undefined).destroy(); // its content does not matter
    throw new Fault('NET-04', { host, status: statusCode });
  }
  const bytes = Buffer.from(await body.arrayBuffer());
  const plain = await decompressed(bytes, headers['content-encoding']);
  // An error page may be in any encoding; in a page of records a wrong byte would change a value.
  if (statusCode < 300 && !isUtf8(plain)) throw new Fault('DATA-03', { where: 'its character encoding' });
  return answerOf(host, statusCode, headers, plain.toString('utf8'));
}

const answerOf = (host: string, status: number, headers: Answer['headers'], text: string): Answer => ({
  host,
  status,
  headers,
  text,
  serverNow: secondsOfHttpDate(headers.date),
  usage: usageOf(headers['sforce-limit-info']),
});

/** @param failed  the fault of an error while the body arrives */
async function* streamed(
  { headers, body }: Dispatcher.ResponseData,
  failed: (cause: unknown) => unknown,
): AsyncGenerator<Buffer> {
  const encoding = headers['content-encoding'];
  const isPlain = encoding === undefined || encoding === 'identity';
  try {
    if (!isPlain && encoding !== 'gzip') throw new Fault('DATA-03', { where: 'its content encoding' });
    if (isPlain) yield* body as AsyncIterable<Buffer>;
    else yield* gunzipping(body);
  } catch (cause) {
    throw failed(cause);
  } finally {
    body.on('error', () => undefined).destroy();
  }
}

async function* gunzipping(body: Readable): AsyncGenerator<Buffer> {
  const plain = createGunzip({ chunkSize: 256 * 1024 });
  const ended = pipeline(body, plain);
  ended.catch(() => undefined); // the loop below gets the same error
  for await (const chunk of plain) yield chunk as Buffer;
  await ended;
}

const gunzipped = promisify(gunzip);

async function decompressed(bytes: Buffer, encoding: string | string[] | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return bytes;
  if (encoding !== 'gzip') throw new Fault('DATA-03', { where: 'its content encoding' });
  try {
    return await gunzipped(bytes, { maxOutputLength: bodyBytesMax });
  } catch {
    throw new Fault('DATA-03', { where: 'its compression' });
  }
}

/** Seconds since 1970 of an HTTP date in its fixed form; null for anything else. */
export function secondsOfHttpDate(text: string | string[] | undefined): ServerSeconds | null {
  if (typeof text !== 'string') return null;
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000;
}

/** From `api-usage=18/5000; per-app-api-usage=17/250(appName=sample-app)`; null when it cannot be read. */
export function usageOf(header: string | string[] | undefined): Usage | null {
  if (typeof header !== 'string') return null;
  const found = /(?:^|[;,\s])api-usage=(\d{1,15})\/(\d{1,15})(?!\d)/.exec(header);
  return found && { used: Number(found[1]), max: Number(found[2]) };
}

function networkFault(host: string, reason: string): Fault {
  return reason === privateAddressCode
    ? new Fault('ORG-04', { host })
    : new Fault('NET-01', { host, reason });
}

/** ECONNREFUSED, CERT_HAS_EXPIRED, UND_ERR_SOCKET …: codes are fixed words, messages are not. */
function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'connection failed';
}
