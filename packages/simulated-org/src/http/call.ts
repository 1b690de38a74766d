import type { Tx } from '@lockstep/foundation/database';
import type { Org } from '../org.ts';
import type { SObjects } from '../schema/schema.ts';

/** A request below `/services/data/vXX.X`, from HTTP or from inside a composite. */
export interface Call {
  org: Org;
  userId: string;
  /** The name that the client gives itself, for the log of its writes. */
  client?: string;
  /** The org's definitions as the user sees them. */
  sobjects: SObjects;
  method: string;
  /** Decoded, without the version: `['sobjects', 'Account']`. */
  path: readonly string[];
  parameters: URLSearchParams;
  header(name: string): string | undefined;
  /**
   * As `parseExact` gives it, with a `StoredBlob` for each file of a form; the bytes of a bulk job's form; undefined
   * if none was sent.
   */
  body: unknown;
  /** A CSV file, where the path takes one: a stream that can be read once. */
  file?: AsyncIterable<Buffer> | undefined;
  /** As in the path, without the v: `62.0`. */
  version: string;
  /** The org's database, or the transaction of an all-or-none composite. */
  db: Tx;
  /** `db` shows an older state of the org. */
  isStale?: boolean;
  /** Runs the work in its own transaction, or in that of the composite. */
  write<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>;
  /** Inside an all-or-none composite: a collection obeys this, whatever it says itself. */
  isAllOrNone?: boolean;
}
