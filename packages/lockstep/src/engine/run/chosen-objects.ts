/**
 * Objects that a person adds to a sync or removes from it while it runs. Both are work in the background, so the other
 * tables keep their pace.
 */
import { countRecords } from '../../salesforce/index.ts';
import { startPositions } from '../cursors/index.ts';
import { backgroundOf } from './background.ts';
import type { BackgroundWork, Effect } from './background-work.ts';
import type { BackgroundRun } from './run.ts';
import type { SyncState } from './sync-state.ts';

/** With the same settings, after a failure such as a request that Salesforce did not answer. */
const retryMs = 10_000;

const nothing: Effect = async (state) => state;

/** Returns what is called between two requests. */
export function openChosenObjects(
  run: BackgroundRun,
  background: BackgroundWork,
): (state: SyncState) => void {
  const { clock, mirror, open, log } = run;
  /** For these settings it was tried, and is not tried again before then. */
  let tried: { settings: typeof open.settings; until: number } | null = null;

  /** Their tables have been created. */
  async function begin(added: readonly string[], signal: AbortSignal): Promise<Effect> {
    const counts = await countRecords(run.salesforce, added, signal);
    return async (state) => {
      await run.reloadTables();
      for (const sobject of added) {
        const stream = run.tables.get(sobject.toLowerCase())?.stream;
        if (!stream) continue;
        const positions = startPositions(stream, state.serverNow);
        await mirror.beginStream(stream.streamNo, positions, counts.get(sobject) ?? null);
        log.info('object added', { stream: sobject });
      }
      return run.reload(state);
    };
  }

  /** Not while a request of its own is under way, whose answer would find no stream. */
  const leave = async (): Promise<Effect> => async (state) => {
    const { asking } = backgroundOf(background, state);
    for (const { sobject, table } of open.settings.leaving) {
      const stream = run.tables.get(sobject.toLowerCase())?.stream;
      if (stream && asking.has(stream.streamNo)) continue;
      const drops = table === 'drop table';
      if (stream && !(await mirror.leaveTable(stream, drops)) && drops)
        run.onActivity?.({
          kind: 'schema',
          event: 'table kept, because something else depends on it',
          sobject,
        });
      log.info('object removed', { stream: sobject });
      await run.onLeft(sobject);
    }
    await run.reloadTables();
    return run.reload(state);
  };

  return ({ streams }) => {
    const { settings } = open;
    if (background.isUnderWay('objects')) return;
    if (tried?.settings === settings && clock.now() < tried.until) return;
    const known = new Set(streams.map(({ table }) => table.stream.sobject));
    const added = settings.sobjects.filter((sobject) => !known.has(sobject));
    const isDone = added.length === 0 && settings.leaving.length === 0;
    tried = { settings, until: isDone ? Infinity : clock.now() + retryMs };
    if (isDone) return;
    const work = (signal: AbortSignal) => (settings.leaving.length > 0 ? leave() : begin(added, signal));
    background.begin('objects', work, () => nothing);
  };
}
