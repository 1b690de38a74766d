import { type Fault, isCredentialRefused } from '../../core/faults.ts';

/** Whatever an answer asks for: after an hour it is worth another try. */
const backoffMsMax = 3_600_000;

/**
 * How long a stream or a sync rests after its n-th failure in a row; what Salesforce asks for counts for more. A
 * credential that is refused stays so until a person acts, and trying it often locks users; a change of the sync's
 * settings ends the rest. Whatever else needs a person locks nobody, and may have been a single wrong answer.
 */
export function backoffMs(tries: number, fault: Fault): number {
  if (isCredentialRefused(fault)) return backoffMsMax;
  const asked = Math.min(fault.safe.waitMs ?? 0, backoffMsMax);
  return Math.max(asked, Math.min(60_000, 1_000 * 2 ** Math.min(tries, 6)));
}
