/** The management API as commands use it: one request, its answer in the form of the contract, its failure as an error. */
import { isThisMachine } from '@lockstep/foundation/this-machine';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { Agent, type Dispatcher, request } from 'undici';
import type { z } from 'zod';
import { pageOf } from '../contract/pages.ts';
import { type Problem, problemSchema } from '../contract/problem.ts';
import { systemSchema } from '../contract/system.ts';
import { Fault } from '../core/faults.ts';
import { RequestError } from '../core/request-error.ts';
import { ownVersion } from '../core/version.ts';

export interface ApiEvent {
  type: string;
  data: unknown;
}

export interface ApiClient {
  get<Form extends z.ZodType>(path: string, form: Form): Promise<z.infer<Form>>;
  /** All pages of a list. */
  list<Form extends z.ZodType>(path: string, item: Form): Promise<{ items: z.infer<Form>[]; as_of: string }>;
  post<Form extends z.ZodType>(
    path: string,
    body: object,
    form: Form,
    headers?: Record<string, string>,
  ): Promise<z.infer<Form>>;
  put<Form extends z.ZodType>(path: string, body: object, form: Form): Promise<z.infer<Form>>;
  patch<Form extends z.ZodType>(path: string, body: object, form: Form): Promise<z.infer<Form>>;
  delete<Form extends z.ZodType>(path: string, form: Form, signal?: AbortSignal): Promise<z.infer<Form>>;
  /** Server-sent events until the server ends the stream. */
  events(path: string, signal: AbortSignal): AsyncIterable<ApiEvent>;
}

type Method = Dispatcher.HttpMethod;
type Answer = Dispatcher.ResponseData;

interface Sent {
  body?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A stream of events is never silent for as long. */
const silenceMaxMs = 30_000;
const prefix = '/api/v1';

interface ApiServer {
  url: string;
  key: string;
  /** It runs on this machine and data directory: nobody is in between, and its certificate names what others call it. */
  isOwn?: boolean;
}

/** @throws Fault `SYS-22`: http to another machine */
export function openApiClient({ stop, ...server }: ApiServer & { stop: AbortSignal }): ApiClient {
  const { url, isOwn = false } = server;
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:' && !isOwn && !isThisMachine(hostname)) throw new Fault('SYS-22', { host: url });
  const dispatcher = new Agent({ connect: { rejectUnauthorized: !isOwn } });

  const send = (method: Method, path: string, { signal = stop, ...sent }: Sent) =>
    sendTo(server, method, path, { ...sent, signal, dispatcher });

  async function ask<Form extends z.ZodType>(
    method: Method,
    path: string,
    form: Form,
    sent: Sent = {},
  ): Promise<z.infer<Form>> {
    const answer = await send(method, path, sent);
    const json = await bodyOf(url, answer);
    if (!isOk(answer)) throw refusalBy(server, json, answer);
    const read = form.safeParse(json);
    if (read.success) return read.data;
    throw new Fault('SYS-21', {
      reason: `server ${await serverVersion()}, command ${ownVersion()}`,
    });
  }

  /** For the one case in which an answer is not understood. */
  async function serverVersion(): Promise<string> {
    const json = await bodyOf(url, await send('GET', '/system', {}));
    return systemSchema.pick({ version: true }).safeParse(json).data?.version ?? 'unknown';
  }

  return {
    get: (path, form) => ask('GET', path, form),
    post: (path, body, form, headers = {}) => ask('POST', path, form, { body, headers }),
    put: (path, body, form) => ask('PUT', path, form, { body }),
    patch: (path, body, form) => ask('PATCH', path, form, { body }),
    delete: (path, form, signal = stop) => ask('DELETE', path, form, { signal }),
    async list(path, item) {
      const items: z.infer<typeof item>[] = [];
      for (let after = ''; ; ) {
        const page = await ask(
          'GET',
          `${path}${path.includes('?') ? '&' : '?'}limit=500${after}`,
          pageOf(item),
        );
        items.push(...page.items);
        if (page.next === null) return { items, as_of: page.as_of };
        after = `&after=${page.next}`;
      }
    },
    async *events(path, signal) {
      const answer = await send('GET', path, { signal });
      if (!isOk(answer)) throw refusalBy(server, await bodyOf(url, answer), answer);
      try {
        for await (const { event = '', data } of eventsIn(answer.body))
          yield { type: event, data: JSON.parse(data) as unknown };
      } catch (error) {
        signal.throwIfAborted();
        throw noAnswer(url, error);
      }
    },
  };
}

/** Follows no redirect: the key is for this server alone. */
async function sendTo(
  { url, key }: ApiServer,
  method: Method,
  path: string,
  { body, headers, signal, dispatcher }: Sent & { signal: AbortSignal; dispatcher: Agent },
): Promise<Answer> {
  try {
    return await request(`${url}${prefix}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      headersTimeout: 0, // creating a sync of many objects takes minutes
      bodyTimeout: silenceMaxMs,
      signal,
      dispatcher,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw noAnswer(url, error);
  }
}

const isOk = ({ statusCode }: Answer) => statusCode >= 200 && statusCode < 300;

/** Null: none, or it is no JSON. @throws Fault `SYS-20`: it was cut off */
async function bodyOf(url: string, { statusCode, body }: Answer): Promise<unknown> {
  if (statusCode === 204) return null;
  const text = await body.text().catch((error: unknown) => {
    throw noAnswer(url, error);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

async function* eventsIn(body: Answer['body']): AsyncIterable<EventSourceMessage> {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    parser.feed(decoder.decode(bytes as Buffer, { stream: true }));
    yield* events.splice(0);
  }
}

function noAnswer(url: string, error: unknown): Fault {
  const { code, name } = error as { code?: string; name?: string };
  const reason = code ?? name ?? 'unknown';
  return new Fault(/CERT|VERIFY/.test(reason) ? 'SYS-25' : 'SYS-20', { host: url, reason });
}

/** A command's key is that of a login, unless the server is its own, so a new login repairs it. */
function refusalBy({ url, isOwn = false }: ApiServer, json: unknown, answer: Answer): RequestError | Fault {
  const error = refusal(json, { url, answer });
  if (error instanceof Fault || error.label !== 'API-02' || isOwn) return error;
  const { kind, label } = error;
  const says = `No valid key. ${url} does not take this key: it is wrong, expired or revoked`;
  return new RequestError(says, { kind, label, next: `Log in with another key: lockstep login ${url}` });
}

/** What a balancer says for a server that has not answered it: the request may have arrived. */
const unanswered: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * The error that an answer describes.
 *
 * @param from  whose answer it is; left out for what the server reports elsewhere than in an answer
 */
export function refusal(json: unknown, from?: { url: string; answer: Answer }): RequestError | Fault {
  const problem = problemSchema.safeParse(json).data;
  if (problem) return errorOf(problem);
  const { url: host = '', answer } = from ?? {};
  if (answer && unanswered.has(answer.statusCode))
    return new Fault('SYS-20', { host, reason: `status ${answer.statusCode} from something in between` });
  return new RequestError(
    `The server answers ${answer?.statusCode ?? 'nothing'}, in a form that is not Lockstep's`,
    {
      kind: 'unexpected',
      next: 'Check the address: lockstep login URL',
    },
  );
}

const errorOf = ({ detail, kind, code, next, errors, lines }: Problem): RequestError =>
  new RequestError(detail, { kind, label: code, next, details: lines, errors });
