import { WakeSignal } from '@lockstep/foundation/wake-signal';
import {
  countQuery,
  endSyncRequest,
  forgetStream,
  mirrorHost,
  openWriter,
  readAgeAndRequests,
  readLivingWorkers,
  recordActivity,
  recordEvent,
  recordOrgUsage,
  reportSyncRequest,
  type Sync,
  takeSyncRequests,
} from '../../control/index.ts';
import { Fault, isKeyFault } from '../../core/faults.ts';
import { holderName, openDestination, readStatusRows, type StatusRow } from '../../postgres/index.ts';
import type { EngineDeps, OpenSync, OpenSyncs } from '../open-syncs.ts';
import { type HoldDeps, holdSync } from './hold-sync.ts';
import { observeObjects } from './observe-objects.ts';
import { openSyncProblem, type SyncProblem } from './sync-problem.ts';

/** Runs one sync of the control database under one lease until the signal aborts. See {@link holdSync}. */
export async function runSync(
  deps: EngineDeps & { syncs: OpenSyncs } & Pick<HoldDeps, 'pageRows'>,
  sync: Sync,
  signal: AbortSignal,
): Promise<void> {
  const { control, clock, owner, pageRows } = deps;
  const syncProblem = openSyncProblem(deps, sync);
  const open = await unlocked(deps, sync, syncProblem, signal);
  if (!open) return;
  const holder = { owner, epoch: sync.epoch };
  const changed = new WakeSignal();
  const over = new AbortController();
  const observing = observeObjects(deps, open, changed, AbortSignal.any([signal, over.signal]));
  const hold = holdSync(
    {
      clock,
      log: deps.log.with({ sync: sync.id }),
      holder,
      salesforce: open.salesforce,
      open,
      openDestination: async () =>
        openDestination(await openWriter(control, open.settings), holderName(holder)),
      living: () => readLivingWorkers(control),
      syncProblem,
      syncRequests: {
        open: () => takeSyncRequests(control, sync.id),
        report: (requestId, progress) => reportSyncRequest(control, requestId, progress),
        end(requestId, outcome) {
          changed.notify(); // a check may have found something
          return endSyncRequest(control, requestId, outcome);
        },
      },
      onQuery: (query) => countQuery(control, sync.id, query),
      onActivity: (activity) => recordActivity(control, sync.id, activity),
      onStreamChange: () => changed.notify(),
      onUsage: (said) => recordOrgUsage(control, sync.id, said),
      onComplete: async ({ db }) => tellComplete(deps, open.settings, await readStatusRows(db)),
      onLeft: (sobject) => forgetStream(control, sync.id, sobject),
      host: () => mirrorHost(control, open.settings),
      ...(pageRows !== undefined && { pageRows }),
    },
    signal,
  );
  try {
    await hold;
  } finally {
    over.abort();
    await observing;
  }
}

/** A person has to fix what locks a sync. A restored secret sends no notice, so it is tried this often. */
const lockedTryEveryMs = 3_600_000;

/**
 * The sync with its secrets decrypted. While they cannot be, the sync is locked: this waits for a change of its
 * settings, or for an hour, while other syncs run. Null if the sync is gone or the signal aborts.
 */
async function unlocked(
  deps: EngineDeps & { syncs: OpenSyncs },
  sync: Sync,
  syncProblem: SyncProblem,
  signal: AbortSignal,
): Promise<OpenSync | null> {
  const change = deps.syncs.changeOf(sync.id);
  while (!signal.aborted) {
    try {
      const open = await deps.syncs.of(sync.id, sync.orgId);
      if (open) await openWriter(deps.control, sync);
      return open;
    } catch (error) {
      if (!(error instanceof Fault && isKeyFault(error.code))) throw error;
      deps.log.warn('sync is locked', { sync: sync.id, code: error.code, waitMs: lockedTryEveryMs });
      await syncProblem.begin(error, lockedTryEveryMs);
      await change.wait(deps.clock, lockedTryEveryMs, signal).catch(() => undefined);
    }
  }
  return null;
}

/** Reported once per sync: the outbox keeps each event once, whichever run finds the last backfill complete. */
async function tellComplete(
  { control, onComplete }: EngineDeps,
  { id, name }: Sync,
  status: readonly StatusRow[],
): Promise<void> {
  const tables = status.map(({ sobject, rows }) => ({ sobject, rows }));
  const rows = tables.reduce((sum, one) => sum + one.rows, 0);
  onComplete?.({ sync: id, name, rows });
  const effort = await readAgeAndRequests(control, id);
  const isNews = await recordEvent(control.db, id, 'backfill-complete', { tables, ...effort });
  if (isNews) recordActivity(control, id, { kind: 'backfill', event: 'complete', rows });
}
