import {
  countQuery,
  endSyncRequest,
  openWriterUrl,
  readEffort,
  readLivingWorkers,
  recordEvent,
  recordOrgUsage,
  reportSyncRequest,
  type Sync,
  takeSyncRequests,
} from '../../control/index.ts';
import { Fault, isKeyFault } from '../../core/faults.ts';
import { holderName, openDestination, readStatus, type StreamStatus } from '../../postgres/index.ts';
import type { EngineDeps, OpenSync, OpenSyncs } from '../open-syncs.ts';
import { holdSync } from './hold-sync.ts';
import { openSyncProblem, type SyncProblem } from './sync-problem.ts';

/** Runs one sync under one lease, as the control database knows it, until the signal aborts. See {@link holdSync}. */
export async function runSync(
  deps: EngineDeps & { syncs: OpenSyncs },
  sync: Sync,
  signal: AbortSignal,
): Promise<void> {
  const { control, clock, owner } = deps;
  const syncProblem = openSyncProblem(deps, sync);
  const open = await unlocked(deps, sync, syncProblem, signal);
  if (!open) return;
  const holder = { owner, epoch: sync.epoch };
  await holdSync(
    {
      clock,
      log: deps.log.with({ sync: sync.id }),
      holder,
      salesforce: open.salesforce,
      open,
      openDestination: async () => openDestination(await openWriterUrl(control, sync), holderName(holder)),
      living: () => readLivingWorkers(control),
      syncProblem,
      syncRequests: {
        open: () => takeSyncRequests(control, sync.id),
        report: (requestId, progress) => reportSyncRequest(control, requestId, progress),
        end: (requestId, outcome) => endSyncRequest(control, requestId, outcome),
      },
      onQuery: (query) => countQuery(control, sync.id, query),
      onUsage: (said) => recordOrgUsage(control, sync.id, said),
      onComplete: async ({ db }) => tellComplete(deps, open.settings, await readStatus(db)),
      host: control.host,
    },
    signal,
  );
}

/** Whatever locks a sync, a person has to repair; a restored secret tells nobody of itself. */
const lockedTryEveryMs = 3_600_000;

/**
 * The sync with its secrets opened. While they cannot be, it is locked: this waits for a change of its settings, or
 * for long, and other syncs run. Null where it is gone, or the signal has aborted meanwhile.
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
      const open = await deps.syncs.of(sync.id);
      if (open) await openWriterUrl(deps.control, sync);
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

/** Once per sync: the outbox holds each event once, whoever finds the last backfill complete. */
async function tellComplete(
  { control, onComplete }: EngineDeps,
  { id, name }: Sync,
  status: readonly StreamStatus[],
): Promise<void> {
  const tables = status.map(({ sobject, rows }) => ({ sobject, rows }));
  onComplete?.({ sync: id, name, rows: tables.reduce((sum, { rows }) => sum + rows, 0) });
  await recordEvent(control.db, id, 'backfill-complete', { tables, ...(await readEffort(control, id)) });
}
