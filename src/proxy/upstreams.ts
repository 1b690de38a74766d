import { type Dispatcher, Pool } from 'undici';

/** Connections to Salesforce, one pool for each org's address, shared by all requests to it. */
export interface Upstreams {
  /** @param instanceUrl any URL of the org; only scheme, host and port count */
  to(instanceUrl: string): Dispatcher;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/** Salesforce ends a REST request after ten minutes; ours must not give up before it. */
const salesforceTimeoutMs = 600_000;
const marginMs = 10_000;

export function openUpstreams(
  options: { answerTimeoutMs?: number; connectTimeoutMs?: number } = {},
): Upstreams {
  const pools = new Map<string, Pool>();
  const answerTimeoutMs = options.answerTimeoutMs ?? salesforceTimeoutMs + marginMs;
  const open = (origin: string) =>
    new Pool(origin, {
      connections: 128,
      // One request at a time on a connection: a lost connection then concerns that one request and no other.
      pipelining: 1,
      // Header names in HTTP/2 are lower case; Salesforce's answers are passed on as HTTP/1.1 has them.
      allowH2: false,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      connectTimeout: options.connectTimeoutMs ?? 10_000,
      maxHeaderSize: 65_536,
    });
  return {
    to(instanceUrl) {
      const { origin } = new URL(instanceUrl);
      let pool = pools.get(origin);
      if (!pool) pools.set(origin, (pool = open(origin)));
      return pool;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}
