/** Work that a command asks a sync for, with its progress on the terminal. */
import { deadline, systemClock } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import { z } from 'zod';
import { type NewOperation, type Operation, operationSchema } from '../../contract/operations.ts';
import { type SyncView, syncSchema } from '../../contract/syncs.ts';
import { Fault } from '../../core/faults.ts';
import { counted, formatCount } from '../../core/plain-words.ts';
import { errorKindOf, RequestError, usageError } from '../../core/request-error.ts';
import { setAsidePlace } from '../../operations/set-aside-words.ts';
import { type ApiClient, refusal } from '../api-client.ts';
import type { Arguments } from '../arguments.ts';
import { pathOf } from '../choose-sync.ts';
import { parseDuration } from '../terminal/duration.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { type Output } from '../terminal/output.ts';

export interface Waiting {
  api: ApiClient;
  sync: SyncView;
  output: Output;
  /** Aborts when the user stops waiting. */
  stop: AbortSignal;
  timeoutMs: number;
  /** True: the work continues when nobody waits for it any more. False: it is withdrawn then. */
  isKept: boolean;
}

export type OperationResult = NonNullable<Operation['result']> & { took_ms: number };

export const beginOperation = (api: ApiClient, { id }: SyncView, work: NewOperation): Promise<Operation> =>
  api.post(`${pathOf(id)}/operations`, work, operationSchema);

/**
 * Asks for the work and waits until it is done.
 *
 * @throws {@link RequestError} `SYS-12`: the sync is paused; `SYS-13`: no worker runs it; the fault that ended the work;
 *         Fault `SYS-14`: not done in time
 */
export async function operate(waiting: Waiting, work: NewOperation): Promise<OperationResult> {
  const { api, output, stop, timeoutMs, isKept } = waiting;
  using late = deadline(systemClock, timeoutMs, stop);
  const { id } = await beginOperation(api, waiting.sync, isKept ? work : expiring(work, timeoutMs));
  const told = progressOn(output, waiting.sync.name);
  let last: Operation | undefined;
  const onNews = (news: Operation) => {
    last = news;
    told(news);
  };
  try {
    return await ended(api, id, onNews, late);
  } catch (error) {
    if (stop.aborted || !late.aborted) throw error;
    throw await notInTime(waiting, last);
  } finally {
    output.show([]);
    if (!isKept) await withdraw(api, id);
    else if (stop.aborted) output.say('No longer waiting; the work itself continues.');
  }
}

/** A command that was killed cannot withdraw its work, so the work expires a little after its timeout. */
const expiring = (work: NewOperation, timeoutMs: number): NewOperation => ({
  ...work,
  expires_in_seconds: Math.ceil(timeoutMs / 1_000) + 5,
});

async function ended(
  api: ApiClient,
  id: string,
  onNews: (news: Operation) => void,
  signal: AbortSignal,
): Promise<OperationResult> {
  for await (const { type, data } of api.events(`/operations/${id}/events`, signal)) {
    if (type === 'problem') throw refusal(data);
    const news = operationSchema.parse(data);
    onNews(news);
    const { result, fault, took_ms } = news;
    if (result) return { ...result, took_ms };
    if (fault)
      throw new RequestError(fault.says, {
        kind: errorKindOf(fault.code),
        label: fault.code,
        next: fault.next,
      });
  }
  throw new RequestError('The server stopped while the work was under way', {
    kind: 'unexpected',
    next: 'The work continues when it runs again. See how far it is: lockstep status',
  });
}

const withdrawMaxMs = 5_000;

/** Also after Ctrl-C. It expires by itself if this fails. */
const withdraw = (api: ApiClient, id: string) =>
  api.delete(`/operations/${id}`, z.null(), AbortSignal.timeout(withdrawMaxMs)).catch(() => undefined);

async function notInTime({ api, sync, timeoutMs }: Waiting, last: Operation | undefined): Promise<Fault> {
  const progress = last?.progress;
  const left = progress?.objects.map(({ object }) => object) ?? [];
  const done = progress ? `${progress.done} of ${progress.of} objects were done` : 'It had not started';
  const { fault } = await api.get(pathOf(sync.id), syncSchema);
  const reason = [
    `${done} within ${timeoutMs / 1_000} s.`,
    ...(left.length > 0 ? [`Left: ${left.join(', ')}.`] : []),
    ...(fault ? [`The sync waits: ${fault.code} ${fault.says}`] : []),
  ].join(' ');
  return new Fault('SYS-14', { reason, sync: shellWord(sync.name) });
}

/** On a terminal, repaints what is left; elsewhere prints a line whenever another object is done. */
function progressOn(output: Output, name: string): (news: Operation) => void {
  let said = '';
  return ({ kind, progress, took_ms: tookMs }) => {
    const figures = progress ? `${progress.done} of ${progress.of} objects` : 'requested';
    output.show([`${name}  ${kind}  ${figures}  ${shortDuration(tookMs)}`, ...leftOf(progress)]);
    if (!output.isTerminal && progress && figures !== said) output.say(`${name} ${kind}: ${figures}`);
    said = figures;
  };
}

const leftOf = (progress: Operation['progress']): string[] =>
  (progress?.objects ?? []).map(
    ({ object, rows, of }) =>
      `  ${object}${rows > 0 ? `  ${formatCount(rows)} of about ${formatCount(of)} rows` : ''}`,
  );

export const shortDuration = (ms: number): string =>
  ms < 120_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;

/** Prints what was left out, repaired or set aside, and returns the exit code. */
export function reportResult(
  { skipped, repairs, set_aside: setAside }: OperationResult,
  output: Output,
): number {
  for (const { sobject, kind, rows } of repairs) {
    output.say(
      `${sobject}: ${rows === 1 ? '1 row was' : `${formatCount(rows)} rows were`} ${kind}; repaired`,
    );
  }
  for (const { object, reason } of skipped) output.say(`left out: ${object}, because ${reason}`);
  for (const { sobject, column_name: column, reason, rows } of setAside)
    output.say(`set aside: ${counted(rows, 'record')} of ${sobject} (${setAsidePlace(column)}): ${reason}`);
  if (skipped.length > 0) output.say('next: lockstep objects list');
  if (setAside.length > 0) output.say('next: lockstep objects set-aside');
  return skipped.length + setAside.length === 0 ? 0 : exitCodes['not healthy'];
}

/** @throws a usage error */
export function timeoutOf(args: Arguments, otherwise: number, help: string): number {
  const text = args.text('timeout');
  if (text === undefined) return otherwise;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw usageError('--timeout takes a time such as 60s, 5m or 1h', help);
}
