/** What the mirror says of each object of a sync, in the view that its reader sees. */

import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { faults } from '../core/fault-catalogue.ts';
import type { FaultCode } from '../core/faults.ts';
import { type HiddenField, type Problem, readHiddenFields, readProblems } from '../postgres/index.ts';
import { inRfc3339, timeOf } from './state-words.ts';
import type { Output } from './terminal/output.ts';

export interface ObjectStatus {
  sobject: string;
  table_name: string;
  state: string;
  rows: number;
  rows_expected: number | null;
  backfill_percent: number;
  /** Times as the server prints them; null: not yet. */
  read_until: string | null;
  settled_until: string | null;
  counts_verified_at: string | null;
  stamps_verified_at: string | null;
  content_verified_at: string | null;
  /** Rows that vanished from the sync's sight and stay until somebody decides. */
  missing_rows: number;
  /** Records that the mirror cannot hold as they are. */
  set_aside_rows: number;
  /** A fault's code, and its words where they were kept. */
  stop_code: string | null;
  stop_reason: string | null;
  problems: readonly Problem[];
  hidden_fields: readonly HiddenField[];
}

type StatusRow = Omit<ObjectStatus, 'problems' | 'hidden_fields'>;

/** As seen at one moment of the database's clock. */
export async function readObjects(mirror: Tx): Promise<{ objects: readonly ObjectStatus[]; now: number }> {
  const rows = await mirror.query<StatusRow>(sql`
    SELECT sobject, table_name, state, rows, rows_expected, backfill_percent, read_until, settled_until,
           counts_verified_at, stamps_verified_at, content_verified_at, missing_rows, set_aside_rows,
           stop_code, stop_reason
      FROM ${ident('_lockstep', 'status')} ORDER BY sobject`);
  const problems = await readProblems(mirror);
  const hidden = await readHiddenFields(mirror);
  const objects = rows.map((row) => {
    const isOwn = ({ sobject }: { sobject: string }) => sobject === row.sobject;
    return { ...row, problems: problems.filter(isOwn), hidden_fields: hidden.filter(isOwn) };
  });
  return { objects, now: await readNow(mirror) };
}

/** With times in RFC 3339, and commands that can be pasted. */
export function objectJson(object: ObjectStatus, output: Pick<Output, 'pasteable'>) {
  const { stop_code: _, stop_reason: __, ...facts } = object;
  const stopped = stopOf(object);
  return {
    ...facts,
    read_until: inRfc3339(object.read_until),
    settled_until: inRfc3339(object.settled_until),
    counts_verified_at: inRfc3339(object.counts_verified_at),
    stamps_verified_at: inRfc3339(object.stamps_verified_at),
    content_verified_at: inRfc3339(object.content_verified_at),
    stopped: stopped && { ...stopped, next: output.pasteable(stopped.next) },
    problems: object.problems.map(({ kind, code, explanation, next, since, tries, retry_at: retryAt }) => ({
      kind,
      code,
      says: explanation,
      next: output.pasteable(next),
      since: inRfc3339(since),
      tries,
      retry_at: inRfc3339(retryAt),
    })),
    hidden_fields: object.hidden_fields.map(({ field, column_name, hidden_since: since }) => ({
      field,
      column_name,
      since: inRfc3339(since),
    })),
  };
}

/** The server's time, in milliseconds since 1970. */
export async function readNow(db: Tx): Promise<number> {
  const [clock] = await db.query<{ now: string }>(sql`SELECT clock_timestamp() AS now`);
  return timeOf(clock?.now ?? '');
}

/** Why an object is stopped, as a person reads it; null: it is not. */
export function stopOf({
  stop_code: code,
  stop_reason: because,
}: Pick<ObjectStatus, 'stop_code' | 'stop_reason'>): {
  code: string;
  says: string;
  next: string;
} | null {
  if (code === null) return null;
  const known = code in faults ? faults[code as FaultCode] : undefined;
  // What the catalogue would have to be filled with is not kept.
  const next = known && !known.next.includes('{') ? known.next : `See ${code} in docs/errors.md.`;
  return { code, says: because ?? known?.title ?? '', next };
}
