/** Work that a person or a program asks of a sync, and how far it is. */
import { unreachable } from '@lockstep/foundation/assert';
import {
  type Control,
  makeSyncRequest,
  type NewSyncRequest,
  readSyncRequest,
  type Sync,
  type SyncRequestStatus,
} from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { progressOf, resultSchema } from './ask-sync.ts';
import { chosenObjects, chosenRecords } from './chosen-objects.ts';

export type Work =
  | { kind: 'flush' }
  | { kind: 'verify'; level: 'counts' | 'ids' | 'content'; objects?: readonly string[] | undefined }
  | { kind: 'refetch'; object: string; ids: readonly string[] }
  | { kind: 'keep' | 'remove'; object: string };

/**
 * Asks a sync for work, which it does when it runs.
 *
 * @returns the number of the request
 * @throws {@link RequestError} if the sync does not mirror an object, or if an Id is none
 */
export const beginWork = async (control: Control, sync: Sync, work: Work): Promise<number> =>
  makeSyncRequest(control, sync.id, syncRequestOf(sync, work));

function syncRequestOf(sync: Sync, work: Work): NewSyncRequest {
  switch (work.kind) {
    case 'flush':
      return { kind: 'flush', objects: null };
    case 'verify':
      return {
        kind: `verify ${work.level}`,
        objects: work.objects ? chosenObjects(sync, work.objects) : null,
      };
    case 'refetch':
      return {
        kind: 'refetch',
        objects: chosenObjects(sync, [work.object]),
        ids: chosenRecords(work.ids, 'See the Id in Salesforce.'),
      };
    case 'keep':
    case 'remove':
      return { kind: work.kind, objects: chosenObjects(sync, [work.object]) };
    default:
      return unreachable(work);
  }
}

/** @throws {@link RequestError} if there is no such request, or no longer */
export async function readWork(control: Control, requestId: number) {
  const status = await readSyncRequest(control, requestId);
  if (!status) {
    throw new RequestError(`There is no operation ${requestId}`, {
      kind: 'not found',
      next: 'Operations are kept for 30 days after their end; ask for the work again.',
    });
  }
  return workView(status);
}

/** As programs get it. */
function workView(status: SyncRequestStatus) {
  const { id, syncId, kind, isTaken, tookMs, end } = status;
  const [plainKind] = kind.split(' ') as [Work['kind']];
  const failure = end && 'fault' in end ? end.fault : null;
  const progress = progressOf(status);
  return {
    id: String(id),
    sync_id: syncId,
    kind: plainKind,
    state: end
      ? failure
        ? ('failed' as const)
        : ('done' as const)
      : isTaken
        ? ('running' as const)
        : ('queued' as const),
    took_ms: tookMs,
    progress,
    result: end && 'result' in end ? resultSchema.parse(end.result) : null,
    fault: failure && { code: failure.code, says: failure.explanation, next: failure.next },
  };
}
