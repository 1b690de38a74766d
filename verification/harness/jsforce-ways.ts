import type { LookupFunction } from 'node:net';
import { after, before, suite } from 'node:test';
import type { Connection, ConnectionConfig } from 'jsforce';
import { setDispatcher } from 'jsforce/lib/request.js';
import { Agent } from 'undici';
import { type AppliedCheck, openAppliedCheck } from './applied-check.ts';
import { openEndToEndHarness } from './end-to-end-harness.ts';
import { connect, unsigned } from './jsforce.ts';
import { startOrg, type TestOrg } from './org.ts';

/**
 * How jsforce reaches an org. Only the instance URL differs: what works directly must work through the proxy. After
 * each write, what the proxy claims about the mirror is checked before jsforce gets the answer.
 */
export type Route = 'directly' | 'through the proxy' | 'through the proxy by its host';

export const allWays: readonly Route[] = ['directly', 'through the proxy', 'through the proxy by its host'];

export interface RoutedOrg extends AsyncDisposable {
  org: TestOrg;
  /** Null if there is no mirror. */
  appliedCheck: AppliedCheck | null;
  instanceUrl: string;
  unsigned(more?: ConnectionConfig): Connection;
  connect(more?: ConnectionConfig): Promise<Connection>;
}

/** One suite for each way, each with its own org, which exists while the suite's hooks and tests run. */
export function forEachRoute(
  options: { records: number; ways?: readonly Route[] },
  tests: (reached: () => RoutedOrg) => void,
): void {
  for (const way of options.ways ?? allWays) {
    void suite(`jsforce ${way}`, () => {
      let reached: RoutedOrg;
      before(async () => {
        reached = await reach(way, options.records);
      });
      tests(() => reached);
      after(() => reached[Symbol.asyncDispose]());
    });
  }
}

async function reach(way: Route, records: number): Promise<RoutedOrg> {
  if (way === 'directly') {
    const org = await startOrg({ records });
    return {
      org,
      appliedCheck: null,
      instanceUrl: org.url,
      unsigned: (more) => unsigned(org, more),
      connect: (more) => connect(org, more),
      [Symbol.asyncDispose]: () => org[Symbol.asyncDispose](),
    };
  }
  // No worker runs: the org counts only requests of jsforce and the proxy, and only the proxy fills the mirror.
  const harness = await openEndToEndHarness({ org: { records }, sobjects: ['Account', 'Contact'] });
  const { org } = harness;
  const appliedCheck = await openAppliedCheck(harness);
  const { port, pathname } = new URL(harness.base);
  const byHost = `http://${pathname.slice(1)}.localhost:${port}`;
  const instanceUrl = way === 'through the proxy' ? harness.base : byHost;
  setDispatcher(new Agent({ connect: { allowH2: false, lookup: loopback } }));
  return {
    org,
    appliedCheck,
    instanceUrl,
    unsigned: (more) => witnessed(unsigned(org, { instanceUrl, ...more }), appliedCheck),
    connect: async (more) => witnessed(await connect(org, { instanceUrl, ...more }), appliedCheck),
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

/** Not every system resolves subdomains of localhost. */
const loopback: LookupFunction = (_, { all }, callback) =>
  all === true ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

/** Delays an answer until its claim about the mirror has been checked. */
function witnessed(conn: Connection, appliedCheck: AppliedCheck): Connection {
  const { _transport: transport } = conn;
  const send = transport.httpRequest.bind(transport);
  transport.httpRequest = (request, options) => {
    const sent = send(request, options);
    const looked = sent.then(async (answer) => {
      if (answer.headers['lockstep-applied'] === 'yes') {
        const { pathname, search } = new URL(request.url);
        const sent = { method: request.method, path: `${pathname}${search}` };
        const body = typeof request.body === 'string' ? { body: request.body } : {};
        await appliedCheck.check({ ...sent, ...body }, Buffer.from(answer.body));
      }
      return answer;
    });
    return Object.assign(looked, { stream: () => sent.stream() });
  };
  return conn;
}
