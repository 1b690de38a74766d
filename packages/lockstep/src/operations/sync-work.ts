/** Work that a person or a program asks of a sync, and how far it is. */
import { unreachable } from '@lockstep/foundation/assert';
import { z } from 'zod';
import {
  type Control,
  makeSyncRequest,
  type NewSyncRequest,
  readSyncRequest,
  recordDecision,
  type Sync,
  type SyncRequestStatus,
  waitForSyncRequest,
} from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { chosenObjects, chosenRecords } from './chosen-objects.ts';
import { setAsideReason } from './set-aside-words.ts';

export type Work = { expires_in_seconds?: number | undefined } & (
  | { kind: 'flush' }
  | { kind: 'verify'; level: 'counts' | 'ids' | 'content'; objects?: readonly string[] | undefined }
  | { kind: 'refetch'; object: string; ids: readonly string[] }
  | { kind: 'keep' | 'remove'; object: string }
);

/** What the worker reports while it works on a sync request. */
const progressSchema = z.object({
  done: z.int(),
  of: z.int(),
  /** Objects that are not done yet; `rows` counts those of a pass over the whole table, if there is one. */
  objects: z.array(z.object({ object: z.string(), rows: z.int(), of: z.int() })),
});

/** What the worker reports at the end. */
const resultSchema = z.object({
  /** How many objects are done. */
  objects: z.int(),
  skipped: z.array(z.object({ object: z.string(), reason: z.string() })).default([]),
  /** Rows that differed and were repaired. */
  repairs: z.array(z.object({ sobject: z.string(), kind: z.string(), rows: z.int() })).default([]),
  /** Records of those objects that PostgreSQL refuses, so that the mirror does not show them as they are. */
  setAside: z
    .array(z.object({ sobject: z.string(), column: z.string().nullable(), code: z.string(), rows: z.int() }))
    .default([]),
});

/**
 * Asks a sync for work, which it does when it runs.
 *
 * @param subject  the id of the work: another call with the same one finds what was begun
 * @returns the number of the request
 * @throws {@link RequestError} if the sync does not mirror an object, or if an Id is none
 */
export async function beginWork(control: Control, sync: Sync, work: Work, subject: string): Promise<number> {
  const { expires_in_seconds: seconds } = work;
  const expiry = seconds === undefined ? {} : { expiresInMs: seconds * 1_000 };
  const syncRequest = syncRequestOf(sync, work);
  const id = await makeSyncRequest(control, sync.id, { ...syncRequest, ...expiry, subject });
  const event = work.kind === 'keep' || work.kind === 'remove' ? decisions[work.kind] : null;
  if (event !== null)
    for (const sobject of syncRequest.objects ?? [])
      recordDecision(control, sync.id, { kind: 'problem', event, sobject });
  return id;
}

/** As the activity tells them. */
const decisions = { keep: 'missing rows are kept', remove: 'missing rows are removed' } as const;

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

export type WorkView = ReturnType<typeof workView>;

/** @throws {@link RequestError} if there is no such request, or no longer */
export async function readWork(control: Control, requestId: number): Promise<WorkView> {
  const status = await readSyncRequest(control, requestId);
  if (!status) throw noWork(requestId);
  return workView(status);
}

/**
 * Tells how far the work is at each look, and at its end.
 *
 * @throws {@link RequestError} if there is no such request, or no longer; {@link Fault} `SYS-12`: the sync is paused;
 *   `SYS-13`: no worker runs it; the signal's reason after an abort
 */
export async function followWork(
  control: Control,
  requestId: number,
  onNews: (work: WorkView) => void,
  signal: AbortSignal,
): Promise<void> {
  const ended = await waitForSyncRequest(control, requestId, (status) => onNews(workView(status)), signal);
  if (!ended) throw noWork(requestId);
  onNews(workView(ended));
}

const noWork = (requestId: number) =>
  new RequestError(`There is no operation ${requestId}: it was withdrawn, or its sync was deleted`, {
    kind: 'not found',
    next: 'Ask for the work again. Operations are kept for 30 days after their end.',
  });

/** As programs get it. */
function workView(status: SyncRequestStatus) {
  const { id, syncId, kind, objects, tookMs, end } = status;
  const [plainKind] = kind.split(' ') as [Work['kind']];
  const failure = end && 'fault' in end ? end.fault : null;
  return {
    id: String(id),
    sync_id: syncId,
    kind: plainKind,
    objects: objects && [...objects],
    state: stateOf(status),
    took_ms: tookMs,
    // Null also if a worker of another version reports in another form.
    progress: progressSchema.safeParse(status.progress).data ?? null,
    result: end && 'result' in end ? resultView(end.result) : null,
    fault: failure && { code: failure.code, says: failure.explanation, next: failure.next },
  };
}

function stateOf({ isTaken, end }: SyncRequestStatus): 'queued' | 'running' | 'done' | 'failed' {
  if (!end) return isTaken ? 'running' : 'queued';
  return 'fault' in end ? 'failed' : 'done';
}

function resultView(result: unknown) {
  const { setAside, ...rest } = resultSchema.parse(result);
  const set_aside = setAside.map(({ column, ...group }) => ({
    ...group,
    column_name: column,
    reason: setAsideReason(group.code),
  }));
  return { ...rest, set_aside };
}
