import { shellWord } from '@lockstep/foundation/shell-words';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import { Fault } from '../core/faults.ts';
import { listenOn } from './changes.ts';
import type { Control } from './database.ts';
import { readHealth } from './health.ts';
import { syncRequestChannel } from './sync-request-sql.ts';
import { readSyncRequest, type SyncRequestStatus } from './sync-requests.ts';
import { readSync } from './syncs.ts';

/** Changes are notified; this covers lost notifications, and checks whether the sync still runs. */
const lookEveryMs = 1_000;
/** After a crash another process takes over within this time; see leases.ts. */
const takeOverMs = 10_000;

/**
 * Resolves when the request has ended; null if it was withdrawn or has expired, or its sync was erased.
 *
 * @param onNews  called with the open sync request at each look
 * @throws {@link Fault} `SYS-12`: the sync is paused; `SYS-13`: no worker runs it. The request stays open. After an
 *   abort, the signal's reason
 */
export async function waitForSyncRequest(
  control: Control,
  requestId: number,
  onNews: (syncRequest: SyncRequestStatus) => void,
  signal: AbortSignal,
): Promise<SyncRequestStatus | null> {
  const wake = new WakeSignal();
  const stop = new AbortController();
  const onPayload = (payload: string | null) => {
    if (payload === null || payload === String(requestId)) wake.notify();
  };
  const listening = listenOn(control, syncRequestChannel, onPayload, AbortSignal.any([signal, stop.signal]));
  let heldAt: number | null = null;
  try {
    for (;;) {
      const syncRequest = await readSyncRequest(control, requestId);
      if (!syncRequest || syncRequest.end) return syncRequest;
      heldAt = await lastHeldAt(control, syncRequest, heldAt);
      onNews(syncRequest);
      await wake.wait(control.clock, lookEveryMs, signal);
    }
  } finally {
    stop.abort();
    await listening;
  }
}

/** @throws {@link Fault} `SYS-12`, `SYS-13`; `PRX-01`: the sync was erased a moment ago */
async function lastHeldAt(
  control: Control,
  { syncId }: SyncRequestStatus,
  heldAt: number | null,
): Promise<number | null> {
  const sync = await readSync(control, syncId);
  if (!sync) throw new Fault('PRX-01');
  const named = { sync: shellWord(sync.name) };
  if (sync.paused) throw new Fault('SYS-12', named);
  const now = control.clock.now();
  if ((await readHealth(control)).get(syncId)?.hasWorker) return now;
  if (heldAt === null || now - heldAt > takeOverMs) throw new Fault('SYS-13', named);
  return heldAt;
}
