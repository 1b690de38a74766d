import { randomBytes } from 'node:crypto';
import { Bell } from '@lockstep/foundation/bell';
import { systemClock } from '@lockstep/foundation/clock';
import {
  type Control,
  listenForChanges,
  readHealth,
  runLeases,
  type Sync,
  takeWishes,
} from 'lockstep/control';

type OpenWish = Awaited<ReturnType<typeof takeWishes>>[number];

/** A worker that holds syncs as the engine does and grants their wishes as the test says. */
export interface WishGranter extends AsyncDisposable {
  /** Every wish that it has seen, in their order. */
  seen: readonly OpenWish[];
}

/**
 * @param grant  called once for each wish; one that it does not end stays open
 */
export function startWishGranter(
  control: Control,
  grant: (wish: OpenWish, sync: Sync) => Promise<void>,
): WishGranter {
  const bell = new Bell();
  const seen: OpenWish[] = [];
  const stop = new AbortController();
  const onClaim = async (sync: Sync, signal: AbortSignal) => {
    while (!signal.aborted) {
      for (const wish of await takeWishes(control, sync.id)) {
        if (seen.some(({ id }) => id === wish.id)) continue;
        seen.push(wish);
        await grant(wish, sync);
      }
      await bell.wait(systemClock, 1_000, signal).catch(() => undefined);
    }
  };
  const workerId = `granter-${randomBytes(4).toString('hex')}`;
  const running = [
    runLeases(control, { workerId, onClaim }, stop.signal),
    listenForChanges(control, () => bell.ring(), stop.signal),
  ];
  return {
    seen,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

/** Resolves when a worker that is alive holds the sync. */
export async function untilHeld(control: Control, sync: Pick<Sync, 'id'>): Promise<void> {
  while (!(await readHealth(control)).get(sync.id)?.isHeld) await systemClock.sleep(10);
}
