/**
 * The session of a sync: a token from the client-credentials grant, kept in memory only. A caller that needs a token
 * while one is being fetched waits for that one.
 */

import { orAbort } from '@lockstep/foundation/abort';
import type { Clock } from '@lockstep/foundation/clock';
import { z } from 'zod';
import { Fault, isCredentialRefused } from '../core/faults.ts';
import { type OrgId, toLongId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { faultOf, parseJsonOrUndefined } from './faults.ts';
import { allowedOrigin } from './hosts.ts';
import type { Answer, Transport } from './transport.ts';

export interface SalesforceSession {
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

interface AuthOptions {
  transport: Transport;
  loginUrl: string;
  clientId: string;
  clientSecret: string;
  allowHosts: readonly string[];
  expectOrgId: OrgId | undefined;
  clock: Clock;
  log: AppLog;
}

export interface Auth {
  session(signal: AbortSignal): Promise<SalesforceSession>;
  /** Forgets that the credential was refused: somebody may have fixed it. */
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
  let current: SalesforceSession | null = null;
  let underWay: Promise<SalesforceSession> | null = null;
  let refusal: { fault: Fault; until: number } | null = null;
  let renewedAt = Number.NEGATIVE_INFINITY;

  const session = async (signal: AbortSignal): Promise<SalesforceSession> => {
    if (current) return current;
    if (refusal && options.clock.now() < refusal.until) throw refusal.fault;
    // One caller's signal must not abort what others wait for; the transport's time-out bounds it.
    underWay ??= fetchSession(options)
      .then((fetched) => {
        current = fetched;
        refusal = null;
        return fetched;
      })
      .catch((error: unknown) => {
        if (error instanceof Fault && error.kind === 'needs-person') {
          const lastsMs = isCredentialRefused(error) ? refusalLastsMs : signInEveryMs;
          refusal = { fault: error, until: options.clock.now() + lastsMs };
        }
        throw error;
      })
      .finally(() => {
        underWay = null;
      });
    return orAbort(underWay, signal);
  };

  const drop = (refused: SalesforceSession) => {
    const now = options.clock.now();
    if (current !== refused || now - renewedAt < signInEveryMs) return;
    current = null;
    renewedAt = now;
  };

  return {
    session,
    forgetRefusal() {
      refusal = null;
    },
    drop,
    async renewed(refused, signal) {
      drop(refused);
      return current === refused ? null : session(signal);
    },
  };
}

const tokenSchema = z.object({
  access_token: z.string().min(1),
  instance_url: z.string(),
  id: z.string(), // https://login.salesforce.com/id/<org id>/<user id>
});

async function fetchSession(options: AuthOptions): Promise<SalesforceSession> {
  const { transport, loginUrl, clientId, clientSecret, allowHosts, expectOrgId, log } = options;
  const login = allowedOrigin(loginUrl, allowHosts);
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  const request = {
    method: 'POST' as const,
    path: '/services/oauth2/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
  };
  const answer = await transport.exchange(login, request, new AbortController().signal);
  if (answer.status !== 200) throw grantFault(answer);
  const read = tokenSchema.safeParse(parseJsonOrUndefined(answer.text));
  if (!read.success) throw new Fault('DATA-03', { where: 'the token answer' });
  const orgId = orgOf(read.data.id);
  if (expectOrgId !== undefined && orgId !== expectOrgId) throw new Fault('ORG-01', { org: orgId });
  const instance = allowedOrigin(read.data.instance_url, allowHosts);
  log.info('signed in to salesforce', { org: orgId, host: instance.host });
  return { token: read.data.access_token, orgId, instance };
}

function orgOf(identityUrl: string): OrgId {
  const found = /\/id\/(00D\w{12,15})\/\w{15,18}$/.exec(identityUrl);
  const orgId = toLongId(found?.[1] ?? '');
  if (orgId === undefined) throw new Fault('DATA-03', { where: 'the org id of the token answer' });
  return orgId as OrgId;
}

/** Errors of the token endpoint that are temporary and say nothing about the credential. */
const temporaryErrors = new Set(['unknown_error', 'server_error', 'temporarily_unavailable', 'slow_down']);
const temporaryDescription = /rate exceeded|retry your request/i;

/** Descriptions that tell a person what to do and quote no input; all others are left out. */
const knownDescriptions = [
  'no client credentials user enabled',
  'request not supported on this domain',
  'authentication failure',
  'inactive user',
  'inactive organization',
];

const refusalSchema = z.object({
  error: z.string().regex(/^[a-z_]{1,40}$/),
  error_description: z.string().optional(),
});

function grantFault(answer: Answer): Fault {
  const refusal = refusalSchema.safeParse(parseJsonOrUndefined(answer.text));
  if (answer.status >= 500) return faultOf(answer);
  if (!refusal.success) {
    return answer.status === 401 ? new Fault('SF-01', { reason: 'status 401' }) : faultOf(answer);
  }
  const { error, error_description: description } = refusal.data;
  if (temporaryErrors.has(error) || temporaryDescription.test(description ?? '')) {
    return new Fault('NET-01', { host: answer.host, reason: error, status: answer.status });
  }
  if (error === 'invalid_client' || error === 'invalid_client_id')
    return new Fault('SF-07', { reason: error });
  const isKnown = description !== undefined && knownDescriptions.includes(description);
  return new Fault('SF-01', { reason: isKnown ? `${error}: ${description}` : error });
}
