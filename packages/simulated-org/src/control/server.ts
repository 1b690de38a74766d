import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { sqlState } from '@lockstep/foundation/database';
import { listenFrom, urlOf } from '@lockstep/foundation/listen-from';
import { z } from 'zod';
import { asOrgError } from '../http/errors.ts';
import { readBytes } from '../http/request-body.ts';
import { end } from '../http/send.ts';
import type { Org } from '../org.ts';
import { type ControlEndpoint } from './control-endpoint.ts';
import { endpointGroups, listing } from './control-endpoints.ts';
import { ControlError } from './control-error.ts';

/**
 * The control API on its own port. It has no password, so it only answers programs on this machine: no web pages,
 * which send an Origin, and no foreign host names that resolve to this machine.
 */
const bodyBytesMax = 10 * 1024 * 1024;

/** Why a request is refused; the text says what to do. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const endpoints = endpointGroups.flatMap((group) => group.endpoints);

/** Listens on the first free port from `port` on; 0 picks any. `onDefect` gets errors that no client should cause. */
export async function listenControl(
  org: Org,
  host: string,
  port: number,
  onDefect: (error: unknown) => void,
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    answerTo(org, request).then(
      (value) => send(request, response, 200, value ?? {}),
      (error: unknown) => {
        const { status, text } = refusalOf(error, onDefect);
        send(request, response, status, { error: text });
      },
    );
  });
  // Longer than clients keep a connection: closing one just as a request is sent would look like a lost answer.
  server.keepAliveTimeout = 65_000;
  return { server, url: urlOf('http', host, await listenFrom(server, host, port)) };
}

async function answerTo(org: Org, request: IncomingMessage): Promise<unknown> {
  refuseStrangers(request);
  const method = request.method ?? 'GET';
  const [path = '/'] = (request.url ?? '/').split('?');
  if (path === '/') {
    if (method !== 'GET') throw new Refusal(405, 'use GET: / lists what can be done');
    return listing();
  }
  const here = endpoints.filter((endpoint) => endpoint.path === path);
  if (here.length === 0) throw new Refusal(404, `there is no ${path}: GET / lists what can be done`);
  const found = here.find((endpoint) => endpoint.method === method);
  if (!found)
    throw new Refusal(405, `use ${here.map((endpoint) => endpoint.method).join(' or ')} for ${path}`);
  return found.run(org, method === 'GET' ? {} : readBody(found, await bodyOf(request)));
}

/** Host must be a name that only this machine has, with the port that the connection came to. */
function refuseStrangers({ headers, socket }: IncomingMessage): void {
  const named = ['127.0.0.1', 'localhost', '[::1]'].map((host) => `${host}:${socket.localPort}`);
  if (!named.includes((headers.host ?? '').toLowerCase()))
    throw new Refusal(403, `the header Host has to be one of ${named.join(', ')}`);
  if (headers.origin !== undefined)
    throw new Refusal(403, 'web pages are refused: leave out the header Origin');
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new Refusal(415, 'send the header Content-Type: application/json');
  const refusal = () => new Refusal(413, `send at most ${bodyBytesMax} bytes at once`);
  return (await readBytes(request, bodyBytesMax, refusal)).toString();
}

function readBody({ path, body }: ControlEndpoint, text: string): unknown {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new Refusal(400, 'the body is not JSON');
  }
  const read = body.safeParse(value);
  if (read.success) return read.data;
  throw new Refusal(400, `${problemsOf(read.error)}. GET / shows the body of ${path} with an example`);
}

const problemsOf = ({ issues }: z.ZodError): string =>
  issues.map(({ path, message }) => [...path.map(String), message].join(': ')).join('; ');

function refusalOf(error: unknown, onDefect: (error: unknown) => void): { status: number; text: string } {
  if (error instanceof Refusal || error instanceof ControlError)
    return { status: error.status, text: error.message };
  const known = asOrgError(error);
  if (known) {
    const { errorCode, message } = known.entry;
    const status = known.status === 404 || known.status === 503 ? known.status : 400;
    return { status, text: `${errorCode}: ${message}` };
  }
  const state = sqlState(error);
  if (state?.startsWith('23')) return { status: 400, text: `the database refuses these values (${state})` };
  onDefect(error);
  return { status: 500, text: 'this is a defect of the simulated org; its standard error says where' };
}

function send(request: IncomingMessage, response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json;charset=UTF-8');
  response.setHeader('Content-Length', body.length);
  response.setHeader('Cache-Control', 'no-store');
  void end(request, response, body);
}
