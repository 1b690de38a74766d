import type { Answer } from './transport.ts';

/** What a request is for; the budget treats each purpose differently. */
export type Purpose = 'setup' | 'poll' | 'backfill' | 'reconcile' | 'repair' | 'read-back';

export interface SalesforceRequest {
  method: 'GET' | 'POST' | 'PATCH';
  /** Under `/services/`. */
  path: string;
  /** JSON. */
  body?: string;
  /** The media type of the answer, if it is not JSON. */
  accept?: string;
  purpose: Purpose;
  /** For a request that must not wait as long as a query may take. */
  timeoutMs?: number;
}

export type Ask = (request: SalesforceRequest, signal: AbortSignal) => Promise<Answer>;
