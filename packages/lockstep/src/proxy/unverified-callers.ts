/**
 * Limits what callers whose token may not be valid can take from others. Anybody who knows a sync's address and its
 * org's Id can make up tokens, and only Salesforce can tell. All unverified callers of a sync together have few
 * requests under way, and until Salesforce has accepted their token nothing is parsed or recorded for them. A caller
 * is verified by its first success; for a write, Salesforce is asked first, at the cost of one request.
 */
import type { Clock } from '@lockstep/foundation/clock';
import type { Permit } from '@lockstep/foundation/fair-queue';
import type { Dispatcher } from 'undici';
import type { ProxiedSync } from '../engine/index.ts';
import { type AdmissionBounds, type AdmissionRequest, admissionBounds, openAdmission } from './admission.ts';
import { ExpiringMap } from './expiring-map.ts';
import { headerValues } from './headers.ts';
import { getWithToken, type SmallAnswer } from './small-request.ts';
import type { Target } from './target.ts';
import type { Caller } from './token-org.ts';
import { isSuccess } from './writes-of.ts';

export interface UnverifiedCallers {
  /**
   * Resolves at once for a verified caller, else when few enough others have requests under way. Leave the permit when
   * the caller is verified or its request ends.
   *
   * @throws Fault PRX-10, as {@link Admission} does
   */
  waitForPlace(sync: string, caller: Caller, asking: AdmissionRequest): Promise<Permit>;
  /**
   * Asks Salesforce whether it accepts the caller's token, if that is not known. Returns its answer if it says that the
   * session is invalid, which is its answer to anything that the caller could ask for.
   */
  verify(
    caller: Caller,
    target: Target,
    sync: ProxiedSync,
    upstream: Dispatcher,
  ): Promise<SmallAnswer | null>;
  /** The caller has a key that is known, or for false one that is not, or not any more. */
  hasKey(caller: Caller, isKnown: boolean): void;
  /** Salesforce has answered a request of this caller. */
  answered(target: Pick<Target, 'method' | 'segments'>, caller: Caller, status: number): void;
  isVerified(caller: Caller): boolean;
  /** How many wait here. */
  waiting(): number;
}

const knownMs = 10 * 60_000;
/** A token that was refused is not asked about again for this long; what it writes meanwhile is followed by polls. */
const refusedMs = 60_000;
const entriesMax = 10_000;

const [all, ofSync, ofCaller] = admissionBounds;
const bounds: AdmissionBounds = [
  { ...all, underWay: 64 },
  { ...ofSync, underWay: 16 },
  { ...ofCaller, underWay: 8 },
];
/** How often unverified requests of one sync begin, after a few at once: each costs the org an answer. */
const paceMs = 25;
const burstMs = 500;
const noPermit: Permit = { leave: () => undefined };

export function openUnverifiedCallers(clock: Clock, stopping: AbortSignal): UnverifiedCallers {
  const line = openAdmission(clock, stopping, bounds);
  const known = new ExpiringMap<true>(clock, { keptMs: knownMs, entriesMax });
  const refused = new ExpiringMap<true>(clock, { keptMs: refusedMs, entriesMax });
  const asking = new Map<string, Promise<SmallAnswer | null>>();
  /** By sync: when the last of its unverified requests began, or is to begin. */
  const lastAt = new Map<string, number>();

  async function ask({ hash, tokens }: Caller, target: Target, sync: ProxiedSync, upstream: Dispatcher) {
    const answer = await probe(tokens, target, upstream);
    const isAccepted = answer !== null && isSuccess(answer);
    if (isAccepted) sync.forwarded(headerValues(answer.headers, 'sforce-limit-info')[0]);
    (isAccepted ? known : refused).set(hash, true);
    return answer?.status === 401 ? answer : null;
  }

  async function keepPace(sync: string): Promise<void> {
    const now = clock.now();
    const at = Math.max(now - burstMs, lastAt.get(sync) ?? 0) + paceMs;
    lastAt.set(sync, at);
    if (at > now) await clock.sleep(at - now);
  }

  return {
    async waitForPlace(sync, { hash }, request) {
      if (known.get(hash)) return noPermit;
      const permit = await line.admit([sync, hash], request);
      if (!known.get(hash)) await keepPace(sync);
      if (!known.get(hash)) return permit;
      permit.leave(); // verified while it waited: the next one gets its place at once
      return noPermit;
    },
    async verify(caller, target, sync, upstream) {
      const { hash } = caller;
      if (known.get(hash) || refused.get(hash)) return null;
      const answer =
        asking.get(hash) ?? ask(caller, target, sync, upstream).finally(() => asking.delete(hash));
      asking.set(hash, answer);
      return answer;
    },
    hasKey({ hash }, isKnown) {
      if (isKnown) known.set(hash, true);
      else known.delete(hash);
    },
    answered(target, { hash }, status) {
      if (isProof(target, status)) known.set(hash, true);
      else if (status === 401) known.delete(hash);
    },
    isVerified: ({ hash }) => known.get(hash) ?? false,
    waiting: () => line.count().waiting,
  };
}

/** Every user may read the org's own record, and the query needs no scope but `api`. */
const probeQuery = 'query?q=SELECT+Id+FROM+Organization';

/** Null if there is no telling: the request names no version, or the answer did not come. */
async function probe(
  tokens: readonly string[],
  { segments }: Target,
  upstream: Dispatcher,
): Promise<SmallAnswer | null> {
  const [token] = tokens;
  const version = segments[2] ?? '';
  if (token === undefined || tokens.length > 1 || !/^v\d+\.\d$/.test(version)) return null;
  return getWithToken(token, `/services/data/${version}/${probeQuery}`, upstream).catch(() => null);
}

/** Salesforce answers the version list, sign-in pages and CORS preflights without checking the token. */
function isProof({ method, segments }: Pick<Target, 'method' | 'segments'>, status: number): boolean {
  if (!isSuccess({ status }) || method === 'OPTIONS') return false;
  const api = segments[1]?.toLowerCase() ?? '';
  return api === 'data' ? segments.length > 3 : apisWithToken.has(api);
}

/** Besides the REST API: Apex REST, Bulk API 1.0, SOAP. */
const apisWithToken = new Set(['apexrest', 'async', 'soap']);
