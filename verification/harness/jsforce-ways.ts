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
 * How jsforce reaches an org. Only the instance URL differs: what holds directly has to hold through the proxy, and
 * what the proxy says of the mirror is looked at after each write, before jsforce hears of its answer.
 */
export type Way = 'directly' | 'through the proxy' | 'through the proxy by its host';

export const allWays: readonly Way[] = ['directly', 'through the proxy', 'through the proxy by its host'];

export interface Reached extends AsyncDisposable {
  org: TestOrg;
  /** Null where there is no mirror. */
  appliedCheck: AppliedCheck | null;
  instanceUrl: string;
  unsigned(more?: ConnectionConfig): Connection;
  connect(more?: ConnectionConfig): Promise<Connection>;
}

/** A suite for each way, with an org of its own that is there when the hooks and tests of the suite run. */
export function eachWay(
  options: { records: number; ways?: readonly Way[] },
  tests: (reached: () => Reached) => void,
): void {
  for (const way of options.ways ?? allWays) {
    void suite(`jsforce ${way}`, () => {
      let reached: Reached;
      before(async () => {
        reached = await reach(way, options.records);
      });
      tests(() => reached);
      after(() => reached[Symbol.asyncDispose]());
    });
  }
}

async function reach(way: Way, records: number): Promise<Reached> {
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
  // No worker runs: the org counts the requests of jsforce and of the proxy, and the proxy alone brings records.
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

/** Not every system resolves names below localhost. */
const loopback: LookupFunction = (_, { all }, callback) =>
  all === true ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

/** Holds an answer back until what it says of the mirror was looked at. */
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
