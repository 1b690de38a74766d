/** How a sync signs in to Salesforce, sealed, and the session that all processes of the sync share. */
import { assert } from '@lockstep/foundation/assert';
import { z } from 'zod';
import type { Credential } from '../core/credential.ts';
import { Fault, isFaultCode } from '../core/faults.ts';
import type { OrgId, SyncId } from '../core/ids.ts';
import {
  type LearnedAtSignIn,
  type SessionStore,
  type SignInState,
  type StoredSession,
  signInMaxMs,
} from '../salesforce/index.ts';
import { recordActivity, recordDecision } from './activity.ts';
import { type IsExpected, lockForChange } from './change-lock.ts';
import {
  type CredentialRow,
  claimSignIn,
  releaseSignIn,
  replaceCredentialRow,
  selectCredential,
  updateRefusal,
  updateSession,
} from './credential-sql.ts';
import { type Control, keyOf } from './database.ts';
import { unwrapDataKey } from './keys.ts';
import { learningAddress, type OrgAddress } from './org-address.ts';
import { type Key, seal, unseal } from './sealing.ts';
import { deleteSignIn } from './sign-in-sql.ts';
import { endRecopying, insertOrg, notify, syncChannel, updateOrg } from './sql.ts';

export const credentialSchema: z.ZodType<Credential> = z.discriminatedUnion('flow', [
  z.object({ flow: z.literal('client credentials'), clientId: z.string(), clientSecret: z.string() }),
  z.object({
    flow: z.literal('jwt bearer'),
    clientId: z.string(),
    username: z.string(),
    privateKey: z.string(),
  }),
  z.object({
    flow: z.literal('refresh token'),
    clientId: z.string(),
    clientSecret: z.string().nullable(),
    refreshToken: z.string(),
  }),
]);
const sessionSchema = z.object({
  token: z.string(),
  orgId: z.string().transform((id) => id as OrgId),
  instanceUrl: z.string(),
});

const placeOf = (syncId: SyncId, column: string) => ({ table: 'credential', column, rowId: syncId });

/** For the column `sealed_credential`. */
export const sealCredential = (dataKey: Key, syncId: SyncId, credential: Credential): string =>
  seal(dataKey, placeOf(syncId, 'sealed_credential'), Buffer.from(JSON.stringify(credential)));

/**
 * The credential of a sync.
 *
 * @throws {@link Fault} `KEY-02`, `KEY-03`; `PRX-01`: there is no such sync. The same for what follows.
 */
export async function openCredential(control: Control, syncId: SyncId): Promise<Credential> {
  const [row] = await selectCredential(control.db, syncId);
  if (!row) throw new Fault('PRX-01');
  return stateOf(control, syncId, row).credential;
}

/** What signing in needs and gives, shared by all processes that run the sync. */
export function sessionStore(control: Control, syncId: SyncId): SessionStore {
  const { db } = control;
  /** Of the claim that is under way here. */
  let claimed: CredentialRow | null = null;
  return {
    async read() {
      const [row] = await selectCredential(db, syncId);
      if (!row) throw new Fault('PRX-01');
      return stateOf(control, syncId, row);
    },
    async claim() {
      const [row] = await claimSignIn(db, syncId, signInMaxMs);
      claimed = row ?? null;
      return row ? stateOf(control, syncId, row) : null;
    },
    async save(session, learned) {
      assert(claimed, 'a session is stored by the process that signed in');
      return saveSession(control, syncId, claimed, session, learned);
    },
    async refuse({ code, safe }, lastsMs) {
      recordActivity(control, syncId, { kind: 'credential', event: 'refused', code });
      await updateRefusal(db, syncId, { code, safe }, lastsMs);
    },
    async release() {
      await releaseSignIn(db, syncId);
    },
  };
}

export interface NewCredential extends Pick<SignInState, 'loginUrl' | 'credential'>, OrgAddress {
  /** The sign-in that has held it until now; it goes, because the sync alone uses a refresh token from then on. */
  signIn?: string | null;
}

/**
 * Replaces the credential by one of the same org, which the caller has tried. Processes that run the sync use it from
 * now on. False: there is no such sync.
 *
 * @throws {@link Fault} `SYS-18`: it is being deleted; `API-04`: it is not as expected
 */
export async function replaceCredential(
  control: Control,
  syncId: SyncId,
  { loginUrl, credential, signIn = null, ...address }: NewCredential,
  isExpected?: IsExpected,
): Promise<boolean> {
  const isReplaced = await learningAddress(control, address, async (tx) => {
    await lockForChange(tx, syncId, isExpected);
    const [row] = await selectCredential(tx, syncId);
    if (!row) return false;
    const sealed = sealCredential(dataKeyOf(control, syncId, row), syncId, credential);
    await replaceCredentialRow(tx, syncId, { loginUrl, flow: credential.flow, sealed });
    if (signIn !== null) await deleteSignIn(tx, signIn);
    await notify(tx, syncChannel, syncId);
    return true;
  });
  if (isReplaced) recordDecision(control, syncId, { kind: 'credential', event: 'replaced' });
  return isReplaced;
}

/**
 * The sync is of another org from now on, which its credential leads to: its mirror must have been emptied. The old
 * org goes with its last sync. Ends what {@link beginRecopy} has begun.
 *
 * @throws {@link Fault} `SYS-18`: it is being deleted
 */
export async function replaceOrg(control: Control, syncId: SyncId, to: NewCredential): Promise<void> {
  await learningAddress(control, to, async (tx) => {
    await lockForChange(tx, syncId);
    const [row] = await selectCredential(tx, syncId);
    if (!row) throw new Fault('PRX-01');
    const { loginUrl, credential, signIn = null } = to;
    const sealed = sealCredential(dataKeyOf(control, syncId, row), syncId, credential);
    await insertOrg(tx, to);
    await updateOrg(tx, syncId, to.orgId);
    await replaceCredentialRow(tx, syncId, { loginUrl, flow: credential.flow, sealed });
    if (signIn !== null) await deleteSignIn(tx, signIn);
    await endRecopying(tx, syncId);
    await notify(tx, syncChannel, syncId);
  });
}

const dataKeyOf = (control: Control, syncId: SyncId, { sealed_data_key }: CredentialRow): Key =>
  unwrapDataKey(keyOf(control), syncId, sealed_data_key);

function stateOf(control: Control, syncId: SyncId, row: CredentialRow): SignInState {
  const dataKey = dataKeyOf(control, syncId, row);
  const open = (
    column: 'sealed_credential' | 'sealed_session' | 'sealed_client_id' | 'sealed_client_secret',
  ) => unseal(dataKey, placeOf(syncId, column), row[column] ?? '').toString();
  return {
    loginUrl: row.login_url,
    credential:
      row.sealed_credential === null
        ? {
            flow: 'client credentials',
            clientId: open('sealed_client_id'),
            clientSecret: open('sealed_client_secret'),
          }
        : credentialSchema.parse(JSON.parse(open('sealed_credential'))),
    session:
      row.sealed_session === null
        ? null
        : { ...sessionSchema.parse(JSON.parse(open('sealed_session'))), no: row.session_no },
    refusal: refusalOf(row),
  };
}

/** Null also for a code of a newer version: then Salesforce is asked. */
function refusalOf({ refusal, refused_for_ms: lastsMs }: CredentialRow): SignInState['refusal'] {
  if (!refusal || lastsMs === null || !isFaultCode(refusal.code)) return null;
  return { fault: new Fault<'SF-01'>(refusal.code as 'SF-01', { reason: '', ...refusal.safe }), lastsMs };
}

async function saveSession(
  control: Control,
  syncId: SyncId,
  claimed: CredentialRow,
  session: Omit<StoredSession, 'no'>,
  { refreshToken, orgAddress }: LearnedAtSignIn,
): Promise<StoredSession> {
  const dataKey = dataKeyOf(control, syncId, claimed);
  const { credential } = stateOf(control, syncId, claimed);
  const isRotated = credential.flow === 'refresh token' && refreshToken !== undefined;
  const sealed = {
    // One that may not be used is not kept: if its address is allowed later, a new sign-in shall tell all syncs of it.
    sealedSession:
      orgAddress === null
        ? null
        : seal(dataKey, placeOf(syncId, 'sealed_session'), Buffer.from(JSON.stringify(session))),
    sealedCredential: isRotated ? sealCredential(dataKey, syncId, { ...credential, refreshToken }) : null,
  };
  const address = orgAddress === null ? null : { orgId: session.orgId, instanceUrl: orgAddress };
  const [saved] = await learningAddress(control, address, (tx) => updateSession(tx, syncId, sealed));
  if (!saved) throw new Fault('PRX-01');
  return { ...session, no: saved.session_no };
}
