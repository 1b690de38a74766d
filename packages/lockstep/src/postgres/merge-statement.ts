import type { RecordId } from '../core/ids.ts';
import {
  clearMarks,
  insertFences,
  insertMarks,
  isAside,
  type MergeNames,
  namesOf,
  noIds,
  settled,
  slack,
  statementOf,
  tally,
} from './merge-parts.ts';
import {
  cast,
  columnList,
  misfitsStatement,
  pageSelect,
  quoted,
  type StagingForm,
  stagedSelect,
} from './page-sql.ts';
import { patchStatement } from './patch-statement.ts';
import { type ColumnPlan, partialColumns } from './plan-table.ts';
import type { Stream } from './tables.ts';

/**
 * The statement that merges readings into a table, as a text generated once per table: it expands a page's JSON,
 * applies the merge rule to every record (`core/merge-rule.ts` explains it), writes what is newer, and returns how many
 * records had which outcome.
 *
 *   $1 records (JSON array)   $2 stream_no   $3 lo   $4 hi   $5 Ids that were asked for and are absent
 *
 * The parts in order: `page` is the JSON as text columns, with the first column whose text does not fit its type;
 * `reading` is the page with its types and the absent Ids, numbered within an Id from the newest stamp on; `judged`
 * adds the verdict; the other parts carry the verdicts out. If an Id occurs twice in a page, the newest stamp counts;
 * if the stamps are equal too, it is unknown which is newer, and the record is read again. Our own names begin
 * with an underscore, which no field name does. Values are cast only if their text fits, so no error message of the
 * server ever quotes one.
 *
 * Measured on backfills (25 columns, pages of 2,000): the text goes through json, which takes two thirds of the time of
 * jsonb and keeps a number's digits as they are. Marks and quarantine are nearly always empty, so the statement checks
 * once whether they have rows of the stream before it looks up any Id there.
 */
export interface MergeStatements {
  /** Part of the names under which a server keeps them prepared: another for other columns. */
  key: string;
  apply: string;
  /**
   * The same for a reading that checks: a change to a record that was stamped before $6 (seconds) is recorded as a
   * repair, found at $7 (seconds).
   */
  check: string;
  /**
   * The same for records with the columns of `partialColumns` only. The mirror has every change that was stamped before
   * $6 (seconds).
   */
  patch: string;
  /** The records of $1 with a value that does not fit its column: the first such column, and the record as text. */
  misfits: string;
}

export interface MergedRow {
  judged: number;
  written: number;
  unchanged: number;
  stale: number;
  dirty: number;
  inserted: number;
  removed: number;
  /** The removed records that were merged into another. */
  merged: RecordId[];
}

export function mergeStatements(
  stream: Stream,
  serverVersion: number,
  key = `${stream.streamNo}_${stream.planVersion}`,
): MergeStatements {
  const names = namesOf(stream);
  const page = pageSelect(stream.columns, serverVersion);
  return {
    key,
    apply: applyStatement(stream, names, page, { isCheck: false, isDistinct: false }),
    check: applyStatement(stream, names, page, { isCheck: true, isDistinct: false }),
    patch: patchStatement(stream, names, pageSelect(partialColumns(stream), serverVersion)),
    misfits: misfitsStatement(stream, page),
  };
}

/**
 * The statement of a kind for the records of a staging table, each of which is there once: `apply`, `check` or `patch`.
 *
 * @param name  of the table; $1 is the name again
 */
export function stagedStatement(
  stream: Stream,
  serverVersion: number,
  { kind, ...staging }: { name: string; form: StagingForm; kind: 'backfill' | 'content' | 'sweep' },
): string {
  const names = namesOf(stream);
  const page = stagedSelect(stream.columns, serverVersion, staging);
  return kind === 'sweep'
    ? patchStatement(stream, names, page)
    : applyStatement(stream, names, page, { isCheck: kind === 'content', isDistinct: true });
}

interface ApplyForm {
  isCheck: boolean;
  /** No Id occurs twice. */
  isDistinct: boolean;
}

function applyStatement(
  stream: Stream,
  names: MergeNames,
  page: string,
  { isCheck, isDistinct }: ApplyForm,
): string {
  const { columns } = stream;
  const { id, table } = names;
  const parts = {
    page,
    reading: reading(stream, names, isDistinct),
    judged: judged(stream, names, isCheck),
    put: put(columns, names),
    removed: `
  DELETE FROM ${table} t USING judged j
   WHERE t.${id} = j.${id} AND j._verdict = 'store' AND j._gone
`,
    fenced: insertFences(id, { stamp: '_stamp', deleted: '_gone', partial: 'false' }),
    unmarked: clearMarks(id),
    marked: insertMarks(id, {
      reason: "CASE WHEN _gone THEN 'absent' ELSE 'overlap' END",
      stampedAt: `coalesce(_stamp - ${slack}, ${settled})`,
      stronger: 'overlap',
      more: isCheck ? ',\n         tries = dirty.tries + 1' : '',
    }),
    released: released(id),
    repaired: isCheck ? repaired(id) : null,
  };
  return statementOf(
    parts,
    `${tally},
       count(*) FILTER (WHERE _verdict = 'store' AND NOT _gone AND NOT _stands)::integer AS inserted,
       count(*) FILTER (WHERE _verdict = 'store' AND _gone AND _stands)::integer AS removed,
       ${mergedIds(columns, id)} AS merged
  FROM judged`,
  );
}

/** The page with its types and the absent Ids; records of the same Id are numbered, the newest stamp first. */
function reading({ columns, hasIsDeleted }: Stream, { id, stamp }: MergeNames, isDistinct: boolean): string {
  const isTied = stamp
    ? 'coalesce(lead(_stamp) OVER within_id = _stamp, false)'
    : `lead(${id}) OVER within_id IS NOT NULL`;
  const [place, window] = isDistinct
    ? ['1 AS _nth, false AS _tied', '']
    : [
        `row_number() OVER within_id AS _nth, ${isTied} AS _tied`,
        `WINDOW within_id AS (PARTITION BY ${id} ORDER BY _stamp DESC)`,
      ];
  return `
  SELECT r.*, ${place}
    FROM (SELECT ${columnList(columns, (c) => `${cast(c)} AS ${quoted(c.column)}`)},
                 ${hasIsDeleted ? `"IsDeleted" = 'true'` : 'false'} AS _gone,
                 ${stamp ? '"SystemModstamp"::timestamptz' : 'NULL::timestamptz'} AS _stamp
            FROM page
           WHERE _misfit IS NULL
          UNION ALL
          SELECT ${columnList(columns, (c) => (c.field === 'Id' ? 'absent' : `NULL::${c.sqlType}`))}, true, NULL::timestamptz
            FROM unnest($5::text[]) AS absent) r
  ${window}
`;
}

const verdictOfOlder = `CASE WHEN f.partial THEN 'dirty' ELSE 'stale' END`;

/** The same rule as `decide` in `core/merge-rule.ts`, and for a record that its page has twice: the newer version. */
function judged({ columns }: Stream, { table, id, stamp }: MergeNames, isCheck: boolean): string {
  const same = (compared: readonly ColumnPlan[]) =>
    columnList(
      compared,
      (c) => `t.${quoted(c.column)} IS NOT DISTINCT FROM n.${quoted(c.column)}`,
      '\n                      AND ',
    );
  const forRepairs = `
         ${stamp ? `t.${stamp}` : 'NULL::timestamptz'} AS _stored,
         ${same(columns.filter((c) => !c.formula))} AS _formulas_apart_same,`;
  return `
  SELECT n.*,
         t.${id} IS NOT NULL AS _stands,
         s._same,${isCheck ? forRepairs : ''}
         CASE WHEN n._nth > 1 THEN 'stale'
              WHEN n._tied THEN 'dirty'
              WHEN f.id IS NULL OR $3 >= f.hi THEN 'store'
              WHEN $4 <= f.lo THEN ${verdictOfOlder}
              WHEN n._stamp > f.stamp + ${slack} THEN 'store'
              WHEN s._same AND NOT ${isAside(id)} THEN 'nothing'
              WHEN n._stamp < f.stamp - ${slack} THEN ${verdictOfOlder}
              ELSE 'dirty'
         END AS _verdict
    FROM reading n
    LEFT JOIN _lockstep.fence f ON f.stream_no = $2 AND f.id = n.${id}
    LEFT JOIN ${table} t ON t.${id} = n.${id}
   CROSS JOIN LATERAL (
         SELECT CASE WHEN n._gone THEN t.${id} IS NULL
                     ELSE t.${id} IS NOT NULL AND ${same(columns)}
                END AS _same) s
`;
}

const put = (columns: readonly ColumnPlan[], { table, id }: MergeNames): string => `
  INSERT INTO ${table} (${columnList(columns, (c) => quoted(c.column))})
  SELECT ${columnList(columns, (c) => quoted(c.column))} FROM judged
   WHERE _verdict = 'store' AND NOT _gone AND NOT _same
  ON CONFLICT (${id}) DO UPDATE SET ${columnList(
    columns.filter((c) => c.field !== 'Id'),
    (c) => `${quoted(c.column)} = EXCLUDED.${quoted(c.column)}`,
  )}
`;

/** Releases records from quarantine that PostgreSQL refused before and accepts now. */
const released = (id: string): string => `
  DELETE FROM _lockstep.quarantine q
   WHERE EXISTS (SELECT FROM _lockstep.quarantine WHERE stream_no = $2)
     AND q.stream_no = $2
     AND q.id = ANY (ARRAY(SELECT ${id} FROM judged WHERE _verdict IN ('store', 'nothing')))
`;

function mergedIds(columns: readonly ColumnPlan[], id: string): string {
  const winner = columns.find(({ field }) => field === 'MasterRecordId');
  if (!winner) return noIds;
  const isMerged = `_verdict = 'store' AND _gone AND _stands AND ${quoted(winner.column)} IS NOT NULL`;
  return `coalesce(array_agg(${id}) FILTER (WHERE ${isMerged}), ${noIds})`;
}

/** A change of a formula's value alone is not a repair: it does not change the record's stamp. */
const repaired = (id: string): string => `
  INSERT INTO _lockstep.repair (stream_no, id, kind, found_at)
  SELECT $2, _id, _kind, to_timestamp($7::bigint)
    FROM (SELECT j.${id} AS _id,
                 CASE WHEN j._gone AND d.reason = 'deleted log' THEN 'deleted'
                      WHEN j._gone AND d.reason IN ('absent', 'accepted')
                      THEN CASE WHEN j._stamp IS NULL THEN 'no longer visible' ELSE 'deleted' END
                      WHEN j._gone OR j._stamp >= to_timestamp($6::bigint) THEN NULL
                      WHEN NOT j._stands THEN 'missing'
                      WHEN j._stored < j._stamp THEN 'stale'
                      WHEN NOT j._formulas_apart_same THEN 'edited'
                 END AS _kind
            FROM judged j
            LEFT JOIN _lockstep.dirty d ON d.stream_no = $2 AND d.id = j.${id}
           WHERE j._verdict = 'store' AND NOT j._same) m
   WHERE _kind IS NOT NULL
`;
