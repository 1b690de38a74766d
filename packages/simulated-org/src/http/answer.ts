import type { Tx } from '@lockstep/foundation/database';
import type { Delivery } from '../control/delivery.ts';
import type { Org } from '../org.ts';
import type { SObjects } from '../schema/schema.ts';
import { toServed } from '../write/stored-text.ts';
import type { OrgError } from './errors.ts';

/** A request below `/services/data/vXX.X`, whether it came by HTTP or inside a composite. */
export interface Call {
  org: Org;
  userId: string;
  /** The name that the client gives itself, for the log of its writes. */
  client?: string;
  /** What the user sees of the org's definitions. */
  sobjects: SObjects;
  method: string;
  /** Decoded, without the version: `['sobjects', 'Account']`. */
  path: readonly string[];
  parameters: URLSearchParams;
  header(name: string): string | undefined;
  /** As `parseExact` gives it, with a `StoredBlob` for each file of a form; the bytes of a form of a bulk job; undefined where none was sent. */
  body: unknown;
  /** A file of CSV, where the path takes one: read once, as it comes. */
  file?: AsyncIterable<Buffer> | undefined;
  /** As in the path, without the v: `62.0`. */
  version: string;
  /** The org's database, or the transaction of an all-or-none composite. */
  db: Tx;
  /** `db` shows an older state of the org. */
  isStale?: boolean;
  /** Runs in a transaction of its own, or in that one. */
  write<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>;
  /** Inside an all-or-none composite: a collection takes this over, whatever it says itself. */
  isAllOrNone?: boolean;
}

export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** JSON text, or nothing. Pages come from Postgres as text and stay text. */
  body: string | null;
  /** A body of any length, instead of `body`: sent as it comes, with the Content-Type that `headers` names. */
  stream?: AsyncIterable<string | Uint8Array>;
  /** The texts of a page's records, for references into it. */
  records?: readonly string[];
  /** Ends an all-or-none composite though the status tells of no failure. */
  isRolledBack?: boolean;
  /** What a fault does to the answer on its way. */
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

/** The path that clients are told, for example `/services/data/v62.0/query/…`. */
export const dataPath = (version: string, ...segments: readonly string[]): string =>
  ['/services/data', `v${version}`, ...segments].join('/');
