import { type NewSyncRequest, type SyncRequestStatus } from '../../control/index.ts';
import { counted, formatCount } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import {
  askAndWait,
  type PendingRequest,
  type RequestProgress,
  type SyncRequestResult,
} from '../../operations/ask-sync.ts';
import { setAsidePlace, setAsideReason } from '../../operations/set-aside-words.ts';
import type { Arguments } from '../arguments.ts';
import { parseDuration } from '../terminal/duration.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { type Output } from '../terminal/output.ts';

export interface Waiting extends PendingRequest {
  output: Output;
}

/** askAndWait, with its progress on the terminal. */
export async function requestAndWait(
  { output, ...asking }: Waiting,
  syncRequest: NewSyncRequest,
): Promise<SyncRequestResult> {
  const tell = progressOn(output, syncRequest.kind, asking.sync.name);
  try {
    return await askAndWait(asking, syncRequest, tell);
  } finally {
    output.show([]);
    if (asking.isKept && asking.stop.aborted) output.say('No longer waiting; the request itself continues.');
  }
}

/** On a terminal, repaints what is left; elsewhere prints a line whenever another object is done. */
function progressOn(
  output: Output,
  kind: string,
  name: string,
): (news: SyncRequestStatus, progress: RequestProgress | null) => void {
  let said = '';
  return (news, progress) => {
    const figures = progress ? `${progress.done} of ${progress.of} objects` : 'requested';
    output.show([`${name}  ${kind}  ${figures}  ${shortDuration(news.tookMs)}`, ...leftOf(progress)]);
    if (!output.isTerminal && progress && figures !== said) output.say(`${name} ${kind}: ${figures}`);
    said = figures;
  };
}

const leftOf = (progress: RequestProgress | null): string[] =>
  (progress?.objects ?? []).map(
    ({ object, rows, of }) =>
      `  ${object}${rows > 0 ? `  ${formatCount(rows)} of about ${formatCount(of)} rows` : ''}`,
  );

export const shortDuration = (ms: number): string =>
  ms < 120_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;

/** Prints what was left out, repaired or set aside, and returns the exit code. */
export function reportResult({ skipped, repairs, setAside }: SyncRequestResult, output: Output): number {
  for (const { sobject, kind, rows } of repairs) {
    output.say(
      `${sobject}: ${rows === 1 ? '1 row was' : `${formatCount(rows)} rows were`} ${kind}; repaired`,
    );
  }
  for (const { object, reason } of skipped) output.say(`left out: ${object}, because ${reason}`);
  for (const { sobject, column, code, rows } of setAside) {
    output.say(
      `set aside: ${counted(rows, 'record')} of ${sobject} (${setAsidePlace(column)}): ${setAsideReason(code)}`,
    );
  }
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
