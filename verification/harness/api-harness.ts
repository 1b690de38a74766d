/** The management API on a control database of its own, and a client of it. */

import { request } from 'node:http';
import { BlockList } from 'node:net';
import { json as readJson } from 'node:stream/consumers';
import { parseAddressList } from '@lockstep/foundation/address-list';
import { startApi } from 'lockstep/api';
import { recordSync } from 'lockstep/control';
import type { Certificate } from 'lockstep/core/certificate';
import type { SignInLink } from 'lockstep/operations/sign-in-link';
import { newSync, openTestControl, type TestControl } from './control.ts';
import type { TestOrg } from './org.ts';

export const localKey = 'the-key-of-this-machine';
const json = { 'content-type': 'application/json' };

export interface ApiHarness extends AsyncDisposable {
  control: TestControl;
  url: string;
  port: number;
  headers: Record<string, string>;
  /** For a command line that uses this API. */
  environment: Record<string, string>;
  /** With the key unless other headers are given. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** Without a key, and with any headers: `fetch` sets Host by itself. */
  post(path: string, body: object, headers: Record<string, string>): Promise<Omit<ApiAnswer, 'headers'>>;
}
export interface ApiAnswer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export async function openApi(
  allowHosts: readonly string[] = [],
  listening: Partial<Listening> = {},
): Promise<ApiHarness> {
  await using undo = new AsyncDisposableStack();
  const control = undo.use(await openTestControl());
  const api = undo.use(await openApiOn(control, allowHosts, listening));
  const ends = undo.move();
  return { ...api, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

interface Listening {
  host: string;
  /** 0: a free one. */
  port: number;
  certificate: Certificate | undefined;
  trustedProxies: readonly string[];
  /** Of the proxy in front of the syncs. */
  proxyUrl: string;
  /** A built console. */
  consoleFolder: string | null;
  signInLink: SignInLink | null;
  /** Of the database server that comes with Lockstep. */
  databaseFolder: string | null;
}

/** The API of a control database that somebody else closes. */
export async function openApiOn(
  control: TestControl,
  allowHosts: readonly string[] = [],
  {
    host = '127.0.0.1',
    port = 0,
    certificate,
    trustedProxies = [],
    proxyUrl = 'http://127.0.0.1:8401',
    consoleFolder = null,
    signInLink = null,
    databaseFolder = null,
  }: Partial<Listening> = {},
): Promise<ApiHarness> {
  const api = await startApi({
    host,
    certificate,
    trustedProxies: parseAddressList(trustedProxies) ?? new BlockList(),
    port,
    publicHosts: ['lockstep.example.com'],
    localKey,
    control: control.control,
    log: control.log.log,
    stop: new AbortController().signal,
    allowHosts,
    onSetUp: () => Promise.resolve(),
    proxyUrl: () => proxyUrl,
    consoleFolder,
    databaseFolder,
    isDemo: signInLink !== null,
    signInLink,
    onLinkUsed: () => Promise.resolve(),
  });
  return {
    control,
    url: api.url,
    port: api.port,
    headers: { authorization: `Bearer ${localKey}` },
    environment: { LOCKSTEP_URL: api.url, LOCKSTEP_API_KEY: localKey },
    async ask(method, path, body, headers = {}) {
      const answer = await fetch(`${api.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${localKey}`, ...(body !== undefined && json), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return {
        status: answer.status,
        headers: answer.headers,
        body: (answer.status === 204 ? {} : await answer.json()) as Record<string, unknown>,
      };
    },
    post: (path, body, headers) =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port: api.port, path, method: 'POST' };
        const sent = request({ ...options, headers: { ...json, ...headers } }, (answer) => {
          const read = readJson(answer) as Promise<Record<string, unknown>>;
          read.then((answered) => resolve({ status: answer.statusCode ?? 0, body: answered }), reject);
        });
        sent.once('error', reject).end(JSON.stringify(body));
      }),
    [Symbol.asyncDispose]: () => api.close(),
  };
}

/** With syncs of these names, which no worker runs. */
export async function withSyncs(names: readonly string[]): Promise<ApiHarness> {
  const api = await openApi();
  for (const name of names) await recordSync(api.control.control, newSync({ name }));
  return api;
}

/** The body of a request that creates a sync of a simulated org. */
export const newSyncOf = ({ url, credentials }: TestOrg, change: object = {}) => ({
  name: 'acme',
  login_url: url,
  credential: {
    flow: 'client credentials',
    client_id: credentials.integration.clientId,
    client_secret: credentials.integration.clientSecret,
  },
  objects: ['account', 'Contact'],
  ...change,
});
