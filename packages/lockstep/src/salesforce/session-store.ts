/**
 * Where a sync's credential and its newest session are kept, so that all processes that run the sync share one session:
 * Salesforce may replace a refresh token at each use, and then takes a second use of the old one for a theft.
 */
import type { Credential } from '../core/credential.ts';
import type { Fault } from '../core/faults.ts';
import type { OrgId } from '../core/ids.ts';

export interface StoredSession {
  /** Increases with each session of the sync. */
  no: number;
  token: string;
  orgId: OrgId;
  instanceUrl: string;
}

export interface SignInState {
  /** Where the token endpoint is. */
  loginUrl: string;
  credential: Credential;
  /** The newest; null: there was none yet. */
  session: StoredSession | null;
  /** Salesforce has refused the credential, and will not be asked again for this long. */
  refusal: { fault: Fault; lastsMs: number } | null;
}

export interface SessionStore {
  read(): Promise<SignInState>;
  /**
   * Takes the right to sign in, for {@link signInMaxMs}; null: another process has it. It ends with save, refuse or
   * release.
   */
  claim(): Promise<SignInState | null>;
  save(session: Omit<StoredSession, 'no'>, learned: LearnedAtSignIn): Promise<StoredSession>;
  refuse(fault: Fault, lastsMs: number): Promise<void>;
  release(): Promise<void>;
}

/** What an answer of the token endpoint says besides the session. */
export interface LearnedAtSignIn {
  /** The successor of the one that was used; undefined: that stays valid. */
  refreshToken: string | undefined;
  /** Where the sync's org is now; null: the answer is of another org, or its address is not allowed. */
  orgAddress: string | null;
}

/** How long a sign-in may take; longer than its request's time-out. */
export const signInMaxMs = 45_000;

/**
 * A store that only this process sees, for what is not a sync yet. A refusal is remembered by whoever was refused.
 *
 * @param onRenewed  keeps a credential whose refresh token Salesforce has replaced; nothing is done before it is kept
 */
export function ownSessionStore(
  { loginUrl, credential }: Pick<SignInState, 'loginUrl' | 'credential'>,
  onRenewed: (credential: Credential, session: StoredSession) => Promise<void> = () => Promise.resolve(),
): SessionStore {
  let state: SignInState = { loginUrl, credential, session: null, refusal: null };
  return {
    read: async () => state,
    claim: async () => state,
    async save(granted, { refreshToken }) {
      const { credential: used } = state;
      const isRotated = used.flow === 'refresh token' && refreshToken !== undefined;
      const session = { ...granted, no: (state.session?.no ?? 0) + 1 };
      state = { ...state, session, credential: isRotated ? { ...used, refreshToken } : used };
      if (isRotated) await onRenewed(state.credential, session);
      return session;
    },
    refuse: async () => undefined,
    release: async () => undefined,
  };
}
