import type { Clock } from '@lockstep/foundation/clock';
import type { SyncId } from '../core/ids.ts';

/** The control database is asked no more often than this, however many made-up ids are asked for. */
const readEveryMs = 1_000;

export interface KnownSyncs {
  /**
   * Resolves at once for an id seen before. For any other, all ids are read again first, in one query for everybody
   * who asks within a second. Throws if they cannot be read.
   */
  has(id: SyncId): Promise<boolean>;
}

/** Which sync ids exist, in memory. An erased sync may count as existing until it is opened. */
export function openKnownSyncs(clock: Clock, readIds: () => Promise<readonly SyncId[]>): KnownSyncs {
  let ids: ReadonlySet<SyncId> = new Set();
  let beganAt = Number.NEGATIVE_INFINITY;
  /** The next reading, until it begins: one that is under way may miss a sync that was made meanwhile. */
  let next: Promise<void> | null = null;

  const read = async () => {
    const waitMs = beganAt + readEveryMs - clock.now();
    await (waitMs > 0 ? clock.sleep(waitMs) : undefined);
    beganAt = clock.now();
    next = null;
    ids = new Set(await readIds());
  };
  return {
    async has(id) {
      if (ids.has(id)) return true;
      await (next ??= read());
      return ids.has(id);
    },
  };
}
