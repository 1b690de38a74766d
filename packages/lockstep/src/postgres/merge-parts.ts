/** What the two forms of the merge statement share. The parts are texts of CTEs; `judged` contains the verdicts. */
import { stampSlackSeconds } from '../core/merge-rule.ts';
import { quoted } from './page-sql.ts';
import type { Stream } from './tables.ts';

export interface MergeNames {
  table: string;
  id: string;
  /** The stamp that the merge rule compares; null if the object has no SystemModstamp. */
  stamp: string | null;
}

export function namesOf({ schema, table, columns }: Stream): MergeNames {
  const named = (field: string) => columns.find((column) => column.field === field)?.column;
  const stamp = named('SystemModstamp');
  return {
    table: `${quoted(schema)}.${quoted(table)}`,
    id: quoted(named('Id') ?? ''),
    stamp: stamp === undefined ? null : quoted(stamp),
  };
}

/** One statement of the parts in their order; a part that is null is left out. */
export function statementOf(parts: Readonly<Record<string, string | null>>, select: string): string {
  const named = Object.entries(parts).flatMap(([name, text]) =>
    text === null ? [] : [`${name} AS ${name === 'judged' ? 'MATERIALIZED ' : ''}(${text})`],
  );
  return `\nWITH ${named.join(',\n')}\n${select}`;
}

export const slack = `interval '${stampSlackSeconds} seconds'`;

/** A fence is needed only if another reading of the stream is open that began before this one ended. */
const isAnotherOpen =
  'EXISTS (SELECT FROM _lockstep.observation o WHERE o.streams @> ARRAY[$2] AND o.lo < $4 AND o.lo <> $3)';

/** The time up to which the stream is settled now; a mark without a stamp keeps the stream from claiming a later one. */
export const settled = `(SELECT to_timestamp((position ->> 'at')::bigint) FROM _lockstep.cursor WHERE stream_no = $2 AND kind = 'recheck')`;

/** Stores the fence of each record that was stored. */
export const insertFences = (
  id: string,
  { stamp, deleted, partial }: Record<'stamp' | 'deleted' | 'partial', string>,
): string => `
  INSERT INTO _lockstep.fence (stream_no, id, lo, hi, stamp, deleted, partial)
  SELECT $2, ${id}, $3, $4, ${stamp}, ${deleted}, ${partial} FROM judged
   WHERE _verdict = 'store' AND ${isAnotherOpen}
  ON CONFLICT (stream_no, id) DO UPDATE
     SET lo = EXCLUDED.lo, hi = EXCLUDED.hi, stamp = EXCLUDED.stamp, deleted = EXCLUDED.deleted, partial = EXCLUDED.partial
`;

/** Clears the marks that are older than the reading. */
export const clearMarks = (id: string, { marks = '', records = '' } = {}): string => `
  DELETE FROM _lockstep.dirty d
   WHERE EXISTS (SELECT FROM _lockstep.dirty WHERE stream_no = $2)
     AND d.stream_no = $2 AND d.since_ticket < $3${marks}
     AND d.id = ANY (ARRAY(SELECT ${id} FROM judged WHERE _verdict IN ('store', 'nothing')${records}))
`;

/**
 * Marks the records whose verdict is `dirty`, to be read again.
 *
 * @param reason  as SQL; an existing mark keeps its reason unless the new one is `stronger`
 */
export const insertMarks = (
  id: string,
  {
    reason,
    stampedAt,
    stronger,
    more = '',
  }: Record<'reason' | 'stampedAt' | 'stronger', string> & { more?: string },
): string => `
  INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
  SELECT $2, ${id}, $4, $4, false, ${reason}, ${stampedAt}
    FROM judged WHERE _verdict = 'dirty'
  ON CONFLICT (stream_no, id) DO UPDATE
     SET since_ticket = greatest(dirty.since_ticket, EXCLUDED.since_ticket),
         stamped_at = least(dirty.stamped_at, EXCLUDED.stamped_at),
         reason = CASE WHEN EXCLUDED.reason = '${stronger}' THEN '${stronger}' ELSE dirty.reason END${more}
`;

/** How many records got which verdict. */
export const tally = `
SELECT count(*)::integer AS judged,
       count(*) FILTER (WHERE _verdict = 'store' AND NOT _same)::integer AS written,
       count(*) FILTER (WHERE _verdict = 'nothing' OR _verdict = 'store' AND _same)::integer AS unchanged,
       count(*) FILTER (WHERE _verdict = 'stale')::integer AS stale,
       count(*) FILTER (WHERE _verdict = 'dirty')::integer AS dirty`;

export const noIds = "'{}'::text[]";

/** Then the fence is not that of the row, and a reading that equals the row may still be older than the fence. */
export const isAside = (id: string) =>
  `EXISTS (SELECT FROM _lockstep.quarantine q WHERE q.stream_no = $2 AND q.id = n.${id})`;
