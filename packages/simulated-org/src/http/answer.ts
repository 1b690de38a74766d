import type { Delivery } from '../control/delivery.ts';
import { toServed } from '../write/stored-text.ts';
import type { OrgError } from './errors.ts';

export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** JSON text, or null for no body. Pages come from Postgres as text and stay text. */
  body: string | null;
  /** A body of any length, instead of `body`: sent as it arrives, with the Content-Type in `headers`. */
  stream?: AsyncIterable<string | Uint8Array>;
  /** The JSON texts of a page's records, for references into it. */
  records?: readonly string[];
  /** Ends an all-or-none composite although the status is no failure. */
  isRolledBack?: boolean;
  /** What a fault does to the answer on its way to the client. */
  delivery?: Delivery;
}

export const answer = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: toServed(JSON.stringify(value)),
});

export const noContent: Answer = { status: 204, body: null };

export const errorAnswer = (error: OrgError): Answer =>
  answer(error.status, [error.entry], error.status === 401 ? { 'WWW-Authenticate': 'Token' } : {});

/** A path as clients see it, such as `/services/data/v62.0/query/…`. */
export const dataPath = (version: string, ...segments: readonly string[]): string =>
  ['/services/data', `v${version}`, ...segments].join('/');
