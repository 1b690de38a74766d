import {
  clearMarks,
  insertFences,
  insertMarks,
  isAside,
  type MergeNames,
  noIds,
  settled,
  statementOf,
  tally,
} from './merge-parts.ts';
import { cast, columnList, quoted } from './page-sql.ts';
import { type ColumnPlan, partialColumns } from './plan-table.ts';
import type { Stream } from './tables.ts';

/**
 * The merge statement for records with the columns of `partialColumns` only, which `page` selects. A record with a value that does not fit is
 * read in full, and that reading sets it aside.
 */
export function patchStatement(stream: Stream, names: MergeNames, page: string): string {
  const { id } = names;
  const columns = partialColumns(stream);
  const parts = {
    page,
    reading: reading(columns, id),
    judged: judged(columns, names),
    put: put(columns, names),
    fenced: insertFences(id, {
      stamp: names.stamp ?? 'NULL::timestamptz',
      deleted: 'false',
      partial: 'true',
    }),
    unmarked: clearMarks(id, { marks: " AND d.reason IN ('absent', 'kept')", records: ' AND NOT _absent' }),
    marked: insertMarks(id, {
      reason: "CASE WHEN _absent THEN 'absent' ELSE 'differs' END",
      stampedAt: settled,
      stronger: 'differs',
    }),
  };
  return statementOf(
    parts,
    `${tally},
       0 AS inserted,
       0 AS removed,
       ${noIds} AS merged
  FROM judged`,
  );
}

function reading(columns: readonly ColumnPlan[], id: string): string {
  const taken = (c: ColumnPlan) =>
    c.field === 'Id'
      ? `"Id" AS ${quoted(c.column)}`
      : `CASE WHEN _misfit IS NULL THEN ${cast(c)} END AS ${quoted(c.column)}`;
  return `
  SELECT r.*, row_number() OVER (PARTITION BY ${id}) AS _nth
    FROM (SELECT ${columnList(columns, taken)}, _misfit IS NOT NULL AS _unfit, false AS _absent
            FROM page
           WHERE length("Id") = 18
          UNION ALL
          SELECT ${columnList(columns, (c) => (c.field === 'Id' ? 'absent' : `NULL::${c.sqlType}`))}, false, true
            FROM unnest($5::text[]) AS absent) r
`;
}

/**
 * The same rule as `decidePartial` in `core/merge-rule.ts`. The row of a record that is set aside is another version,
 * perhaps of the same second.
 */
function judged(columns: readonly ColumnPlan[], { table, id, stamp }: MergeNames): string {
  const same = columns.map((c) => `t.${quoted(c.column)} IS NOT DISTINCT FROM n.${quoted(c.column)}`);
  const stampOf = (row: 'n' | 't') => (stamp ? `${row}.${stamp}` : 'NULL::timestamptz');
  return `
  SELECT n.*,
         s._same,
         CASE WHEN n._nth > 1 THEN 'stale'
              WHEN n._unfit THEN 'dirty'
              WHEN n._absent AND t.${id} IS NULL THEN 'nothing'
              WHEN $3 < f.hi AND $4 <= f.lo AND NOT f.partial THEN 'stale'
              WHEN $3 < f.hi THEN CASE WHEN s._same THEN 'nothing' ELSE 'dirty' END
              WHEN n._absent OR t.${id} IS NULL OR ${stampOf('t')} IS DISTINCT FROM ${stampOf('n')} THEN 'dirty'
              WHEN s._same THEN 'store'
              WHEN ${isAside(id)} THEN 'dirty'
              WHEN ${stampOf('n')} IS NULL OR ${stampOf('n')} < to_timestamp($6::bigint) THEN 'store'
              ELSE 'dirty'
         END AS _verdict
    FROM reading n
    LEFT JOIN _lockstep.fence f ON f.stream_no = $2 AND f.id = n.${id}
    LEFT JOIN ${table} t ON t.${id} = n.${id}
   CROSS JOIN LATERAL (SELECT NOT n._absent AND t.${id} IS NOT NULL AND ${same.join(' AND ')} AS _same) s
`;
}

/** Only formulas can differ if the stamps are equal. */
function put(columns: readonly ColumnPlan[], { table, id }: MergeNames): string | null {
  const formulas = columns.filter(({ formula }) => formula);
  if (formulas.length === 0) return null;
  return `
  UPDATE ${table} t SET ${columnList(formulas, (c) => `${quoted(c.column)} = j.${quoted(c.column)}`)}
    FROM judged j
   WHERE t.${id} = j.${id} AND j._verdict = 'store' AND NOT j._same
`;
}
