import { type Fault, isCredentialRefused } from '../../core/faults.ts';

/** The longest wait, even if Salesforce asks for a longer one. */
const backoffMsMax = 3_600_000;

/**
 * How long a stream or a sync rests after its n-th failure in a row; a longer wait that Salesforce asks for is kept. A
 * refused credential stays refused until a person acts, and frequent tries can lock the user; a change of the sync's
 * settings ends the rest. Other faults that need a person lock nobody, and may come from a single wrong answer.
 */
export function backoffMs(tries: number, fault: Fault): number {
  if (isCredentialRefused(fault)) return backoffMsMax;
  const asked = Math.min(fault.safe.waitMs ?? 0, backoffMsMax);
  return Math.max(asked, Math.min(60_000, 1_000 * 2 ** Math.min(tries, 6)));
}
