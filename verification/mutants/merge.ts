/**
 * Wrong forms of the merge statement, one for each of its conditions. Each must fail a test, or say why it is
 * equivalent.
 */
export interface Mutant {
  name: string;
  /** Path from the root. */
  file: string;
  /** The text to replace, which must be in the file exactly once. */
  find: string;
  put: string;
  /** Why no test can tell it from the real statement. */
  equivalent?: string;
}

const folder = 'packages/lockstep/src/postgres/';
const inFile =
  (name: string) =>
  (title: string, find: string, put: string, equivalent?: string): Mutant => ({
    name: title,
    file: `${folder}${name}.ts`,
    find,
    put,
    ...(equivalent !== undefined && { equivalent }),
  });
const merge = inFile('merge-statement');
const parts = inFile('merge-parts');
const patch = inFile('patch-statement');

/** The tests of the statement. */
export const mergeTests = [
  'apply',
  'apply-histories',
  'apply-patches',
  'apply-repairs',
  'apply-races',
  'apply-values',
  'set-aside',
  'missing-rows',
  'destination',
].map((name) => `${folder}${name}.pg.test.ts`);

// biome-ignore format: a table
export const mergeMutants: readonly Mutant[] = [
  // A page as rows
  merge('the oldest stamp of an Id counts', 'ORDER BY _stamp DESC', 'ORDER BY _stamp'),
  merge('equal stamps of an Id are no tie', "'coalesce(lead(_stamp) OVER within_id = _stamp, false)'", "'false'"),
  merge('two records of an Id without stamps are no tie', '`lead(${id}) OVER within_id IS NOT NULL`', "'false'"),
  merge('a deleted record counts as living', '`"IsDeleted" = \'true\'`', "'false'"),
  merge('an absent Id counts as living', '`NULL::${c.sqlType}`))}, true, NULL::timestamptz', '`NULL::${c.sqlType}`))}, false, NULL::timestamptz'),
  merge('absent Ids are left out', 'FROM unnest($5::text[]) AS absent) r\n  WINDOW', 'FROM unnest($5::text[]) AS absent WHERE false) r\n  WINDOW'),

  // The verdict
  merge('every record of an Id counts', "WHEN n._nth > 1 THEN 'stale'", "WHEN false THEN 'stale'"),
  merge('a tie is stored', "WHEN n._tied THEN 'dirty'", "WHEN n._tied THEN 'store'"),
  merge('a tie is ignored', "WHEN n._tied THEN 'dirty'", "WHEN false THEN 'dirty'"),
  merge('nothing is stored without a fence', "f.id IS NULL OR $3 >= f.hi THEN 'store'", "$3 >= f.hi THEN 'store'"),
  merge('a later reading does not pass a fence', "f.id IS NULL OR $3 >= f.hi THEN 'store'", "f.id IS NULL THEN 'store'"),
  merge('a reading that begins where the fence ends is not later', '$3 >= f.hi', '$3 > f.hi'),
  merge('a reading that began after the fence did passes it', '$3 >= f.hi', '$3 >= f.lo'),
  merge('an older reading is not recognized', 'WHEN $4 <= f.lo THEN', 'WHEN false THEN'),
  merge('a reading that ended where the fence began is not older', 'WHEN $4 <= f.lo THEN', 'WHEN $4 < f.lo THEN'),
  merge('a reading that ended before the fence did is older', 'WHEN $4 <= f.lo THEN', 'WHEN $4 <= f.hi THEN'),
  merge('a reading older than a patch is dropped', "CASE WHEN f.partial THEN 'dirty' ELSE 'stale' END", "'stale'"),
  merge('a reading older than a full one is read again', "CASE WHEN f.partial THEN 'dirty' ELSE 'stale' END", "'dirty'"),
  merge('a much newer stamp proves nothing', "WHEN n._stamp > f.stamp + ${slack} THEN 'store'", "WHEN false THEN 'store'"),
  merge('any newer stamp proves it', 'n._stamp > f.stamp + ${slack}', 'n._stamp > f.stamp'),
  merge('a stamp that is newer by the slack proves it', 'n._stamp > f.stamp + ${slack}', 'n._stamp >= f.stamp + ${slack}'),
  merge('equal rows are read again', "WHEN s._same AND NOT ${isAside(id)} THEN 'nothing'", "WHEN false THEN 'nothing'"),
  merge('the row of a record set aside counts', "s._same AND NOT ${isAside(id)}", 's._same'),
  merge('a much older stamp proves nothing', 'WHEN n._stamp < f.stamp - ${slack} THEN', 'WHEN false THEN'),
  merge('any older stamp proves it', 'n._stamp < f.stamp - ${slack}', 'n._stamp < f.stamp'),
  merge('a stamp that is older by the slack proves it', 'n._stamp < f.stamp - ${slack}', 'n._stamp <= f.stamp - ${slack}'),
  merge('an undecided record is stored', "ELSE 'dirty'\n         END AS _verdict", "ELSE 'store'\n         END AS _verdict"),
  merge('an undecided record is dropped', "ELSE 'dirty'\n         END AS _verdict", "ELSE 'stale'\n         END AS _verdict"),
  merge('a fence of another stream counts', 'ON f.stream_no = $2 AND f.id = n.${id}', 'ON f.id = n.${id}'),
  merge('a deletion never equals the mirror', 'WHEN n._gone THEN t.${id} IS NULL', 'WHEN n._gone THEN false'),
  merge('a missing row equals its record', 'ELSE t.${id} IS NOT NULL AND ${same(columns)}', 'ELSE t.${id} IS NULL OR ${same(columns)}'),

  // What is written
  merge('a deleted record is written', "WHERE _verdict = 'store' AND NOT _gone AND NOT _same", "WHERE _verdict = 'store' AND NOT _same"),
  merge('an undecided record is written', "WHERE _verdict = 'store' AND NOT _gone AND NOT _same", "WHERE _verdict IN ('store', 'dirty') AND NOT _gone AND NOT _same"),
  merge('equal rows are written', "WHERE _verdict = 'store' AND NOT _gone AND NOT _same", "WHERE _verdict = 'store' AND NOT _gone"),
  merge('every deleted record loses its row', "AND j._verdict = 'store' AND j._gone", 'AND j._gone'),
  merge('every stored record loses its row', "AND j._verdict = 'store' AND j._gone", "AND j._verdict = 'store'"),
  merge('a stored record stays set aside', "q.id = ANY (ARRAY(SELECT ${id} FROM judged WHERE _verdict IN ('store', 'nothing')))", 'false'),
  merge('a dropped record is no longer set aside', "q.id = ANY (ARRAY(SELECT ${id} FROM judged WHERE _verdict IN ('store', 'nothing')))", 'q.id = ANY (ARRAY(SELECT ${id} FROM judged))'),
  merge('records of every stream are no longer set aside', 'AND q.stream_no = $2', 'AND true'),

  // Fences and marks
  parts('a fence is left even without another open reading', "WHERE _verdict = 'store' AND ${isAnotherOpen}", "WHERE _verdict = 'store'"),
  parts('no fence is left', "WHERE _verdict = 'store' AND ${isAnotherOpen}", 'WHERE false'),
  parts('a dropped record leaves a fence', "WHERE _verdict = 'store' AND ${isAnotherOpen}", 'WHERE ${isAnotherOpen}'),
  parts('a reading of another stream asks for a fence', 'o.streams @> ARRAY[$2] AND', ''),
  parts('a reading that began later asks for a fence', 'AND o.lo < $4 AND', 'AND'),
  parts('the reading itself asks for a fence', 'AND o.lo <> $3', ''),
  parts('a fence keeps its old bounds', 'SET lo = EXCLUDED.lo, hi = EXCLUDED.hi, stamp', 'SET lo = fence.lo, hi = fence.hi, stamp'),
  parts('a fence keeps its old stamp', 'stamp = EXCLUDED.stamp, deleted', 'stamp = fence.stamp, deleted'),
  parts('a fence stays partial', 'partial = EXCLUDED.partial', 'partial = fence.partial'),
  parts('a mark that is newer than the reading is cleared', 'AND d.since_ticket < $3${marks}', '${marks}'),
  parts('a mark made when the reading began is cleared', 'd.since_ticket < $3', 'd.since_ticket <= $3'),
  parts('marks of every stream are cleared', 'AND d.stream_no = $2 AND', 'AND'),
  parts('an equal record keeps its mark', "_verdict IN ('store', 'nothing')${records}", "_verdict = 'store'${records}"),
  parts('a dropped record loses its mark', "WHERE _verdict IN ('store', 'nothing')${records}", 'WHERE true${records}'),
  parts('nothing is marked', "FROM judged WHERE _verdict = 'dirty'", 'FROM judged WHERE false'),
  parts('a mark begins with its reading', 'SELECT $2, ${id}, $4, $4, false', 'SELECT $2, ${id}, $3, $4, false'),
  parts('an existing mark keeps its ticket', 'greatest(dirty.since_ticket, EXCLUDED.since_ticket)', 'dirty.since_ticket'),
  parts('an existing mark forgets its oldest stamp', 'least(dirty.stamped_at, EXCLUDED.stamped_at)', 'EXCLUDED.stamped_at'),
  parts('a mark keeps its reason', "CASE WHEN EXCLUDED.reason = '${stronger}' THEN '${stronger}' ELSE dirty.reason END", 'dirty.reason'),
  merge('an absent record is marked as overlap', "CASE WHEN _gone THEN 'absent' ELSE 'overlap' END", "'overlap'"),
  merge('a mark holds nothing back', 'stampedAt: `coalesce(_stamp - ${slack}, ${settled})`', "stampedAt: 'NULL::timestamptz'"),
  merge('a mark without a stamp holds nothing back', 'coalesce(_stamp - ${slack}, ${settled})', '_stamp - ${slack}'),
  merge('tries are not counted', "isCheck ? ',\\n         tries = dirty.tries + 1' : ''", "''"),

  // What is counted
  merge('a removed row counts as inserted', 'AND NOT _gone AND NOT _stands)::integer AS inserted', 'AND NOT _stands)::integer AS inserted'),
  merge('a changed row counts as inserted', 'AND NOT _gone AND NOT _stands)', 'AND NOT _gone)'),
  merge('a row that did not exist counts as removed', 'AND _gone AND _stands)::integer AS removed', 'AND _gone)::integer AS removed'),
  merge('a deleted record counts as merged', 'AND ${quoted(winner.column)} IS NOT NULL', ''),
  merge('a merged record without a row is reported', '_gone AND _stands AND ${quoted(winner.column)}', '_gone AND ${quoted(winner.column)}'),
  parts('equal rows count as written', "_verdict = 'store' AND NOT _same)::integer AS written", "_verdict = 'store')::integer AS written"),
  parts('stored equal records do not count as unchanged', "_verdict = 'nothing' OR _verdict = 'store' AND _same", "_verdict = 'nothing'"),

  // Repairs
  merge('a logged deletion is no repair', "CASE WHEN j._gone AND d.reason = 'deleted log' THEN 'deleted'", "CASE WHEN false THEN 'deleted'"),
  merge('a row no longer visible counts as deleted', "CASE WHEN j._stamp IS NULL THEN 'no longer visible' ELSE 'deleted' END", "'deleted'"),
  merge('a removal that somebody decided on is no repair', "d.reason IN ('absent', 'accepted')", "d.reason IN ('absent')"),
  merge('any deletion is a repair', 'WHEN j._gone OR j._stamp >=', 'WHEN j._stamp >='),
  merge('a change still on its way is a repair', 'WHEN j._gone OR j._stamp >= to_timestamp($6::bigint) THEN NULL', 'WHEN j._gone THEN NULL'),
  merge('a missing row counts as stale', "WHEN NOT j._stands THEN 'missing'", "WHEN false THEN 'missing'"),
  merge('a stale row counts as edited', "WHEN j._stored < j._stamp THEN 'stale'", "WHEN false THEN 'stale'"),
  merge('a row with an equal stamp counts as stale', 'j._stored < j._stamp', 'j._stored <= j._stamp'),
  merge('an edited row is no repair', "WHEN NOT j._formulas_apart_same THEN 'edited'", "WHEN false THEN 'edited'"),
  merge('a formula makes a repair', 'columns.filter((c) => !c.formula)', 'columns'),

  // Patches
  patch('every patch of an Id counts', "WHEN n._nth > 1 THEN 'stale'", "WHEN false THEN 'stale'"),
  patch('a value that does not fit is patched in', "WHEN n._unfit THEN 'dirty'", "WHEN false THEN 'dirty'"),
  patch('an absent Id without a row is suspect', "WHEN n._absent AND t.${id} IS NULL THEN 'nothing'", "WHEN false THEN 'nothing'"),
  patch('a patch older than a full reading is read again', "WHEN $3 < f.hi AND $4 <= f.lo AND NOT f.partial THEN 'stale'", "WHEN false THEN 'stale'"),
  patch('a patch older than a patch is dropped', '$4 <= f.lo AND NOT f.partial', '$4 <= f.lo'),
  patch('a patch that overlaps is dropped', '$3 < f.hi AND $4 <= f.lo AND NOT', '$3 < f.hi AND NOT'),
  patch('a patch that overlaps is stored', "WHEN $3 < f.hi THEN CASE WHEN s._same THEN 'nothing' ELSE 'dirty' END", "WHEN $3 < f.hi THEN 'store'"),
  patch('an equal patch that overlaps is read again', "CASE WHEN s._same THEN 'nothing' ELSE 'dirty' END", "'dirty'"),
  patch('an absent Id is patched', 'WHEN n._absent OR t.${id} IS NULL OR', 'WHEN t.${id} IS NULL OR'),
  patch('a missing row is patched', 'WHEN n._absent OR t.${id} IS NULL OR', 'WHEN n._absent OR'),
  patch('a row of another stamp is patched', "OR ${stampOf('t')} IS DISTINCT FROM ${stampOf('n')} THEN 'dirty'", "THEN 'dirty'"),
  patch('a patch of an unsettled second is stored', "${stampOf('n')} < to_timestamp($6::bigint)", 'true'),
  patch('no patch is settled', "${stampOf('n')} < to_timestamp($6::bigint)", 'false'),
  patch('the second at which settled time ends is settled', "${stampOf('n')} < to_timestamp($6::bigint)", "${stampOf('n')} <= to_timestamp($6::bigint)"),
  patch('an equal patch of an unsettled second is read again', "WHEN s._same OR ${stampOf('n')} IS NULL OR", "WHEN ${stampOf('n')} IS NULL OR"),
  patch('a patch without a stamp is read again', "${stampOf('n')} IS NULL OR ${stampOf('n')} <", "${stampOf('n')} <"),
  patch('a patch leaves a full fence', "partial: 'true'", "partial: 'false'"),
  patch('a patch clears every mark', "marks: \" AND d.reason IN ('absent', 'kept')\"", "marks: ''"),
  patch('an absent Id clears its mark', "records: ' AND NOT _absent'", "records: ''"),
  patch('an absent Id is marked as differing', "CASE WHEN _absent THEN 'absent' ELSE 'differs' END", "'differs'"),
  patch('a dropped patch is written', "j._verdict = 'store' AND NOT j._same", 'NOT j._same'),
];
