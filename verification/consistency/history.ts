/**
 * The events of a run, as the checker gets them. Times are milliseconds of the run's own clock. Events come in the
 * order in which they ended, except commits, which come before anything that could have shown them.
 */

/** A record's values in the order of the compared fields, each in one form for every source; null for no value. */
export type Row = readonly (string | null)[];

/** What an answer says of its write. */
export type Outcome =
  /** Values of Lockstep-Applied. */
  | 'yes'
  | 'pending'
  | 'poll'
  | 'no'
  /** The proxy's own error, which says that nothing was written. */
  | 'refused'
  /** The answer says so, or there was none. */
  | 'unknown';

export type RunEvent =
  /** A record that existed before the run. The mirror may not have it yet. */
  | { kind: 'found'; at: number; record: string; row: Row }
  /** The org has committed a version; `row` is null for a deletion. `write` is the client's write, if it is one. */
  | { kind: 'commit'; at: number; record: string; row: Row | null; what: string; write: number | null }
  /** A client has its answer, or knows that it gets none. `records` are the ones that the answer says were written. */
  | Answered
  /** SQL has shown a record, in a statement that ran from `from` to `at`. */
  | { kind: 'seen'; at: number; from: number; record: string; row: Row | null; by: string }
  /** No disturbance has been active since `since`. */
  | { kind: 'calm'; at: number; since: number }
  /** A disturbance has begun or ended; part of every story. */
  | { kind: 'nemesis'; at: number; text: string }
  /** Nobody will write, read or wait for the record any more. */
  | { kind: 'over'; at: number; record: string };

export interface Answered {
  kind: 'answered';
  at: number;
  write: number;
  what: string;
  outcome: Outcome;
  /** Null if the answer does not say: then all records count that the org has committed for the write… */
  records: readonly string[] | null;
  /** …and whose Ids begin with this, which excludes other sobjects that the write changed indirectly. */
  prefix: string;
  /** The request writes each record that the answer names only once. */
  isOnce: boolean;
}

/** The promises whose violation a run can detect. */
export type Guarantee =
  | 'a write that is answered yes is in the mirror at once'
  | 'a row is a version of its record'
  | 'no value goes back'
  | 'no deleted record comes back'
  | 'what is not visible at once is visible soon'
  | 'an answer says what was written'
  | 'a write is sent once'
  | 'an answer is the one that the org has sent'
  | 'an outcome is unknown only if the answer is'
  | 'mirror and org are equal in the end'
  | 'no write stays open'
  | 'Lockstep runs on';

export interface Violation {
  promised: Guarantee;
  record: string | null;
  what: string;
  /** What had happened to the record, in sentences. */
  story: readonly string[];
}
