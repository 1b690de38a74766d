import { randomInt } from 'node:crypto';
import { sql } from '@lockstep/foundation/sql';
import { type Answer, answer } from '../http/answer.ts';
import type { Org } from '../org.ts';
import { type App, appOf, authenticatedApp, type KnownApp } from './apps.ts';
import type { AuthRequest } from './auth-request.ts';
import { deniedByUser, invalidGrant, OAuthError, unknownResponseType } from './oauth-error.ts';
import { grantedScopes, type Scopes } from './scopes.ts';
import { hashOf, randomSecret, searchText } from './secrets.ts';

/**
 * The device flow: a program without a browser shows a short code, its user enters that code in a browser elsewhere,
 * and the program asks until the user has decided.
 */
const codeMs = 10 * 60_000;
const intervalSeconds = 5;
/** So that a device whose clock runs slightly fast is not told to slow down. */
const slackSeconds = 1;
const userCodeLength = 8;
/** Without characters that are easily confused. */
const userCodeLetters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

type Store = Pick<Org, 'db' | 'clock'>;

/** A device only sends its app's secret if it has one. */
async function appOfDevice(org: Org, request: AuthRequest, form: URLSearchParams): Promise<KnownApp> {
  if (form.has('client_secret')) return authenticatedApp(org, request, form);
  return { ...(await appOf(org, form.get('client_id') ?? '')), secret: undefined };
}

/** `POST /services/oauth2/token` with `response_type=device_code`: a code for the device and one for its user. */
export async function issueDeviceCode(
  org: Org,
  request: AuthRequest,
  form: URLSearchParams,
): Promise<Answer> {
  const app = await appOfDevice(org, request, form);
  if (!app.flows.includes('device')) throw unknownResponseType();
  const scopes = grantedScopes(app.scopes, form.get('scope'));
  const [deviceCode, userCode] = [randomSecret(), newUserCode()];
  const now = org.clock.now();
  await org.db.query(sql`
    DELETE FROM simulator.device_code WHERE expires_at < ${new Date(now - codeMs).toISOString()}::timestamptz`);
  await org.db.query(sql`
    INSERT INTO simulator.device_code (hash, user_code, client_id, scopes, expires_at)
    VALUES (${hashOf(deviceCode)}, ${userCode}, ${app.clientId}, ${[...scopes]}::text[],
            ${new Date(now + codeMs).toISOString()})`);
  return answer(200, {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: `${org.url}/setup/connect`,
    interval: intervalSeconds,
  });
}

const newUserCode = (): string =>
  Array.from({ length: userCodeLength }, () =>
    userCodeLetters.charAt(randomInt(userCodeLetters.length)),
  ).join('');

interface Poll {
  state: 'pending' | 'allowed' | 'denied';
  userId: string | null;
  scopes: Scopes;
  isEarly: boolean;
  isOver: boolean;
}

/**
 * What the device's user decided. Issuing the tokens uses up the code.
 *
 * @throws {@link OAuthError} `authorization_pending` until the user has decided
 */
export async function redeemDeviceCode(
  org: Org,
  request: AuthRequest,
  form: URLSearchParams,
): Promise<{ app: KnownApp; userId: string; scopes: Scopes }> {
  const app = await appOfDevice(org, request, form);
  const code = form.get('code') ?? '';
  const poll = await pollCode(org, app, code);
  if (!poll) throw invalidGrant('invalid device code');
  if (poll.isOver) throw new OAuthError('expired_token', 'expired device code');
  if (poll.state === 'denied') throw deniedByUser();
  if (poll.state === 'pending' || poll.userId === null) {
    if (poll.isEarly) throw new OAuthError('slow_down', 'polling too quickly');
    throw new OAuthError('authorization_pending', 'user has not yet approved');
  }
  const used = await org.db.query(
    sql`DELETE FROM simulator.device_code WHERE hash = ${hashOf(code)} RETURNING hash`,
  );
  if (used.length === 0) throw invalidGrant('invalid device code');
  return { app, userId: poll.userId, scopes: poll.scopes };
}

async function pollCode({ db, clock }: Store, app: App, code: string): Promise<Poll | undefined> {
  const now = clock.now();
  const early = new Date(now - (intervalSeconds - slackSeconds) * 1000).toISOString();
  const [poll] = await db.query<Poll>(sql`
    WITH seen AS (
      SELECT hash, polled_at FROM simulator.device_code
       WHERE hash = ${hashOf(code)} AND client_id = ${app.clientId} FOR UPDATE)
    UPDATE simulator.device_code AS code SET polled_at = ${new Date(now).toISOString()}
      FROM seen WHERE code.hash = seen.hash
    RETURNING code.state, code.user_id AS "userId", code.scopes,
              coalesce(seen.polled_at > ${early}::timestamptz, false) AS "isEarly",
              code.expires_at <= ${new Date(now).toISOString()}::timestamptz AS "isOver"`);
  return poll;
}

/** The pending request of a user code, which may be typed in any case. */
export async function deviceOf(
  { db, clock }: Store,
  userCode: string,
): Promise<{ clientId: string; userCode: string; scopes: Scopes } | undefined> {
  const [row] = await db.query<{ clientId: string; userCode: string; scopes: string[] }>(sql`
    SELECT client_id AS "clientId", user_code AS "userCode", scopes FROM simulator.device_code
     WHERE user_code = ${searchText(userCode.trim().toUpperCase())} AND state = 'pending'
       AND expires_at > ${new Date(clock.now()).toISOString()}::timestamptz`);
  return row;
}

/** False if the code has expired or was decided meanwhile. */
export async function decideDevice(
  { db, clock }: Store,
  userCode: string,
  userId: string,
  isAllowed: boolean,
): Promise<boolean> {
  const decided = await db.query(sql`
    UPDATE simulator.device_code SET state = ${isAllowed ? 'allowed' : 'denied'}, user_id = ${userId}
     WHERE user_code = ${userCode} AND state = 'pending'
       AND expires_at > ${new Date(clock.now()).toISOString()}::timestamptz RETURNING hash`);
  return decided.length > 0;
}
