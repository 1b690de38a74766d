import type { Log } from '@lockstep/foundation/log';

/**
 * All that a log line may carry: names, ids, counts, durations. A record's value, a token or a query's text has no
 * field here and therefore does not compile.
 */
export type LogFields = {
  sync?: string;
  org?: string;
  /** API name of an sobject. */
  stream?: string;
  recordId?: string;
  column?: string;
  code?: string;
  /** A place in our own code or in an answer's structure, never its content. */
  where?: string;
  sqlState?: string;
  host?: string;
  port?: number;
  method?: string;
  status?: number;
  outcome?: string;
  kind?: string;
  rows?: number;
  requests?: number;
  bytes?: number;
  waitMs?: number;
  tookMs?: number;
  /** Of it: waiting for a turn, for Salesforce, for the reading of what was written, and storing that. */
  queuedMs?: number;
  upstreamMs?: number;
  readBackMs?: number;
  applyMs?: number;
  epoch?: number;
  tries?: number;
};

export type AppLog = Log<LogFields>;
