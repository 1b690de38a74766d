/**
 * What happens in a run, as the checker hears of it. Times are milliseconds of the run's own clock. Everything comes in
 * the order in which it ended, but for commits: they come before whatever could have been seen of them.
 */

/** A record's values in the order of the compared fields, each in one form whoever tells it; null: there is none. */
export type Row = readonly (string | null)[];

/** What an answer says of its write. */
export type Outcome =
  /** Values of Lockstep-Applied. */
  | 'yes'
  | 'pending'
  | 'poll'
  | 'no'
  /** An error of the proxy's own, which says that nothing was written. */
  | 'refused'
  /** It says so, or there was no answer. */
  | 'unknown';

export type Happening =
  /** A record that was there before the run. The mirror may not have it yet. */
  | { kind: 'found'; at: number; record: string; row: Row }
  /** The org has committed a version; `row` is null where the record is deleted. `write`: whose it is, if a client's. */
  | { kind: 'commit'; at: number; record: string; row: Row | null; what: string; write: number | null }
  /** A client has its answer, or knows that it gets none. `records` are those that the answer says were written. */
  | Answered
  /** SQL has shown a record, by a statement that ran from `from` to `at`. */
  | { kind: 'seen'; at: number; from: number; record: string; row: Row | null; by: string }
  /** Until now nothing has disturbed anybody since `since`. */
  | { kind: 'calm'; at: number; since: number }
  /** A disturbance has begun or ended; told with each story. */
  | { kind: 'nemesis'; at: number; text: string }
  /** Nobody will write, look at or ask for it any more. */
  | { kind: 'over'; at: number; record: string };

export interface Answered {
  kind: 'answered';
  at: number;
  write: number;
  what: string;
  outcome: Outcome;
  /** Null where the answer does not tell: those count that the org has committed for the write… */
  records: readonly string[] | null;
  /** …and whose Ids begin so: what a write brings about in others has another beginning. */
  prefix: string;
  /** The request writes each record once that the answer names. */
  isOnce: boolean;
}

/** The promises that a run can see broken. */
export type Promised =
  | 'a write that is answered yes is in the mirror at once'
  | 'a row is a version of its record'
  | 'no value goes back'
  | 'no deleted record comes back'
  | 'what was not there at once comes soon'
  | 'an answer says what was written'
  | 'a write is sent once'
  | 'an answer is the one that the org has sent'
  | 'an outcome is unknown only where the answer is'
  | 'mirror and org are equal in the end'
  | 'no write stays open'
  | 'Lockstep runs on';

export interface Violation {
  promised: Promised;
  record: string | null;
  what: string;
  /** What happened to the record until then, in sentences. */
  story: readonly string[];
}
