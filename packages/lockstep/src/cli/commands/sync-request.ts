/** Asks something of a sync that runs, and where a person wants it waits until it is done. */

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
} from '../../control/index.ts';
import { CommandError, exitCodes, usageError } from '../../core/command-error.ts';
import { Fault } from '../../core/faults.ts';
import type { Arguments, Flag } from '../arguments.ts';
import { setAsidePlace, setAsideReason } from '../set-aside-words.ts';
import { parseDuration } from '../terminal/duration.ts';
import { exitCodeOf } from '../terminal/failure.ts';
import { count, counted, type Output } from '../terminal/output.ts';

/** What the sync's worker tells of a sync request that is under way. */
const progressSchema = z.object({
  done: z.int(),
  of: z.int(),
  /** Those that are not done yet; rows of a pass over a whole table, where there is one. */
  objects: z.array(z.object({ object: z.string(), rows: z.int(), of: z.int() })),
});
type Progress = z.infer<typeof progressSchema>;

/** What the sync's worker tells at the end. */
const resultSchema = z.object({
  /** How many were served. */
  objects: z.int(),
  skipped: z.array(z.object({ object: z.string(), reason: z.string() })).default([]),
  /** Rows that were found to differ, and were repaired. */
  repairs: z.array(z.object({ sobject: z.string(), kind: z.string(), rows: z.int() })).default([]),
  /** Records of those objects that PostgreSQL refuses, which the mirror therefore does not hold as they are. */
  setAside: z
    .array(z.object({ sobject: z.string(), column: z.string().nullable(), code: z.string(), rows: z.int() }))
    .default([]),
});
export type SyncRequestResult = z.infer<typeof resultSchema> & { tookMs: number };

export const syncFlag: Flag = { value: 'SYNC', says: 'Name or id; may be left out where there is one.' };

export interface Waiting {
  control: Control;
  sync: Sync;
  output: Output;
  stop: AbortSignal;
  timeoutMs: number;
  /** A sync request that nobody waits for any more is dropped; one that is kept goes on. */
  isKept: boolean;
}

/**
 * @throws Fault `SYS-12`: the sync is paused; `SYS-13`: nobody runs it; `SYS-14`: not done in time;
 *   {@link CommandError}: it could not be served
 */
export async function requestAndWait(
  waiting: Waiting,
  syncRequest: NewSyncRequest,
): Promise<SyncRequestResult> {
  const { control, sync, output, stop, timeoutMs, isKept } = waiting;
  const expiresInMs = timeoutMs + withdrawalMaxMs;
  const id = await makeSyncRequest(control, sync.id, { ...syncRequest, ...(!isKept && { expiresInMs }) });
  using late = deadline(control.clock, timeoutMs, stop);
  const tell = progressOn(output, syncRequest.kind, sync.name);
  let last: SyncRequestStatus | undefined;
  try {
    const ended = await waitForSyncRequest(
      control,
      id,
      (news) => {
        last = news;
        tell(news);
      },
      late,
    );
    return resultOf(ended, sync);
  } catch (error) {
    if (stop.aborted || !late.aborted) throw error;
    throw await notInTime(waiting, last);
  } finally {
    output.show([]);
    if (!isKept)
      await withdrawSyncRequest(control, id).catch(() => undefined); // it expires by itself
    else if (stop.aborted) output.say('Waiting ends here; what was asked goes on.');
  }
}

/** Whoever was killed does not withdraw: its request is dropped this long after it would have been. */
const withdrawalMaxMs = 5_000;

function resultOf(ended: SyncRequestStatus | null, { name }: Sync): SyncRequestResult {
  if (!ended?.end) {
    throw new CommandError(`What was asked of ${name} was withdrawn, or the sync was erased`, {
      exitCode: exitCodes.notFound,
      next: 'lockstep sync list',
    });
  }
  const { end, tookMs } = ended;
  if ('result' in end) return { ...resultSchema.parse(end.result), tookMs };
  const { code, explanation, next } = end.fault;
  throw new CommandError(explanation, { exitCode: exitCodeOf(code), label: code, next });
}

async function notInTime(
  { control, sync, timeoutMs }: Waiting,
  last: SyncRequestStatus | undefined,
): Promise<Fault> {
  const progress = progressOf(last);
  const left = progress?.objects.map(({ object }) => object) ?? [];
  const done = progress ? `${progress.done} of ${progress.of} objects were done` : 'It was not begun';
  const fault = (await readHealth(control)).get(sync.id)?.fault;
  const reason = [
    `${done} within ${timeoutMs / 1_000} s.`,
    ...(left.length > 0 ? [`Left: ${left.join(', ')}.`] : []),
    ...(fault ? [`The sync waits: ${fault.code} ${fault.says}`] : []),
  ].join(' ');
  return new Fault('SYS-14', { reason, sync: shellWord(sync.name) });
}

/** Null where nothing was reported yet, or by a version that tells other things. */
function progressOf(syncRequest: SyncRequestStatus | undefined): Progress | null {
  return progressSchema.safeParse(syncRequest?.progress).data ?? null;
}

/** On a terminal what is left, painted over; elsewhere a line for each object that is done. */
function progressOn(output: Output, kind: string, name: string): (news: SyncRequestStatus) => void {
  let said = '';
  return (news) => {
    const progress = progressOf(news);
    const figures = progress ? `${progress.done} of ${progress.of} objects` : 'asked';
    output.show([`${name}  ${kind}  ${figures}  ${secondsOf(news.tookMs)}`, ...leftOf(progress)]);
    if (!output.isTerminal && progress && figures !== said) output.say(`${name} ${kind}: ${figures}`);
    said = figures;
  };
}

const leftOf = (progress: Progress | null): string[] =>
  (progress?.objects ?? []).map(
    ({ object, rows, of }) => `  ${object}${rows > 0 ? `  ${count(rows)} of about ${count(of)} rows` : ''}`,
  );

export const secondsOf = (ms: number): string =>
  ms < 120_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;

/** Says what was not served, what was repaired and what the mirror cannot hold; the exit code. */
export function tellEnd({ skipped, repairs, setAside }: SyncRequestResult, output: Output): number {
  for (const { sobject, kind, rows } of repairs) {
    output.say(`${sobject}: ${rows === 1 ? '1 row was' : `${count(rows)} rows were`} ${kind}; repaired`);
  }
  for (const { object, reason } of skipped) output.say(`left out: ${object}, because ${reason}`);
  for (const { sobject, column, code, rows } of setAside) {
    output.say(
      `set aside: ${counted(rows, 'record')} of ${sobject} (${setAsidePlace(column)}): ${setAsideReason(code)}`,
    );
  }
  if (skipped.length > 0) output.say('next: lockstep objects list');
  if (setAside.length > 0) output.say('next: lockstep objects set-aside');
  return skipped.length + setAside.length === 0 ? 0 : exitCodes.notHealthy;
}

/** @throws a usage error */
export function timeoutOf(args: Arguments, otherwise: number, help: string): number {
  const text = args.text('timeout');
  if (text === undefined) return otherwise;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw usageError('--timeout takes a time such as 60s, 5m or 1h', help);
}
