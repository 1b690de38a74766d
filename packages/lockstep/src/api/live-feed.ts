/**
 * What changes about a sync, for those who watch it: a snapshot first, then each change within a second. However many
 * watch, the databases are read once; and not at all while nobody does.
 */
import type { Clock } from '@lockstep/foundation/clock';
import { type Control, type RecordedActivity, readActivity, readSync } from '../control/index.ts';
import type { SyncId } from '../core/ids.ts';
import { activityView } from '../operations/activity-view.ts';
import type { BackfillRates } from '../operations/backfill-rates.ts';
import { readSyncStatus } from '../operations/sync-status.ts';
import { snapshotView } from '../operations/sync-view.ts';
import { problemOf } from './problems.ts';
import { placesOf } from './sync-routes.ts';

export interface LiveEvent {
  /**
   * `sync` and `object`: as the routes show them; `activity`: what has just happened; `problem`: why nothing can be
   * read; `deleted`: the last event.
   */
  type: 'sync' | 'object' | 'activity' | 'problem' | 'deleted';
  data: object;
}

type OnEvent = (event: LiveEvent) => void;

export interface LiveFeed {
  /** Returns what ends it. */
  watch(id: SyncId, onEvent: OnEvent): () => void;
}

const readEveryMs = 1_000;
/** More than happens in a second, because the same is told once a minute. */
const activitiesMax = 100;

interface Watched {
  watchers: Set<OnEvent>;
  /** The newest event of each thing, by its name: what is shown first to whoever comes later. */
  last: Map<string, LiveEvent>;
  /** The newest entries at the last look; null: there was none yet. */
  activities: readonly RecordedActivity[] | null;
  ended: AbortController;
}

export function openLiveFeed(
  deps: { control: Control; clock: Clock; proxyUrl: () => string | undefined; rates: BackfillRates },
  stop: AbortSignal,
): LiveFeed {
  const { control, clock, rates } = deps;
  const watched = new Map<SyncId, Watched>();

  async function look(id: SyncId, one: Watched): Promise<void> {
    const { watchers, last } = one;
    const send = (event: LiveEvent) => {
      for (const onEvent of watchers) onEvent(event);
    };
    const tell = (name: string, event: LiveEvent) => {
      if (asText(last.get(name)) === asText(event)) return;
      last.set(name, event);
      send(event);
    };
    try {
      const sync = await readSync(control, id);
      const seen = sync && (await readSyncStatus(control, sync, rates));
      last.delete('problem');
      if (!seen) return tell('deleted', { type: 'deleted', data: { id } });
      const { sync: view, objects } = snapshotView(seen, placesOf(deps, seen.sync));
      tell('sync', { type: 'sync', data: view });
      for (const object of objects) tell(`object ${object.sobject}`, { type: 'object', data: object });
      const activities = await readActivity(control, id, { limit: activitiesMax });
      for (const activity of newOf(activities, one.activities))
        send({ type: 'activity', data: activityView(activity) });
      one.activities = activities;
    } catch (error) {
      tell('problem', { type: 'problem', data: problemOf(error, '') });
    }
  }

  async function read(id: SyncId, one: Watched): Promise<void> {
    const over = AbortSignal.any([stop, one.ended.signal]);
    while (!over.aborted) {
      await look(id, one);
      await clock.sleep(readEveryMs, over).catch(() => undefined);
    }
  }

  function begin(id: SyncId): Watched {
    const one: Watched = {
      watchers: new Set(),
      last: new Map(),
      activities: null,
      ended: new AbortController(),
    };
    watched.set(id, one);
    void read(id, one);
    return one;
  }

  return {
    watch(id, onEvent) {
      const one = watched.get(id) ?? begin(id);
      for (const event of one.last.values()) onEvent(event);
      one.watchers.add(onEvent);
      return () => {
        one.watchers.delete(onEvent);
        if (one.watchers.size > 0) return;
        one.ended.abort();
        watched.delete(id);
      };
    },
  };
}

/** Without the age of what was read: it grows by itself, so only a new reading is told. */
const asText = (event: LiveEvent | undefined): string | undefined =>
  JSON.stringify(event, (name, value: unknown) => (name === 'behind_seconds' ? undefined : value));

/**
 * The oldest first. An entry may appear after one with a greater id, because two processes write at the same time: so
 * what is new is what was not there before.
 *
 * @param found  the newest first
 */
function newOf(
  found: readonly RecordedActivity[],
  before: readonly RecordedActivity[] | null,
): RecordedActivity[] {
  if (before === null) return [];
  const known = new Set(before.map(({ id }) => id));
  const oldest = before.length < activitiesMax ? -Infinity : Math.min(...known);
  return found.filter(({ id }) => id > oldest && !known.has(id)).toReversed();
}
