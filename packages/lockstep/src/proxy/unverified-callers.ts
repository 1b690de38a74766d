/**
 * Callers of whom it is not known yet whether their token is good. Whether it is, only Salesforce can say, after the
 * write was recorded in the destination and sent. Whoever knows a sync's address and its org's Id could make up tokens
 * and have thousands of writes recorded; so all unverified callers of a sync together have few under way, until Salesforce has
 * once done what one of them asked for. A caller with a good token is an unverified caller for the length of one answer.
 */
import type { Clock } from '@lockstep/foundation/clock';
import type { Permit } from '@lockstep/foundation/fair-queue';
import { type AdmissionBounds, type Asking, admissionBounds, openAdmission } from './admission.ts';
import type { Target } from './target.ts';
import type { Caller } from './token-org.ts';
import { isSuccess } from './writes-of.ts';

export interface UnverifiedCallers {
  /**
   * Resolves at once for whom is known, else when few enough others write; leave the place at the end of the request.
   *
   * @throws Fault PRX-10 as of {@link Admission}
   */
  admitWrite(sync: string, caller: Caller, asking: Asking): Promise<Permit>;
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
  /** Until when, by the caller's hash; who was answered last stands last. */
  const known = new Map<string, number>();
  const isKnown = ({ hash }: Caller) => (known.get(hash) ?? 0) > clock.now();

  return {
    async admitWrite(sync, caller, asking) {
      if (isKnown(caller)) return noPermit;
      const permit = await line.admit([sync, caller.hash], asking);
      if (!isKnown(caller)) return permit;
      permit.leave(); // became known while he waited: the next one is let in at once
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

/** The list of versions, sign-in pages and what browsers ask beforehand are answered without a look at the token. */
function isProof({ method, segments }: Pick<Target, 'method' | 'segments'>, status: number): boolean {
  return (
    isSuccess({ status }) &&
    method !== 'OPTIONS' &&
    segments[1]?.toLowerCase() === 'data' &&
    segments.length > 3
  );
}
