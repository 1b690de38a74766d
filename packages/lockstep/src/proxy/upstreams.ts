import { type Dispatcher, Pool } from 'undici';
import { allowedOrigin, isNamedHost, lookupPublic } from '../salesforce/index.ts';

/** Connections to Salesforce: one pool for each org's address, shared by all requests to it. */
export interface Upstreams {
  /**
   * @param instanceUrl any URL of the org; only scheme, host and port count
   * @throws Fault `ORG-04` if no token may be sent there
   */
  to(instanceUrl: string): Dispatcher;
  /** Cuts off requests under way. */
  close(): Promise<void>;
}

/** Salesforce ends a REST request after ten minutes; we must not give up earlier. */
const salesforceTimeoutMs = 600_000;
const marginMs = 10_000;

export interface UpstreamOptions {
  /** Hosts allowed besides Salesforce's own; these may be http and private. */
  allowHosts: readonly string[];
  answerTimeoutMs?: number;
  connectTimeoutMs?: number;
}

/** The addresses come from the control database; they are checked all the same, because callers' tokens go there. */
export function openUpstreams(options: UpstreamOptions): Upstreams {
  const { allowHosts } = options;
  const pools = new Map<string, Pool>();
  const answerTimeoutMs = options.answerTimeoutMs ?? salesforceTimeoutMs + marginMs;
  const open = (origin: URL) =>
    new Pool(origin.origin, {
      connections: 128,
      // One request at a time on a connection, so that a lost connection affects no other request.
      pipelining: 1,
      // HTTP/2 header names are lower case; answers are passed on with Salesforce's HTTP/1.1 headers unchanged.
      allowH2: false,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      connect: {
        timeout: options.connectTimeoutMs ?? 10_000,
        ...(isNamedHost(origin, allowHosts) ? {} : { lookup: lookupPublic }),
      },
      maxHeaderSize: 65_536,
    });
  return {
    to(instanceUrl) {
      let pool = pools.get(instanceUrl);
      if (!pool) pools.set(instanceUrl, (pool = open(allowedOrigin(instanceUrl, allowHosts))));
      return pool;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}
