import type { Tx } from '@lockstep/foundation/database';
import type { Org } from '../org.ts';
import type { SObjects } from '../schema/schema.ts';

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
