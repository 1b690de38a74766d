/**
 * What changes about a sync, for those who watch it: a snapshot first, then each change within a second. However many
 * watch, the databases are read once; and not at all while nobody does.
 */
import type { Clock } from '@lockstep/foundation/clock';
import { type Control, readSync } from '../control/index.ts';
import type { SyncId } from '../core/ids.ts';
import { objectView } from '../operations/object-view.ts';
import { readSyncStatus } from '../operations/sync-status.ts';
import { syncView } from '../operations/sync-view.ts';
import { problemOf } from './problems.ts';
import { placesOf } from './sync-routes.ts';

export interface LiveEvent {
  /** `sync` and `object`: as the routes show them; `problem`: why nothing can be read; `deleted`: the last event. */
  type: 'sync' | 'object' | 'problem' | 'deleted';
  data: object;
}

type OnEvent = (event: LiveEvent) => void;

export interface LiveFeed {
  /** Returns what ends it. */
  watch(id: SyncId, onEvent: OnEvent): () => void;
}

const readEveryMs = 1_000;

interface Watched {
  watchers: Set<OnEvent>;
  /** The newest event of each thing, by its name: what is shown first to whoever comes later. */
  last: Map<string, LiveEvent>;
  ended: AbortController;
}

export function openLiveFeed(
  deps: { control: Control; clock: Clock; proxyUrl: () => string | undefined },
  stop: AbortSignal,
): LiveFeed {
  const { control, clock } = deps;
  const watched = new Map<SyncId, Watched>();

  async function look(id: SyncId, { watchers, last }: Watched): Promise<void> {
    const tell = (name: string, event: LiveEvent) => {
      if (JSON.stringify(last.get(name)) === JSON.stringify(event)) return;
      last.set(name, event);
      for (const onEvent of watchers) onEvent(event);
    };
    try {
      const sync = await readSync(control, id);
      const seen = sync && (await readSyncStatus(control, sync));
      last.delete('problem');
      if (!seen) return tell('deleted', { type: 'deleted', data: { id } });
      tell('sync', { type: 'sync', data: syncView(seen, placesOf(deps, seen.sync)) });
      for (const object of seen.objects)
        tell(`object ${object.sobject}`, { type: 'object', data: objectView(object, seen.findings) });
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
    const one: Watched = { watchers: new Set(), last: new Map(), ended: new AbortController() };
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
