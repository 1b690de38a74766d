/** What is kept of a proxied request for a month. */
import type { ProxiedRequest, ProxyOutcome } from '../control/index.ts';
import type { ProxiedSync } from '../engine/index.ts';
import type { RequestTimes } from './request-times.ts';
import { methods } from './target.ts';
import type { Write } from './writes-of.ts';

export interface Answered {
  requestId: string;
  method: string;
  /** Value of Lockstep-Applied, `read`, `caller left`, or a fault's code. */
  outcome: string;
  status: number;
  tookMs: number;
  times: RequestTimes;
  isVerified: boolean;
}

/** Only names that we know, and Ids of verified callers: anything else is text from the caller. */
export function recordOf(
  sync: Pick<ProxiedSync, 'streams'>,
  write: Write | undefined,
  answered: Answered,
): ProxiedRequest {
  const { requestId, method, status, tookMs, times, isVerified } = answered;
  const isMirrored = write?.kind === 'record' && sync.streams.has(write.sobject);
  return {
    requestId,
    method: methods.has(method) ? method : 'other',
    sobject: isMirrored ? write.sobject : null,
    recordId: isMirrored && isVerified && 'id' in write.change ? write.change.id : null,
    outcome: outcomeOf(answered, write !== undefined && write.kind !== 'none'),
    code: Object.hasOwn(words, answered.outcome) ? null : answered.outcome,
    status,
    tookMs,
    upstreamMs: times.upstreamMs,
    readBackMs: times.readBackMs,
    applyMs: times.applyMs,
    isVerified,
  };
}

const words: Readonly<Record<string, ProxyOutcome>> = {
  yes: 'applied',
  pending: 'pending',
  poll: 'polled',
  no: 'passed on',
  read: 'read',
  'caller left': 'caller left',
};

/** Whether a read was done is of no interest, so it is never unknown. */
function outcomeOf({ outcome, status }: Answered, isWrite: boolean): ProxyOutcome {
  if (outcome === 'PRX-04') return isWrite ? 'unknown' : 'refused';
  if (outcome === 'poll' && status >= 500) return 'unknown';
  if (outcome === 'no' && status >= 400) return 'refused';
  return words[outcome] ?? 'refused';
}
