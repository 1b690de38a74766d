import { assert } from '@lockstep/foundation/assert';
import { shellWord } from '@lockstep/foundation/shell-words';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
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
  try {
    const syncId = (await readSyncRequest(control, requestId))?.syncId;
    if (syncId === undefined) return null;
    let heldAt: number | null = null;
    for (;;) {
      const state = await readRunState(control, syncId);
      // Read after the state: a request that is still there belongs to a sync that was there when its state was read.
      const syncRequest = await readSyncRequest(control, requestId);
      if (!syncRequest || syncRequest.end) return syncRequest;
      heldAt = lastHeldAt(control, state, heldAt);
      onNews(syncRequest);
      await wake.wait(control.clock, lookEveryMs, signal);
    }
  } finally {
    stop.abort();
    await listening;
  }
}

type RunState = Awaited<ReturnType<typeof readRunState>>;

async function readRunState(control: Control, syncId: SyncId) {
  const sync = await readSync(control, syncId);
  const hasWorker = (await readHealth(control)).get(syncId)?.hasWorker === true;
  return { sync, hasWorker };
}

/** @throws {@link Fault} `SYS-12`, `SYS-13` */
function lastHeldAt(control: Control, { sync, hasWorker }: RunState, heldAt: number | null): number | null {
  assert(sync, 'a sync request is deleted with its sync');
  const named = { sync: shellWord(sync.name) };
  if (sync.paused) throw new Fault('SYS-12', named);
  const now = control.clock.now();
  if (hasWorker) return now;
  if (heldAt === null || now - heldAt > takeOverMs) throw new Fault('SYS-13', named);
  return heldAt;
}
