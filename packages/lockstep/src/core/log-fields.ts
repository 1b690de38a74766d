import type { Log } from '@lockstep/foundation/log';

/**
 * Everything that a log line may contain: names, ids, counts, durations. There is no field for a record's value, a
 * token or the text of a query, so logging one does not compile.
 */
export type LogFields = {
  sync?: string;
  org?: string;
  /** API name of an sobject. */
  stream?: string;
  recordId?: string;
  column?: string;
  code?: string;
  /** A position in our own code or in the structure of an answer, never its content. */
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
  /** Parts of `tookMs`: waiting for a turn, for Salesforce, for the read-back, and applying that. */
  queuedMs?: number;
  upstreamMs?: number;
  readBackMs?: number;
  applyMs?: number;
  epoch?: number;
  /** Of Lockstep. */
  version?: string;
  tries?: number;
  /** Of a request to the API; its answer has it too. */
  requestId?: string;
};

export type AppLog = Log<LogFields>;
