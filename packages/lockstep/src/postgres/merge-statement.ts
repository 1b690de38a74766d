import { unreachable } from '@lockstep/foundation/assert';
import type { RecordId } from '../core/ids.ts';
import { stampSlackSeconds } from '../core/merge-rule.ts';
import { type ColumnPlan, partialColumns, type SqlType } from './plan-table.ts';
import type { Stream } from './tables.ts';

/**
 * The one statement that writes mirror rows, as text made once per table: it expands a page's JSON, guards every
 * record by the merge rule (`core/merge-rule.ts` says it in words), writes what is newer, and answers how many
 * records had which outcome.
 *
 *   $1 records (JSON array)   $2 stream_no   $3 lo   $4 hi   $5 Ids that were asked for and are absent
 *
 * The parts in order: `page` is the JSON as text columns, with the first column whose text does not fit its type;
 * `reading` is the page with its types, absent Ids added, numbered within an Id from the newest stamp on; `judged`
 * adds the verdict; the rest carries verdicts out. Of an Id that stands twice in a page the newest stamp counts;
 * where the stamps are equal too, nothing tells which is newer, and the record is read again. Names of ours begin
 * with an underscore, which no field's name does. Values are cast only where their text fits, so no error message of
 * the server ever quotes one.
 *
 * Measured on first fills (25 columns, pages of 2,000): the text goes through json, which takes two thirds of the
 * time that jsonb takes and keeps a number's digits as they came; marks and quarantine, which are nearly always
 * empty, are asked once whether they hold anything of the stream before any Id is looked up there.
 */
export interface MergeStatements {
  apply: string;
  /**
   * The same for a reading that checks: what it writes of records that were stamped before $6 (seconds) is recorded
   * as a repair, found at $7 (seconds).
   */
  check: string;
  /**
   * The same for records with the columns of `partialColumns` alone. The mirror holds every change that was stamped
   * before $6 (seconds).
   */
  patch: string;
  /** Those of $1, records, of which a value does not fit its column: the first such column, and the record as text. */
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
  /** Those of the removed that were merged into another record. */
  merged: RecordId[];
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const list = (columns: readonly ColumnPlan[], text: (column: ColumnPlan) => string, separator = ', ') =>
  columns.map(text).join(separator);

export function mergeStatements(stream: Stream, serverVersion: number): MergeStatements {
  const names = namesOf(stream);
  const page = pageOf(stream.columns, serverVersion);
  return {
    apply: applyStatement(stream, names, page, false),
    check: applyStatement(stream, names, page, true),
    patch: patchStatement(stream, names, serverVersion),
    misfits: misfitsStatement(stream, page),
  };
}

interface Names {
  table: string;
  id: string;
  /** The stamp that the merge rule compares; none where the object has no SystemModstamp. */
  stamp: string | null;
}

function namesOf({ schema, table, columns }: Stream): Names {
  const named = (field: string) => columns.find((column) => column.field === field)?.column;
  const stamp = named('SystemModstamp');
  return {
    table: `${quoted(schema)}.${quoted(table)}`,
    id: quoted(named('Id') ?? ''),
    stamp: stamp === undefined ? null : quoted(stamp),
  };
}

const slack = `interval '${stampSlackSeconds} seconds'`;
const verdictOfOlder = `CASE WHEN f.partial THEN 'dirty' ELSE 'stale' END`;
/** A reading leaves its fence where another one of the stream is under way that began before this one ended. */
const isAnotherOpen =
  'EXISTS (SELECT FROM _lockstep.observation o WHERE o.streams @> ARRAY[$2] AND o.lo < $4 AND o.lo <> $3)';
/** What is settled by now: a mark without a stamp holds later claims back. */
const settled = `(SELECT to_timestamp((position ->> 'at')::bigint) FROM _lockstep.cursor WHERE stream_no = $2 AND kind = 'recheck')`;
const tally = `
SELECT count(*)::integer AS judged,
       count(*) FILTER (WHERE _verdict = 'store' AND NOT _same)::integer AS written,
       count(*) FILTER (WHERE _verdict = 'nothing' OR _verdict = 'store' AND _same)::integer AS unchanged,
       count(*) FILTER (WHERE _verdict = 'stale')::integer AS stale,
       count(*) FILTER (WHERE _verdict = 'dirty')::integer AS dirty`;

function applyStatement(
  { columns, hasIsDeleted }: Stream,
  { table, id, stamp }: Names,
  page: string,
  isCheck: boolean,
): string {
  const same = (compared: readonly ColumnPlan[]) =>
    list(
      compared,
      (c) => `t.${quoted(c.column)} IS NOT DISTINCT FROM n.${quoted(c.column)}`,
      '\n                      AND ',
    );
  return `
WITH page AS (${page}),
reading AS (
  SELECT r.*,
         row_number() OVER within_id AS _nth,
         ${stamp ? 'coalesce(lead(_stamp) OVER within_id = _stamp, false)' : `lead(${id}) OVER within_id IS NOT NULL`} AS _tied
    FROM (SELECT ${list(columns, (c) => `${cast(c)} AS ${quoted(c.column)}`)},
                 ${hasIsDeleted ? `"IsDeleted" = 'true'` : 'false'} AS _gone,
                 ${stamp ? '"SystemModstamp"::timestamptz' : 'NULL::timestamptz'} AS _stamp
            FROM page
           WHERE _misfit IS NULL
          UNION ALL
          SELECT ${list(columns, (c) => (c.field === 'Id' ? 'absent' : `NULL::${c.sqlType}`))}, true, NULL::timestamptz
            FROM unnest($5::text[]) AS absent) r
  WINDOW within_id AS (PARTITION BY ${id} ORDER BY _stamp DESC)
),
judged AS MATERIALIZED (
  SELECT n.*,
         t.${id} IS NOT NULL AS _stands,
         s._same,${
           isCheck
             ? `
         ${stamp ? `t.${stamp}` : 'NULL::timestamptz'} AS _stored,
         ${same(columns.filter((c) => !c.formula))} AS _formulas_apart_same,`
             : ''
         }
         CASE WHEN n._nth > 1 THEN 'stale'
              WHEN n._tied THEN 'dirty'
              WHEN f.id IS NULL OR $3 >= f.hi THEN 'store'
              WHEN $4 <= f.lo THEN ${verdictOfOlder}
              WHEN n._stamp > f.stamp + ${slack} THEN 'store'
              WHEN s._same THEN 'nothing'
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
),
put AS (
  INSERT INTO ${table} (${list(columns, (c) => quoted(c.column))})
  SELECT ${list(columns, (c) => quoted(c.column))} FROM judged
   WHERE _verdict = 'store' AND NOT _gone AND NOT _same
  ON CONFLICT (${id}) DO UPDATE SET ${list(
    columns.filter((c) => c.field !== 'Id'),
    (c) => `${quoted(c.column)} = EXCLUDED.${quoted(c.column)}`,
  )}
),
removed AS (
  DELETE FROM ${table} t USING judged j
   WHERE t.${id} = j.${id} AND j._verdict = 'store' AND j._gone
),
fenced AS (
  INSERT INTO _lockstep.fence (stream_no, id, lo, hi, stamp, deleted)
  SELECT $2, ${id}, $3, $4, _stamp, _gone FROM judged
   WHERE _verdict = 'store' AND ${isAnotherOpen}
  ON CONFLICT (stream_no, id) DO UPDATE
     SET lo = EXCLUDED.lo, hi = EXCLUDED.hi, stamp = EXCLUDED.stamp, deleted = EXCLUDED.deleted, partial = false
),
unmarked AS (
  DELETE FROM _lockstep.dirty d
   WHERE EXISTS (SELECT FROM _lockstep.dirty WHERE stream_no = $2)
     AND d.stream_no = $2 AND d.since_ticket < $3
     AND d.id = ANY (ARRAY(SELECT ${id} FROM judged WHERE _verdict IN ('store', 'nothing')))
),
marked AS (
  INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
  SELECT $2, ${id}, $4, $4, false, CASE WHEN _gone THEN 'absent' ELSE 'overlap' END, coalesce(_stamp - ${slack}, ${settled})
    FROM judged WHERE _verdict = 'dirty'
  ON CONFLICT (stream_no, id) DO UPDATE
     SET since_ticket = greatest(dirty.since_ticket, EXCLUDED.since_ticket), stamped_at = least(dirty.stamped_at, EXCLUDED.stamped_at),
         reason = CASE WHEN EXCLUDED.reason = 'overlap' THEN 'overlap' ELSE dirty.reason END${
           isCheck ? ',\n         tries = dirty.tries + 1' : ''
         }
),
released AS (
  DELETE FROM _lockstep.quarantine q
   WHERE EXISTS (SELECT FROM _lockstep.quarantine WHERE stream_no = $2)
     AND q.stream_no = $2
     AND q.id = ANY (ARRAY(SELECT ${id} FROM judged WHERE _verdict IN ('store', 'nothing')))
)${isCheck ? repaired(id) : ''}
${tally},
       count(*) FILTER (WHERE _verdict = 'store' AND NOT _gone AND NOT _stands)::integer AS inserted,
       count(*) FILTER (WHERE _verdict = 'store' AND _gone AND _stands)::integer AS removed,
       ${mergedIds(columns, id)} AS merged
  FROM judged`;
}

function mergedIds(columns: readonly ColumnPlan[], id: string): string {
  const winner = columns.find(({ field }) => field === 'MasterRecordId');
  if (!winner) return noIds;
  const isMerged = `_verdict = 'store' AND _gone AND _stands AND ${quoted(winner.column)} IS NOT NULL`;
  return `coalesce(array_agg(${id}) FILTER (WHERE ${isMerged}), ${noIds})`;
}

const noIds = "'{}'::text[]";

/** A formula's value moves no stamp; that it had to be read again is no repair. */
const repaired = (id: string) => `,
repaired AS (
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
)`;

/** \`core/merge-rule.ts\` says the rule in words: \`decidePartial\`. A value that does not fit is read in full, which puts it aside. */
function patchStatement(stream: Stream, { table, id, stamp }: Names, serverVersion: number): string {
  const columns = partialColumns(stream);
  const formulas = columns.filter(({ formula }) => formula);
  const taken = (c: ColumnPlan) =>
    c.field === 'Id'
      ? `"Id" AS ${quoted(c.column)}`
      : `CASE WHEN _misfit IS NULL THEN ${cast(c)} END AS ${quoted(c.column)}`;
  const same = columns.map((c) => `t.${quoted(c.column)} IS NOT DISTINCT FROM n.${quoted(c.column)}`);
  const stampOf = (row: 'n' | 't') => (stamp ? `${row}.${stamp}` : 'NULL::timestamptz');
  return `
WITH page AS (${pageOf(columns, serverVersion)}),
reading AS (
  SELECT r.*, row_number() OVER (PARTITION BY ${id}) AS _nth
    FROM (SELECT ${list(columns, taken)}, _misfit IS NOT NULL AS _unfit, false AS _absent
            FROM page
           WHERE length("Id") = 18
          UNION ALL
          SELECT ${list(columns, (c) => (c.field === 'Id' ? 'absent' : `NULL::${c.sqlType}`))}, false, true
            FROM unnest($5::text[]) AS absent) r
),
judged AS MATERIALIZED (
  SELECT n.*,
         s._same,
         CASE WHEN n._nth > 1 THEN 'stale'
              WHEN n._unfit THEN 'dirty'
              WHEN n._absent AND t.${id} IS NULL THEN 'nothing'
              WHEN $3 < f.hi AND $4 <= f.lo AND NOT f.partial THEN 'stale'
              WHEN $3 < f.hi THEN CASE WHEN s._same THEN 'nothing' ELSE 'dirty' END
              WHEN n._absent OR t.${id} IS NULL OR ${stampOf('t')} IS DISTINCT FROM ${stampOf('n')} THEN 'dirty'
              WHEN s._same OR ${stampOf('n')} IS NULL OR ${stampOf('n')} < to_timestamp($6::bigint) THEN 'store'
              ELSE 'dirty'
         END AS _verdict
    FROM reading n
    LEFT JOIN _lockstep.fence f ON f.stream_no = $2 AND f.id = n.${id}
    LEFT JOIN ${table} t ON t.${id} = n.${id}
   CROSS JOIN LATERAL (SELECT NOT n._absent AND t.${id} IS NOT NULL AND ${same.join(' AND ')} AS _same) s
),${
    formulas.length > 0
      ? `
put AS (
  UPDATE ${table} t SET ${list(formulas, (c) => `${quoted(c.column)} = j.${quoted(c.column)}`)}
    FROM judged j
   WHERE t.${id} = j.${id} AND j._verdict = 'store' AND NOT j._same
),`
      : ''
  }
fenced AS (
  INSERT INTO _lockstep.fence (stream_no, id, lo, hi, stamp, deleted, partial)
  SELECT $2, ${id}, $3, $4, ${stamp ?? 'NULL'}, false, true FROM judged
   WHERE _verdict = 'store' AND ${isAnotherOpen}
  ON CONFLICT (stream_no, id) DO UPDATE
     SET lo = EXCLUDED.lo, hi = EXCLUDED.hi, stamp = EXCLUDED.stamp, deleted = EXCLUDED.deleted, partial = true
),
unmarked AS (
  DELETE FROM _lockstep.dirty d
   WHERE EXISTS (SELECT FROM _lockstep.dirty WHERE stream_no = $2)
     AND d.stream_no = $2 AND d.since_ticket < $3 AND d.reason IN ('absent', 'kept')
     AND d.id = ANY (ARRAY(SELECT ${id} FROM judged WHERE _verdict IN ('store', 'nothing') AND NOT _absent))
),
marked AS (
  INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
  SELECT $2, ${id}, $4, $4, false, CASE WHEN _absent THEN 'absent' ELSE 'differs' END, ${settled}
    FROM judged WHERE _verdict = 'dirty'
  ON CONFLICT (stream_no, id) DO UPDATE
     SET since_ticket = greatest(dirty.since_ticket, EXCLUDED.since_ticket), stamped_at = least(dirty.stamped_at, EXCLUDED.stamped_at),
         reason = CASE WHEN EXCLUDED.reason = 'differs' THEN 'differs' ELSE dirty.reason END
)
${tally},
       0 AS inserted,
       0 AS removed,
       ${noIds} AS merged
  FROM judged`;
}

const misfitsStatement = (stream: Stream, page: string): string => `
SELECT "Id" AS id, ${deletedText(stream)} = 'true' AS deleted, _misfit AS column, ${stampText(stream)} AS stamp,
       (to_jsonb(page) - '_misfit')::text AS text
  FROM (${page}) AS page
 WHERE _misfit IS NOT NULL`;

const deletedText = (stream: Stream) => (stream.hasIsDeleted ? 'page."IsDeleted"' : 'NULL');
const stampText = ({ columns }: Stream) =>
  columns.some(({ field }) => field === 'SystemModstamp') ? 'page."SystemModstamp"' : 'NULL';

/** The JSON as text columns, and the name of the first column whose text does not fit its type. */
function pageOf(columns: readonly ColumnPlan[], serverVersion: number): string {
  const fits = serverVersion >= 160_000 ? fitsByServer : fitsByPattern;
  const misfits = columns
    .filter((c) => c.sqlType !== 'text' && c.sqlType !== 'jsonb')
    .map((c) => `WHEN (${fits(c)}) IS FALSE THEN '${c.column.replaceAll("'", "''")}'`);
  return `
  SELECT p.*, CASE WHEN "Id" IS NULL OR length("Id") <> 18 THEN 'id' ${misfits.join('\n              ')} END AS _misfit
    FROM json_to_recordset($1::json)
      AS p(${list(columns, (c) => `${quoted(c.field)} ${recordType(c)}`)})`;
}

/** An Id is compared by byte, as its column is; JSON inside JSON is the only value that is not taken as text. */
const recordType = ({ field, sqlType }: ColumnPlan) => {
  if (field === 'Id') return 'text COLLATE "C"';
  return sqlType === 'jsonb' ? 'jsonb' : 'text';
};

/** Whole numbers may come as `1.0`, which is exact. */
function cast({ field, sqlType }: ColumnPlan): string {
  const value = quoted(field);
  if (sqlType === 'integer' || sqlType === 'bigint') return `${value}::numeric::${sqlType}`;
  return sqlType === 'text' || sqlType === 'jsonb' ? value : `${value}::${sqlType}`;
}

/**
 * What PostgreSQL takes for a value of a type is more than what Salesforce writes: a date takes a datetime and drops its
 * time, a boolean `yes`, a number `NaN`. Such a value is of a field that has another type by now, and would be changed
 * without a word.
 */
function fitsByServer({ field, sqlType }: ColumnPlan): string {
  const value = quoted(field);
  const isValid = `pg_input_is_valid(${value}, '${sqlType}')`;
  const isNumeral = `ascii(${value}) BETWEEN 45 AND 57 AND ascii(right(${value}, 1)) BETWEEN 48 AND 57`;
  switch (sqlType) {
    case 'integer':
    case 'bigint':
      return `${isNumeral} AND (${isValid}
              OR pg_input_is_valid(regexp_replace(${value}, '\\.0+$', ''), '${sqlType}'))`;
    case 'numeric':
      return `${isNumeral} AND ${isValid}`;
    case 'boolean':
      return `${value} IN ('true', 'false')`;
    case 'date':
      return `${value} LIKE '____-__-__' AND ${isValid}`;
    case 'timestamptz':
      return `${value} LIKE '____-__-__T%' AND ${isValid}`;
    case 'time':
    case 'text':
    case 'jsonb':
      return isValid;
    default:
      return unreachable(sqlType);
  }
}

/**
 * PostgreSQL before 16 has no way to ask; these patterns are what Salesforce writes. What passes them and still does
 * not fit (a 30th of February, a tenth digit too many) fails the statement, and the page is halved.
 */
const patterns: Record<Exclude<SqlType, 'text' | 'jsonb'>, string> = {
  boolean: '^(true|false)$',
  integer: '^-?\\d{1,10}(\\.0+)?$',
  bigint: '^-?\\d{1,19}(\\.0+)?$',
  numeric: '^-?\\d+(\\.\\d+)?([eE][+-]?\\d{1,3})?$',
  date: '^\\d{4}-\\d\\d-\\d\\d$',
  timestamptz: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:?\\d\\d)$',
  time: '^\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z?$',
};

function fitsByPattern({ field, sqlType }: ColumnPlan): string {
  return `${quoted(field)} ~ '${patterns[sqlType as keyof typeof patterns]}'`;
}
