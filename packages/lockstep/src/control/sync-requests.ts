import { Fault } from '../core/faults.ts';
import type { RecordId, SyncId } from '../core/ids.ts';
import { lockForChange } from './change-lock.ts';
import type { Control } from './database.ts';
import { notify, syncChannel } from './sql.ts';
import {
  deleteOpenSyncRequest,
  insertSyncRequest,
  markSyncRequestsTaken,
  purgeSyncRequests,
  type SyncRequestRow,
  selectOpenSyncRequests,
  selectSyncRequest,
  syncRequestChannel,
  updateEnded,
  updateProgress,
} from './sync-request-sql.ts';

/**
 * What a person or a program asks of a running sync: a row here, so that it reaches whichever process runs the sync and
 * survives a restart of that process. The caller makes a sync request and may wait for its end
 * (wait-for-sync-request.ts); the worker that runs the sync takes it, reports its progress and ends it.
 */
export type SyncRequestKind =
  | 'flush'
  | 'verify counts'
  | 'verify ids'
  | 'verify content'
  | 'refetch'
  | 'keep'
  | 'remove';

export interface NewSyncRequest {
  kind: SyncRequestKind;
  /** API names; null: all objects. `refetch`, `keep` and `remove` must name theirs. */
  objects: readonly string[] | null;
  /** The records to fetch again: for `refetch`, and only there. */
  ids?: readonly RecordId[];
  /** After this time the request is dropped: nobody waits for it any more. Without it, it stays until it is served. */
  expiresInMs?: number;
  /** The id of what is made; another call with the same one finds it. */
  subject?: string;
}

/** A sync request as the sync's worker takes it. */
export interface OpenSyncRequest {
  id: number;
  kind: SyncRequestKind;
  objects: readonly string[] | null;
  ids: readonly RecordId[] | null;
}

/** A sync request as its caller sees it. */
export interface SyncRequestStatus {
  id: number;
  syncId: SyncId;
  kind: SyncRequestKind;
  /** API names; null: all objects. */
  objects: readonly string[] | null;
  /** A process that runs the sync has seen it. */
  isTaken: boolean;
  /** What the sync's worker last reported; null: nothing yet. */
  progress: unknown;
  /** From when it was made to its end, or until now. */
  tookMs: number;
  /** Null while it is open. */
  end: SyncRequestEnd | null;
}

export type SyncRequestEnd =
  | { result: unknown }
  | { fault: { code: string; explanation: string; next: string } };

/**
 * Makes a sync request; the sync's worker is notified as of a change of the sync's settings.
 *
 * @returns the request's number
 * @throws {@link Fault} `PRX-01`: there is no such sync; `SYS-18`: it is being deleted
 */
export async function makeSyncRequest(
  control: Control,
  syncId: SyncId,
  syncRequest: NewSyncRequest,
): Promise<number> {
  const { kind, objects, ids = null, expiresInMs = null, subject = null } = syncRequest;
  return control.db.transaction(async (tx) => {
    await lockForChange(tx, syncId);
    await purgeSyncRequests(tx, syncId);
    const [made] = await insertSyncRequest(tx, { syncId, kind, objects, ids, expiresInMs, subject });
    if (!made) throw new Fault('PRX-01');
    await notify(tx, syncChannel, syncId);
    return made.request_id;
  });
}

/** The open requests, oldest first; their callers now see that they have been taken. */
export async function takeSyncRequests(control: Control, syncId: SyncId): Promise<OpenSyncRequest[]> {
  const open = await selectOpenSyncRequests(control.db, syncId);
  const fresh = open
    .filter((syncRequest) => !syncRequest.is_taken)
    .map((syncRequest) => syncRequest.request_id);
  if (fresh.length > 0) await markSyncRequestsTaken(control.db, fresh);
  return open.map(({ request_id: id, kind, objects, ids }) => ({
    id,
    kind: kind as SyncRequestKind,
    objects,
    ids: ids as RecordId[] | null,
  }));
}

/** Reports progress, as counts and names. A report that cannot be written is skipped: the next one says more. */
export async function reportSyncRequest(
  control: Control,
  requestId: number,
  progress: object,
): Promise<void> {
  await updateProgress(control.db, requestId, progress).catch(() => undefined);
}

/** The first end counts: a second one, or one of a withdrawn request, changes nothing. */
export async function endSyncRequest(
  control: Control,
  requestId: number,
  outcome: { result: object } | { fault: Fault },
): Promise<void> {
  if ('result' in outcome) {
    await updateEnded(control.db, requestId, { result: outcome.result, fault: null });
    return;
  }
  const { code, message: explanation, next } = outcome.fault;
  await updateEnded(control.db, requestId, { result: null, fault: { code, explanation, next } });
}

/** Null if it was withdrawn, has expired, or its sync was erased. */
export async function readSyncRequest(
  control: Control,
  requestId: number,
): Promise<SyncRequestStatus | null> {
  const [row] = await selectSyncRequest(control.db, requestId);
  return row ? toStatus(row) : null;
}

/** Withdraws a request that nobody waits for any more. False: it has ended or no longer exists. */
export const withdrawSyncRequest = (control: Control, requestId: number): Promise<boolean> =>
  control.db.transaction(async (tx) => {
    const [withdrawn] = await deleteOpenSyncRequest(tx, requestId);
    if (!withdrawn) return false;
    await notify(tx, syncChannel, withdrawn.sync_id);
    await notify(tx, syncRequestChannel, String(requestId));
    return true;
  });

const toStatus = (row: SyncRequestRow): SyncRequestStatus => ({
  id: row.request_id,
  syncId: row.sync_id,
  kind: row.kind as SyncRequestKind,
  objects: row.objects,
  isTaken: row.is_taken,
  progress: row.progress,
  tookMs: row.took_ms,
  end: row.has_ended ? endOf(row) : null,
});

const endOf = ({
  fault_code: code,
  fault_explanation,
  fault_next,
  result,
}: SyncRequestRow): SyncRequestEnd =>
  code === null
    ? { result }
    : { fault: { code, explanation: fault_explanation ?? '', next: fault_next ?? '' } };
