import type { CursorRow, Destination, Mirror, ProblemRow } from '../../postgres/index.ts';
import { startPositions } from '../cursors/index.ts';
import { describedAt } from '../plan/describes.ts';
import { fullPageSize } from '../plan/page-size.ts';
import type { ActivityProblem, Problems } from './problems.ts';
import { type Cursors, type StreamState, type SyncState, withFigures } from './sync-state.ts';

/**
 * Loads the state from the destination's checkpoints and cursors.
 *
 * @param known  what the destination does not have: Salesforce's time, from an answer to this process, and the pace
 * @param now  by the local clock
 */
export async function loadState(
  mirror: Mirror,
  tables: Destination['tables'],
  known: Pick<SyncState, 'serverNow' | 'budget' | 'quota' | 'pageRows'>,
  now: number,
): Promise<SyncState> {
  const { checkpoints, cursors, figures, problems, bulkPages } = await mirror.readProgress();
  const streams = checkpoints.flatMap((checkpoint): StreamState[] => {
    const table = tables.get(checkpoint.sobject.toLowerCase());
    if (!table || checkpoint.state === 'queued') return [];
    const own = cursors.filter(({ stream_no }) => stream_no === checkpoint.stream_no);
    return [
      {
        table,
        cursors: cursorsOf(checkpoint.backfilled, own, startPositions(table.stream, known.serverNow)),
        rows: checkpoint.rows,
        rowsExpected: checkpoint.rows_expected,
        bulkPages: bulkPages.filter(({ stream_no }) => stream_no === checkpoint.stream_no),
        marked: null,
        polledAt: 0,
        isPriority: false,
        pollSince: null,
        pollSinceBegunAt: null,
        pollSinceReadAt: 0,
        slow: null,
        problems: problemsOf(problems.filter(({ stream_no }) => stream_no === checkpoint.stream_no)),
        stopped: null,
        isTableChanged: false,
        describe: describedAt(now),
        isTooWide: false,
        newParents: 1,
        pageSizes: { full: fullPageSize(known.pageRows), part: fullPageSize(known.pageRows) },
      },
    ];
  });
  return withFigures({ ...known, streams, sharedInARow: 1, syncProblem: null }, figures);
}

/** What an earlier run has left: it is tried again at once. */
const problemsOf = (rows: readonly ProblemRow[]): Problems =>
  Object.fromEntries(
    rows.map(({ kind, code, explanation, next, tries }): [string, ActivityProblem] => [
      kind,
      { code, explanation, next, tries, failedAt: 0, retryAt: 0 },
    ]),
  );

/** The cursors as the destination has them; those that have not moved yet are at their start. */
function cursorsOf(
  isBackfilled: boolean,
  rows: readonly CursorRow[],
  starts: Record<string, object | null>,
): Cursors {
  const entries = Object.entries(starts).map(([kind, start]) => {
    const row = rows.find((cursor) => cursor.kind === kind);
    if (kind === 'backfill' && isBackfilled) return [kind, null];
    if (row) return [kind, { position: row.position, version: row.version }];
    return [kind, start && { position: start, version: 0 }];
  });
  return Object.fromEntries(entries) as Cursors;
}
