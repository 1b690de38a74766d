import type { BackgroundRun } from './run.ts';
import type { SyncState } from './sync-state.ts';

/**
 * Selects the fields of an object in one query more if Salesforce has refused to select them in as many as before.
 * The destination keeps the number, so that read-backs and later runs begin with it.
 */
export async function splitQueries(run: BackgroundRun, state: SyncState): Promise<SyncState> {
  if (!state.streams.some(({ isTooWide }) => isTooWide)) return state;
  for (const { table, isTooWide } of state.streams) {
    if (!isTooWide) continue;
    const parts = table.stream.queryParts + 1;
    await run.mirror.splitQueries(table, parts);
    run.log.warn('fields are selected in several queries', { stream: table.stream.sobject, rows: parts });
  }
  return run.reload({ ...state, streams: state.streams.map((one) => ({ ...one, isTooWide: false })) });
}
