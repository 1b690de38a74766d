/**
 * The session of a sync. A caller that needs one while another is being fetched waits for that one, in whichever
 * process it is fetched.
 */

import { orAbort } from '@lockstep/foundation/abort';
import { Fault, isCredentialRefused } from '../core/faults.ts';
import type { OrgId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { type GrantDeps, type Granted, signInWith } from './grants.ts';
import { allowedOrigin } from './hosts.ts';
import { type SessionStore, type SignInState, type StoredSession, signInMaxMs } from './session-store.ts';

export interface SalesforceSession {
  /** Increases with each session of the sync. */
  no: number;
  token: string;
  orgId: OrgId;
  instance: URL;
}

/** A refused credential is not tried again for this long: repeated tries lock the user. */
const refusalLastsMs = 3_600_000;
/**
 * Signing in is tried again this soon after any other fault that a person must fix, such as a token for another org:
 * that locks nobody and may be a single wrong answer. A session that is refused just after it was renewed may also be
 * accepted a little later. The limit is needed because read-backs ask twice a second, and Salesforce allows a user
 * 3,600 sign-ins an hour.
 */
const signInEveryMs = 10_000;
/** While another process signs in. */
const lookEveryMs = 200;
/** Of storing a session that Salesforce has given. */
const saveEveryMs = 1_000;

interface AuthOptions extends GrantDeps {
  store: SessionStore;
  expectOrgId: OrgId | undefined;
  log: AppLog;
}

export interface Auth {
  session(signal: AbortSignal): Promise<SalesforceSession>;
  /** Looks again at what is stored: somebody may have replaced the credential, or fixed what was wrong with it. */
  forgetRefusal(): void;
  /** Makes the next request sign in again, unless the session was renewed a moment ago. */
  drop(refused: SalesforceSession): void;
  /**
   * A session other than `refused`, perhaps one that another caller has fetched meanwhile. Null if `refused` itself
   * replaced a refused session a moment ago.
   */
  renewed(refused: SalesforceSession, signal: AbortSignal): Promise<SalesforceSession | null>;
}

export function openAuth(options: AuthOptions): Auth {
  const { clock } = options;
  let current: SalesforceSession | null = null;
  let underWay: Promise<SalesforceSession> | null = null;
  let refusal: { fault: Fault; until: number } | null = null;
  let renewedAt = Number.NEGATIVE_INFINITY;
  /** No session up to this one is used any more. */
  let dropped = 0;

  const refuse = (fault: Fault, lastsMs: number) => {
    refusal = { fault, until: clock.now() + lastsMs };
  };

  const session = async (signal: AbortSignal): Promise<SalesforceSession> => {
    if (current) return current;
    if (refusal && clock.now() < refusal.until) throw refusal.fault;
    // One caller's signal must not abort what others wait for; the transport's time-out bounds it.
    underWay ??= newestSession(options, dropped)
      .then((newest) => {
        current = newest;
        refusal = null;
        return newest;
      })
      .catch((error: unknown) => {
        if (error instanceof StoredRefusal) {
          refuse(error.fault, error.lastsMs);
          throw error.fault;
        }
        if (error instanceof Fault && error.kind === 'needs-person')
          refuse(error, isCredentialRefused(error) ? refusalLastsMs : signInEveryMs);
        throw error;
      })
      .finally(() => {
        underWay = null;
      });
    return orAbort(underWay, signal);
  };

  const drop = (refused: SalesforceSession) => {
    const now = clock.now();
    if (current?.no !== refused.no || now - renewedAt < signInEveryMs) return;
    current = null;
    dropped = refused.no;
    renewedAt = now;
  };

  return {
    session,
    forgetRefusal() {
      refusal = null;
      current = null;
    },
    drop,
    async renewed(refused, signal) {
      drop(refused);
      return current?.no === refused.no ? null : session(signal);
    },
  };
}

/** What another process was told a while ago. */
class StoredRefusal extends Error {
  readonly fault: Fault;
  readonly lastsMs: number;
  constructor({ fault, lastsMs }: NonNullable<SignInState['refusal']>) {
    super(fault.message);
    this.fault = fault;
    this.lastsMs = lastsMs;
  }
}

/** The stored session if it is newer than `dropped`, else a new one, by this process or by another. */
async function newestSession(options: AuthOptions, dropped: number): Promise<SalesforceSession> {
  const { store, clock } = options;
  const began = clock.now();
  while (clock.now() - began < 2 * signInMaxMs) {
    const known = usable(options, await store.read(), dropped);
    if (known) return known;
    const claimed = await store.claim();
    if (claimed) return signIn(options, claimed, dropped);
    await clock.sleep(lookEveryMs);
  }
  throw new Fault('NET-01', { host: 'Salesforce', reason: 'another process is signing in' });
}

/** Null also for one of another org or at an address that is not allowed: a new sign-in may give a better one. */
function usable(
  options: AuthOptions,
  { session, refusal }: SignInState,
  dropped: number,
): SalesforceSession | null {
  if (refusal) throw new StoredRefusal(refusal);
  if (!session || session.no <= dropped) return null;
  try {
    return checked(options, session);
  } catch {
    return null;
  }
}

/** @throws Fault `ORG-02`: the credential, which was of the sync's own org when it was stored, is now of another; `ORG-04` */
function checked(options: AuthOptions, stored: StoredSession): SalesforceSession {
  const { no, token, orgId } = stored;
  return { no, token, orgId, instance: addressOf(options, stored) };
}

/** @throws as {@link checked} */
function addressOf(
  { allowHosts, expectOrgId }: AuthOptions,
  { orgId, instanceUrl }: Pick<StoredSession, 'orgId' | 'instanceUrl'>,
): URL {
  if (expectOrgId !== undefined && orgId !== expectOrgId) throw new Fault('ORG-02', { org: orgId });
  return allowedOrigin(instanceUrl, allowHosts);
}

/** With the right to do so, which ends here. */
async function signIn(options: AuthOptions, state: SignInState, dropped: number): Promise<SalesforceSession> {
  const { store, log } = options;
  try {
    // Another process may have signed in between the look and the claim.
    const known = usable(options, state, dropped);
    if (known) {
      await store.release();
      return known;
    }
    const granted = await signInWith(options, state.loginUrl, state.credential);
    const session = checked(options, await save(options, granted));
    log.info('signed in to salesforce', { org: session.orgId, host: session.instance.host });
    return session;
  } catch (error) {
    if (error instanceof Fault && isCredentialRefused(error)) await store.refuse(error, refusalLastsMs);
    else await store.release();
    throw error;
  }
}

/** Before the session is used: the answer may hold the only copy of a new refresh token, so storing it is tried again. */
async function save(options: AuthOptions, granted: Granted): Promise<StoredSession> {
  const { store, clock, log } = options;
  const { refreshToken, ...session } = granted;
  const learned = { refreshToken, orgAddress: addressIfAllowed(options, granted) };
  const began = clock.now();
  for (;;) {
    try {
      return await store.save(session, learned);
    } catch (error) {
      log.warn('a session could not be stored', { where: error instanceof Error ? error.name : 'unknown' });
      if (clock.now() - began > signInMaxMs) throw error;
    }
    await clock.sleep(saveEveryMs);
  }
}

/** Null: what comes with the session is stored all the same, but nobody else is told to go there. */
function addressIfAllowed(options: AuthOptions, granted: Granted): string | null {
  try {
    return addressOf(options, granted).origin;
  } catch {
    return null;
  }
}
