import type { RecordId } from './ids.ts';

/** A SystemModstamp as Salesforce prints it, for example `2026-11-24T08:00:00.000+0000`. Whole seconds. */
export type Stamp = string;

/** One position in Salesforce's own order of (time, Id). Ids are echoed, never compared here. */
export interface Cursor {
  stamp: Stamp;
  id: RecordId;
}

/** The rows of one answer. They stay Salesforce's text until PostgreSQL reads them. */
export interface Page {
  /** A JSON array of records. Without the `unstorable` ones, and without NUL characters. */
  records: string;
  /** Records in the answer, unstorable ones included. */
  count: number;
  /** Position of the answer's last record in the order of its query's time; null where the query has no time. */
  last: Cursor | null;
  /** Id of the answer's last record; null for an empty answer, and for sums of records. */
  lastId: RecordId | null;
  /** False when Salesforce kept rows back for a next page: then the page counts as a full one. */
  done: boolean;
  /** Records that PostgreSQL's JSON refuses (lone surrogates), as text for the quarantine. */
  unstorable: readonly { id: RecordId; text: string }[];
  /** NUL characters removed from the text; PostgreSQL cannot hold them. */
  nulsRemoved: number;
}
