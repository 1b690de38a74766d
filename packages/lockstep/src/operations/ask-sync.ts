/** Makes a sync request and waits until the running sync has done it. */

import { deadline } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import { z } from 'zod';
import {
  type Control,
  makeSyncRequest,
  type NewSyncRequest,
  readHealth,
  type Sync,
  type SyncRequestStatus,
  waitForSyncRequest,
  withdrawSyncRequest,
} from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { errorKindOf, RequestError } from '../core/request-error.ts';

/** What the worker reports while it works on a sync request. */
const progressSchema = z.object({
  done: z.int(),
  of: z.int(),
  /** Objects that are not done yet; `rows` counts those of a pass over the whole table, if there is one. */
  objects: z.array(z.object({ object: z.string(), rows: z.int(), of: z.int() })),
});
export type RequestProgress = z.infer<typeof progressSchema>;

/** What the worker reports at the end. */
export const resultSchema = z.object({
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
export type SyncRequestResult = z.infer<typeof resultSchema> & { tookMs: number };

export interface PendingRequest {
  control: Control;
  sync: Sync;
  /** Aborts when the caller stops waiting. */
  stop: AbortSignal;
  timeoutMs: number;
  /** True: the request continues when nobody waits for it any more. False: it is withdrawn then. */
  isKept: boolean;
}

/** A sync request that nobody waits for: the sync does it when it runs. */
export async function ask(
  control: Control,
  sync: Sync,
  syncRequest: NewSyncRequest,
): Promise<{ requestId: number; hasWorker: boolean }> {
  const requestId = await makeSyncRequest(control, sync.id, syncRequest);
  return { requestId, hasWorker: await hasWorker(control, sync) };
}

/** Without a worker a sync request waits. */
export const hasWorker = async (control: Control, { id }: Sync): Promise<boolean> =>
  (await readHealth(control)).get(id)?.hasWorker === true;

/**
 * @param onNews  called at each look, with the progress so far
 * @throws Fault `SYS-12`: the sync is paused; `SYS-13`: no worker runs it; `SYS-14`: not done in time;
 *   {@link RequestError}: the request failed
 */
export async function askAndWait(
  asking: PendingRequest,
  syncRequest: NewSyncRequest,
  onNews: (news: SyncRequestStatus, progress: RequestProgress | null) => void,
): Promise<SyncRequestResult> {
  const { control, sync, stop, timeoutMs, isKept } = asking;
  const expiresInMs = timeoutMs + withdrawalMaxMs;
  const id = await makeSyncRequest(control, sync.id, { ...syncRequest, ...(!isKept && { expiresInMs }) });
  using late = deadline(control.clock, timeoutMs, stop);
  let last: SyncRequestStatus | undefined;
  const onLook = (news: SyncRequestStatus) => {
    last = news;
    onNews(news, progressOf(news));
  };
  try {
    return resultOf(await waitForSyncRequest(control, id, onLook, late), sync);
  } catch (error) {
    if (stop.aborted || !late.aborted) throw error;
    throw await notInTime(asking, last);
  } finally {
    if (!isKept) await withdrawSyncRequest(control, id).catch(() => undefined); // it expires by itself
  }
}

/** A process that was killed cannot withdraw its request, so the request expires this long after its timeout. */
const withdrawalMaxMs = 5_000;

function resultOf(ended: SyncRequestStatus | null, { name }: Sync): SyncRequestResult {
  if (!ended?.end) {
    throw new RequestError(`The request to ${name} was withdrawn, or the sync was erased`, {
      kind: 'not found',
      next: 'lockstep sync list',
    });
  }
  const { end, tookMs } = ended;
  if ('result' in end) return { ...resultSchema.parse(end.result), tookMs };
  const { code, explanation, next } = end.fault;
  throw new RequestError(explanation, { kind: errorKindOf(code), label: code, next });
}

async function notInTime(
  { control, sync, timeoutMs }: PendingRequest,
  last: SyncRequestStatus | undefined,
): Promise<Fault> {
  const progress = progressOf(last);
  const left = progress?.objects.map(({ object }) => object) ?? [];
  const done = progress ? `${progress.done} of ${progress.of} objects were done` : 'It had not started';
  const fault = (await readHealth(control)).get(sync.id)?.fault;
  const reason = [
    `${done} within ${timeoutMs / 1_000} s.`,
    ...(left.length > 0 ? [`Left: ${left.join(', ')}.`] : []),
    ...(fault ? [`The sync waits: ${fault.code} ${fault.says}`] : []),
  ].join(' ');
  return new Fault('SYS-14', { reason, sync: shellWord(sync.name) });
}

/** Null if nothing was reported yet, or if a worker of another version reports in another form. */
export function progressOf(syncRequest: SyncRequestStatus | undefined): RequestProgress | null {
  return progressSchema.safeParse(syncRequest?.progress).data ?? null;
}
