/**
 * Limits the writes of callers whose token may not be valid. Only Salesforce can tell, after the write was recorded
 * in the destination and sent. Anybody who knows a sync's address and its org's Id could make up tokens and have
 * thousands of writes recorded; so all unverified callers of a sync together have few writes under way. A caller is
 * verified once Salesforce has accepted a request from it: with a valid token, that takes one answer.
 */
import type { Clock } from '@lockstep/foundation/clock';
import type { Permit } from '@lockstep/foundation/fair-queue';
import { type AdmissionBounds, type AdmissionRequest, admissionBounds, openAdmission } from './admission.ts';
import type { Target } from './target.ts';
import type { Caller } from './token-org.ts';
import { isSuccess } from './writes-of.ts';

export interface UnverifiedCallers {
  /**
   * Resolves at once for a verified caller, else when few enough others write. Leave the permit when the request ends.
   *
   * @throws Fault PRX-10, as {@link Admission} does
   */
  admitWrite(sync: string, caller: Caller, asking: AdmissionRequest): Promise<Permit>;
  /** How many wait here. */
  waiting(): number;
  /** Salesforce has answered a request of this caller. */
  answered(target: Pick<Target, 'method' | 'segments'>, caller: Caller, status: number): void;
}

const writesAtOnce = 4;
const knownMs = 10 * 60_000;
const knownMax = 10_000;

const [all, ofSync, ofCaller] = admissionBounds;
const bounds: AdmissionBounds = [
  all,
  { ...ofSync, underWay: writesAtOnce },
  { ...ofCaller, underWay: writesAtOnce },
];
const noPermit: Permit = { leave: () => undefined };

export function openUnverifiedCallers(clock: Clock, stopping: AbortSignal): UnverifiedCallers {
  const line = openAdmission(clock, stopping, bounds);
  /** Until when each caller is verified, by its hash; the most recently answered comes last. */
  const known = new Map<string, number>();
  const isKnown = ({ hash }: Caller) => (known.get(hash) ?? 0) > clock.now();

  return {
    async admitWrite(sync, caller, asking) {
      if (isKnown(caller)) return noPermit;
      const permit = await line.admit([sync, caller.hash], asking);
      if (!isKnown(caller)) return permit;
      permit.leave(); // verified while it waited: the next one gets its place at once
      return noPermit;
    },
    waiting: () => line.count().waiting,
    answered(target, { hash }, status) {
      if (!isProof(target, status)) return;
      known.delete(hash);
      known.set(hash, clock.now() + knownMs);
      for (const oldest of known.keys()) {
        if (known.size <= knownMax) break;
        known.delete(oldest);
      }
    },
  };
}

/** Salesforce answers the version list, sign-in pages and CORS preflights without checking the token. */
function isProof({ method, segments }: Pick<Target, 'method' | 'segments'>, status: number): boolean {
  return (
    isSuccess({ status }) &&
    method !== 'OPTIONS' &&
    segments[1]?.toLowerCase() === 'data' &&
    segments.length > 3
  );
}
