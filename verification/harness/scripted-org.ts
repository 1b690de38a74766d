/**
 * A server on loopback that signs everybody in and otherwise answers as a test tells it, so that tests can give wrong,
 * cut and slow answers over real HTTP.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '@lockstep/foundation/clock';
import { openLog } from '@lockstep/foundation/log';
import type { Credential } from 'lockstep/core/credential';
import { Fault } from 'lockstep/core/faults';
import type { AppLog } from 'lockstep/core/log-fields';
import {
  openSalesforce,
  ownSessionStore,
  type Salesforce,
  type SalesforceOptions,
} from 'lockstep/salesforce/testing';

interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Cuts the connection in the middle of the body. */
  cut?: boolean;
  /** Sends half of the body, and then nothing more. */
  stalls?: boolean;
  /** Does not say how long the body is. */
  chunked?: boolean;
}

type Script = (request: Received) => Reply | 'hang' | Promise<Reply>;

const scriptedCredential: Credential = {
  flow: 'client credentials',
  clientId: 'the-client-id',
  clientSecret: 'the-client-secret',
};

export interface ScriptedOrg extends AsyncDisposable {
  url: string;
  host: string;
  /** All requests in order of arrival, including sign-ins. */
  received: Received[];
  signIns(): number;
  /** How API requests are answered. */
  answer: Script;
  /** How the token endpoint answers; undefined: with a new token. */
  signIn: Script | undefined;
  /** Resolves when the next request has arrived. */
  nextArrival(): Promise<unknown>;
  /** A client of this org. Closed with it. */
  open(options?: Partial<SalesforceOptions>): Salesforce;
  /** Everything that the clients have logged. */
  logged(): string;
}

const scriptedOrgId = '00D000000000001EAA';
const tokenPath = '/services/oauth2/token';

export async function openScriptedOrg(answer: Script = () => ({ body: '{}' })): Promise<ScriptedOrg> {
  const server = createServer();
  const sockets = new Set<Socket>();
  const clients: Salesforce[] = [];
  let logged = '';
  const log: AppLog = openLog({ write: (line) => void (logged += line) }, 'debug');

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  const org: ScriptedOrg = {
    url: `http://${host}`,
    host,
    received: [],
    signIns: () => org.received.filter(({ path }) => path === tokenPath).length,
    answer,
    signIn: undefined,
    nextArrival: () => once(server, 'arrived'),
    open(options) {
      const client = openSalesforce({
        allowHosts: [host],
        apiVersion: '62.0',
        clock: systemClock,
        log,
        store: ownSessionStore({ loginUrl: org.url, credential: scriptedCredential }),
        ...options,
      });
      clients.push(client);
      return client;
    },
    logged: () => logged,
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.close();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  serve(server, org);
  return org;
}

function serve(server: Server, org: ScriptedOrg): void {
  const take = (): Reply => ({ body: tokenAnswer(org, { access_token: `token-${org.signIns()}` }) });
  const replyTo = (received: Received): ReturnType<Script> => {
    org.received.push(received);
    return received.path === tokenPath ? (org.signIn ?? take)(received) : org.answer(received);
  };
  server.on('request', (request, response) => {
    const { method = '', url: path = '', headers } = request;
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      const reply = replyTo({ method, path, headers, body });
      server.emit('arrived');
      if (reply instanceof Promise) void reply.then((later) => send(response, later));
      else if (reply !== 'hang') send(response, reply);
    });
  });
}

function send(response: ServerResponse, { status = 200, headers, body = '', ...how }: Reply): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...(!how.chunked && { 'content-length': bytes.length }), ...headers });
  if (!how.cut && !how.stalls) return void response.end(bytes);
  response.write(bytes.subarray(0, bytes.length / 2), () => {
    if (how.cut) response.destroy();
  });
}

/** What the token endpoint answers, with some members replaced. */
export function tokenAnswer(org: ScriptedOrg, changes: Record<string, string> = {}): string {
  const id = `https://login.salesforce.com/id/${scriptedOrgId}/005000000000001AAA`;
  return JSON.stringify({
    access_token: 'token',
    instance_url: org.url,
    id,
    token_type: 'Bearer',
    ...changes,
  });
}

/** One element of a composite answer. */
export interface SubAnswer {
  body: unknown;
  httpStatusCode?: number;
}

export function compositeAnswer(subAnswers: readonly SubAnswer[]): string {
  const compositeResponse = subAnswers.map(({ body, httpStatusCode = 200 }, index) => {
    return { body, httpHeaders: {}, httpStatusCode, referenceId: `q${index}` };
  });
  return JSON.stringify({ compositeResponse });
}

/** The fault with which a request ends. */
export async function faultFrom(work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert(error instanceof Fault, 'a fault is thrown');
  return error;
}
