import { readSync, recordSync } from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { fieldChoiceKey } from '../core/field-choice.ts';
import { newSyncId, type SyncId } from '../core/ids.ts';
import { hostOf } from '../core/own-database.ts';
import { about } from '../core/wrong-members.ts';
import { databaseFault } from '../postgres/index.ts';
import { type CreateDeps, checkNewSync, type NewSyncOptions } from './check-new-sync.ts';
import { holderOf } from './given-credential.ts';
import { makeMirror, removeMirror } from './make-destination.ts';

/**
 * Creates a sync: tests everything first, then makes its mirror, and only then records
 * it, from which moment on a worker may claim it. A failure leaves nothing behind.
 *
 * @param syncId  of a creation that a killed process has begun: it is taken up
 * @throws as {@link checkNewSync}; {@link Fault} `DB-nn`
 */
export async function createSync(
  deps: CreateDeps,
  options: NewSyncOptions,
  signal: AbortSignal,
  syncId: SyncId = newSyncId(),
): Promise<SyncId> {
  const { control } = deps;
  if (await readSync(control, syncId)) return syncId;
  const { plans, described, own, given, ...checked } = await checkNewSync(
    deps,
    options,
    signal,
    syncId,
  ).catch(async (error: unknown) => {
    // Of a process that was killed.
    if (!options.destination) await removeMirror(control, syncId, null).catch(() => undefined);
    throw error;
  });
  const { apiVersion } = checked;
  const describedFor = fieldChoiceKey({ leftOut: options.leftOut ?? [], apiVersion });
  try {
    const made = await makeMirror(
      control,
      { syncId, orgId: checked.orgId, plans, described, describedFor, report: deps.report },
      own,
    );
    const sobjects = plans.map(({ sobject }) => sobject);
    const signIn = await holderOf(control, given);
    await about(nameIfTaken, () =>
      recordSync(control, {
        ...options,
        ...made,
        ...checked,
        loginUrl: given.loginUrl,
        signIn,
        id: syncId,
        sobjects,
      }),
    );
  } catch (error) {
    await removeMirror(control, syncId, own).catch(() => undefined); // the first error says more
    const host = own ? hostOf(own) : control.host;
    throw databaseFault(error, host) ?? error;
  }
  return syncId;
}

/** By somebody who was faster. */
const nameIfTaken = (error: unknown) => (error instanceof Fault && error.code === 'CFG-03' ? 'name' : null);
