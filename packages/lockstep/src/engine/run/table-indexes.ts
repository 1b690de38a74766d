/**
 * Looks after the indexes and foreign keys of the mirror's tables: made when a table's backfill is complete, because a
 * page of a backfill is faster without them, and made again within an hour if somebody drops them.
 */
import type { Stream } from '../../postgres/index.ts';
import type { BackgroundWork, Effect } from './background-work.ts';
import type { Run } from './run.ts';
import type { StreamState, SyncState } from './sync-state.ts';

const lookEveryMs = 3_600_000;
/** After a failure, such as a lock that a reader holds. */
const retryMs = 10_000;

const nothing: Effect = async (state) => state;

/** Returns what is called between two requests. */
export function openTableIndexes(run: Run, background: BackgroundWork): (state: SyncState) => void {
  const { clock, mirror, open } = run;
  /** When each table is looked at again, by its number and plan. */
  const lookAt = new Map<string, number>();
  let hadForeignKeys = open.settings.foreignKeys;

  async function look({ table }: StreamState, parents: ReadonlyMap<string, Stream>): Promise<Effect> {
    const mirrored = new Set(parents.keys());
    for (const column of await mirror.missingIndexes(table, mirrored))
      await mirror.restoreIndex(table, column);
    await mirror.alignForeignKeys(table, hadForeignKeys ? parents : new Map());
    return nothing;
  }

  return (state) => {
    const { foreignKeys } = open.settings;
    if (foreignKeys !== hadForeignKeys) lookAt.clear();
    hadForeignKeys = foreignKeys;
    const stream = state.streams.find((one) => isReady(one) && (lookAt.get(keyOf(one)) ?? 0) <= clock.now());
    if (!stream || background.isUnderWay('indexes')) return;
    const parents = new Map(state.streams.map(({ table }) => [table.stream.sobject, table.stream]));
    lookAt.set(keyOf(stream), clock.now() + lookEveryMs);
    background.begin(
      'indexes',
      () => look(stream, parents),
      () => {
        lookAt.set(keyOf(stream), clock.now() + retryMs);
        return nothing;
      },
    );
  };
}

const keyOf = ({ table: { stream } }: StreamState) => `${stream.streamNo}@${stream.planVersion}`;

const isReady = ({ cursors, isTableChanged }: StreamState) => !cursors.backfill && !isTableChanged;
