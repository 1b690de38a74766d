import {
  countQuery,
  endWish,
  openWriterUrl,
  readEffort,
  readLivingWorkers,
  recordEvent,
  recordOrgUsage,
  reportWish,
  type Sync,
  takeWishes,
} from '../control/index.ts';
import { holderName, openDestination, readStatus, type StreamStatus } from '../postgres/index.ts';
import { holdSync } from './hold-sync.ts';
import type { EngineDeps, OpenSyncs } from './open-syncs.ts';
import { openTrouble } from './trouble.ts';

/** Runs one sync under one lease, as the control database knows it, until the signal aborts. See {@link holdSync}. */
export async function runSync(
  deps: EngineDeps & { syncs: OpenSyncs },
  sync: Sync,
  signal: AbortSignal,
): Promise<void> {
  const { control, clock, owner } = deps;
  const open = await deps.syncs.of(sync.id);
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
      trouble: openTrouble(deps, open),
      wishes: {
        open: () => takeWishes(control, sync.id),
        report: (wishId, progress) => reportWish(control, wishId, progress),
        end: (wishId, outcome) => endWish(control, wishId, outcome),
      },
      onQuery: (query) => countQuery(control, sync.id, query),
      onUsage: (said) => recordOrgUsage(control, sync.id, said),
      onComplete: async ({ db }) => tellComplete(deps, open.settings, await readStatus(db)),
      host: control.host,
    },
    signal,
  );
}

/** Once per sync: the outbox holds each event once, whoever finds the last first copy complete. */
async function tellComplete(
  { control, onComplete }: EngineDeps,
  { id, name }: Sync,
  status: readonly StreamStatus[],
): Promise<void> {
  const tables = status.map(({ sobject, rows }) => ({ sobject, rows }));
  onComplete?.({ sync: id, name, rows: tables.reduce((sum, { rows }) => sum + rows, 0) });
  await recordEvent(control.db, id, 'backfill-complete', { tables, ...(await readEffort(control, id)) });
}
