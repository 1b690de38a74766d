import { randomBytes } from 'node:crypto';
import { systemClock } from '@lockstep/foundation/clock';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import {
  type Control,
  listenForChanges,
  readHealth,
  runLeases,
  type Sync,
  takeSyncRequests,
} from 'lockstep/control';

type OpenSyncRequest = Awaited<ReturnType<typeof takeSyncRequests>>[number];

/** A worker that leases syncs as the engine does and serves their sync requests as the test says. */
export interface SyncRequestServer extends AsyncDisposable {
  /** Every sync request that it has seen, in order. */
  seen: readonly OpenSyncRequest[];
}

/**
 * @param take  called once for each sync request; one that it does not end stays open
 */
export function startSyncRequestServer(
  control: Control,
  take: (syncRequest: OpenSyncRequest, sync: Sync) => Promise<void>,
): SyncRequestServer {
  const wake = new WakeSignal();
  const seen: OpenSyncRequest[] = [];
  const stop = new AbortController();
  const onClaim = async (sync: Sync, signal: AbortSignal) => {
    while (!signal.aborted) {
      for (const syncRequest of await takeSyncRequests(control, sync.id)) {
        if (seen.some(({ id }) => id === syncRequest.id)) continue;
        seen.push(syncRequest);
        await take(syncRequest, sync);
      }
      await wake.wait(systemClock, 1_000, signal).catch(() => undefined);
    }
  };
  const workerId = `server-${randomBytes(4).toString('hex')}`;
  const running = [
    runLeases(control, { workerId, onClaim }, stop.signal),
    listenForChanges(control, () => wake.notify(), stop.signal),
  ];
  return {
    seen,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

/** Resolves when a live worker has leased the sync. */
export async function untilLeased(control: Control, sync: Pick<Sync, 'id'>): Promise<void> {
  while (!(await readHealth(control)).get(sync.id)?.hasWorker) await systemClock.sleep(10);
}
