/**
 * What the proxy's tests build on: a proxy on a real socket, behind it an HTTP server that answers as the test says,
 * and a sync that records how it is called.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { assert } from '@lockstep/foundation/assert';
import { type Clock, systemClock } from '@lockstep/foundation/clock';
import { openLog } from '@lockstep/foundation/log';
import { type OrgId, type SyncId, toLongId } from 'lockstep/core/ids';
import type { LogFields } from 'lockstep/core/log-fields';
import type { WrittenRecord } from 'lockstep/core/written-record';
import type { ProxiedSync } from 'lockstep/engine';
import { openUpstreams, type RunningProxy, startProxy } from 'lockstep/proxy';
import type { ProxyDeps } from 'lockstep/proxy/testing';

export const syncId = `s${'a2'.repeat(13)}` as SyncId;
/** Looking up this sync fails. */
export const unreachableSyncId = `s${'7'.repeat(26)}`;
/** An allowed host where nothing listens. */
const silentHost = '127.0.0.1:1';
export const token = '00D000000000AbC!canary.token';
const orgId = toLongId('00D000000000AbC') as OrgId;

export interface SeenRequest {
  method: string;
  url: string;
  rawHeaders: string[];
  body: Buffer;
}

type Answer = (request: SeenRequest, response: ServerResponse) => unknown;

export interface ProxyHarness extends AsyncDisposable {
  /** The server in Salesforce's place. */
  org: {
    url: string;
    port: number;
    host: string;
    /** Requests of callers; the proxy's own questions whether a token is valid are only counted. */
    seen: SeenRequest[];
    /** How many of them have arrived with their headers. */
    arrived: number;
    questions: number;
    /** The status of its answers to them. */
    questionStatus: number;
    sockets: Set<Socket>;
    answer: Answer;
    /** From now on it refuses connections. */
    stop(): Promise<void>;
  };
  proxy: RunningProxy;
  /** Calls of the sync, in order, as text. */
  calls: string[];
  /** Overrides methods of the sync. */
  sync: Partial<ProxiedSync>;
  logLines: string[];
}

export async function openProxyHarness({
  clock = systemClock,
  answerTimeoutMs = 5_000,
  port = 0,
  ...options
}: { clock?: Clock; answerTimeoutMs?: number; port?: number } & Pick<
  ProxyDeps,
  | 'bounds'
  | 'certificate'
  | 'corsOrigins'
  | 'headersTimeoutMs'
  | 'keyed'
  | 'bufferedBytesMax'
  | 'metrics'
  | 'publicHosts'
  | 'reachControl'
  | 'trustedProxies'
> = {}): Promise<ProxyHarness> {
  const org = await openOrg();
  const calls: string[] = [];
  const sync: Partial<ProxiedSync> = {};
  const recording = recordingSync(org.url, calls);
  const logLines: string[] = [];
  const proxy = await startProxy({
    host: '127.0.0.1',
    port,
    ...options,
    clock,
    log: openLog<LogFields>({ write: (line) => void logLines.push(line) }, 'debug'),
    syncs: {
      async of(id) {
        if (id === unreachableSyncId) throw new Error('the control database is away');
        return id === syncId ? { ...recording, ...sync } : null;
      },
    },
    upstreams: openUpstreams({
      allowHosts: [org.host, silentHost],
      answerTimeoutMs,
      connectTimeoutMs: 1_000,
    }),
  });
  return {
    org,
    proxy,
    calls,
    sync,
    logLines,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await org.stop();
    },
  };
}

/** A sync that only records what it was asked to do. */
const recordingSync = (instanceUrl: string, calls: string[]): ProxiedSync => ({
  id: syncId,
  orgId,
  instanceUrl,
  streams: new Set(['account', 'contact']),
  withoutDatabase: 'refuse',
  keyPrefixes: async () =>
    new Map([
      ['001', 'account'],
      ['003', 'contact'],
    ]),
  recordIntent: async ({ method, named }) => {
    calls.push(`intent ${method} ${named.map(({ sobject, id }) => `${sobject} ${id}`).join(', ')}`);
    return [7];
  },
  recordOutcome: async (intents, outcome) => void calls.push(`outcome ${intents.join()} ${outcome}`),
  readBack: async (written) => {
    calls.push(`readBack ${written.map(nameOf).join(' ')}`);
    return { pending: [], applyMs: 0 };
  },
  markDirty: async (sobject, ids) => void calls.push(`dirty ${sobject} ${ids.join(' ')}`),
  forwarded: () => undefined,
  pollFrom: (sobjects) => void calls.push(`poll since ${sobjects.join(' ')}`),
  watchJob: ({ id, sobject }) => void calls.push(`job ${id} ${sobject}`),
  pollSoon: (sobjects) => void calls.push(`poll ${sobjects?.join(' ') ?? 'all'}`),
});

const nameOf = (record: WrittenRecord) =>
  'id' in record
    ? `${record.sobject}/${record.id}${record.deleted ? ' deleted' : ''}`
    : `${record.sobject}/${record.externalId.field}=${record.externalId.value}`;

/** What Salesforce says of a token that is not valid. */
export const invalidSession = '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]';

async function openOrg() {
  const org: ProxyHarness['org'] = {
    url: '',
    port: 0,
    host: '',
    seen: [],
    arrived: 0,
    questions: 0,
    questionStatus: 200,
    sockets: new Set(),
    answer: (_, response) => void response.writeHead(204).end(),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request: IncomingMessage, response) => {
    const seen = { method: request.method ?? '', url: request.url ?? '', rawHeaders: request.rawHeaders };
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    const isQuestion = seen.url.endsWith('/query?q=SELECT+Id+FROM+Organization');
    if (!isQuestion) org.arrived += 1;
    request.on('end', () => {
      if (isQuestion) {
        org.questions += 1;
        response.writeHead(org.questionStatus).end(invalidSession);
        return;
      }
      const whole = { ...seen, body: Buffer.concat(chunks) };
      org.seen.push(whole);
      org.answer(whole, response);
    });
  });
  server.maxHeadersCount = 0;
  server.on('connection', (socket) => {
    org.sockets.add(socket);
    socket.on('close', () => org.sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  org.port = (server.address() as AddressInfo).port;
  org.host = `127.0.0.1:${org.port}`;
  org.url = `http://${org.host}`;
  return org;
}

export interface RawAnswer {
  statusLine: string;
  status: number;
  /** Header lines as sent, in order. */
  lines: string[];
  body: Buffer;
  header(name: string): string | undefined;
}

/** Sends bytes and reads until the other side closes. */
export async function sendRaw(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await closed;
  return parseAnswer(Buffer.concat(chunks));
}

/** A request as text, with the token; the connection closes after the answer. */
export function requestText(
  method: string,
  path: string,
  options: {
    headers?: readonly string[];
    host?: string;
    body?: string | undefined;
    bearer?: string | null;
  } = {},
): string {
  const bearer = options.bearer === undefined ? token : options.bearer;
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${options.host ?? 'x'}`, 'Connection: close'];
  if (bearer !== null) lines.push(`Authorization: Bearer ${bearer}`);
  lines.push(...(options.headers ?? []));
  if (options.body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(options.body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${options.body ?? ''}`;
}

/** A request to the sync through its path address. */
export const through = (
  harness: ProxyHarness,
  method: string,
  path: string,
  options: Parameters<typeof requestText>[2] = {},
): Promise<RawAnswer> => sendRaw(harness.proxy.port, requestText(method, `/${syncId}${path}`, options));

/** Status and code of a refusal, after checking that it has the promised form. */
export function refusalOf(answer: RawAnswer): string {
  const [error, ...more] = JSON.parse(answer.body.toString()) as { message: string; errorCode: string }[];
  assert(error && more.length === 0, 'one error');
  const code = answer.header('Lockstep-Error');
  assert(error.errorCode === `LOCKSTEP_${code?.replace('-', '_')}`, `${error.errorCode} is ${code}`);
  assert(/\w/.test(error.message), 'the error says something');
  assert(answer.header('Content-Type') === 'application/json;charset=UTF-8', 'in JSON');
  return `${answer.status} ${code}`;
}

export function parseAnswer(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  assert(end >= 0, 'no answer came');
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const header = (name: string) =>
    lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))?.slice(name.length + 2);
  const rest = bytes.subarray(end + 4);
  const body = header('transfer-encoding') === 'chunked' ? withoutChunks(rest) : rest;
  return { statusLine, status: Number(statusLine.split(' ')[1]), lines, body, header };
}

function withoutChunks(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const length = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    assert(length >= 0, 'a chunk has a length');
    if (length === 0) break;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
  return Buffer.concat(parts);
}
