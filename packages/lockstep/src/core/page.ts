import type { RecordId } from './ids.ts';

/** A SystemModstamp as Salesforce prints it, for example `2026-11-24T08:00:00.000+0000`. Whole seconds. */
export type Stamp = string;

/** A position in Salesforce's own order of (time, Id). Ids are only sent back, never compared here. */
export interface PagePosition {
  stamp: Stamp;
  id: RecordId;
}

/** The rows of one answer. They stay Salesforce's text until PostgreSQL reads them. */
export interface Page {
  /** A JSON array of the records, without the `unstorable` ones and without NUL characters. */
  records: string;
  /** Records in the answer, unstorable ones included. */
  count: number;
  /** Position of the answer's last record in the order of its query's time; null if the query has none. */
  last: PagePosition | null;
  /** Id of the answer's last record; null for an empty answer and for aggregates. */
  lastId: RecordId | null;
  /** False if Salesforce has more rows for a next page: then this page counts as full. */
  done: boolean;
  /** Where the rest of the answer can be had if it is not done, below the data path; absent: nowhere. */
  next?: string;
  /** Records that PostgreSQL's JSON parser refuses (lone surrogates), as text for the quarantine. */
  unstorable: readonly { id: RecordId; text: string }[];
  /** Records that changed between the queries of which the page is joined, and are not in it; absent: none. */
  torn?: readonly RecordId[];
  /** How many NUL characters were removed from the text; PostgreSQL cannot store them. */
  nulsRemoved: number;
}
