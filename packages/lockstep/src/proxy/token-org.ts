/**
 * Which org the token of a request belongs to. A token of another org is never sent to this one. Whether a token is
 * valid is for Salesforce to decide: it is not verified here, and only its hash is kept, for a minute.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '@lockstep/foundation/clock';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { Fault } from '../core/faults.ts';
import { toLongId } from '../core/ids.ts';
import type { ProxiedSync } from '../engine/index.ts';
import { ExpiringMap } from './expiring-map.ts';
import { headerValues } from './headers.ts';
import { getWithToken } from './small-request.ts';
import type { Target } from './target.ts';

/** The sender of a request, for as long as the request lasts. */
export interface Caller {
  /** Hash of the tokens, to recognize the requests of one caller. */
  hash: string;
  tokens: readonly string[];
  /** A key of Lockstep's, which never leaves for Salesforce; null: the tokens are Salesforce's. */
  key: string | null;
}

export interface TokenOrgs {
  /** Throws the fault PRX-03, or PRX-02 if a token itself names another org. */
  callerOf(target: Target, rawHeaders: readonly string[], sync: ProxiedSync): Caller;
  /** Asks Salesforce if a token does not name its org. Throws the fault PRX-02, or NET-01 if asking fails. */
  check(caller: Caller, sync: ProxiedSync, upstream: Dispatcher): Promise<void>;
}

const kept = { keptMs: 60_000, entriesMax: 1_000 };

export function openTokenOrgs(clock: Clock): TokenOrgs {
  const asked = new ExpiringMap<Promise<string | null>>(clock, kept);

  function askOnce(token: string, sync: ProxiedSync, upstream: Dispatcher): Promise<string | null> {
    const key = hashOf(sync, [token]);
    const known = asked.get(key);
    if (known) return known;
    const org = askOrg(token, sync, upstream);
    asked.set(key, org);
    org.catch(() => asked.delete(key));
    return org;
  }

  return {
    callerOf(target, rawHeaders, sync) {
      const tokens = tokensOf(rawHeaders);
      if (tokens.length === 0 && !isVersionList(target)) throw new Fault('PRX-03');
      if (tokens.some((token) => (orgIn(token) ?? sync.orgId) !== sync.orgId)) throw new Fault('PRX-02');
      return { hash: hashOf(sync, tokens), tokens, key: keyIn(tokens) };
    },
    async check({ tokens }, sync, upstream) {
      for (const token of tokens) {
        if (orgIn(token) !== undefined) continue;
        const org = await askOnce(token, sync, upstream);
        // Null: Salesforce does not accept the token. It is forwarded, so that clients get the error that they expect.
        if (org !== null && org !== sync.orgId) throw new Fault('PRX-02');
      }
    },
  };
}

const hashOf = ({ instanceUrl }: ProxiedSync, tokens: readonly string[]) =>
  createHash('sha256')
    .update([instanceUrl, ...tokens].join('\n'))
    .digest('base64');

const isKey = (token: string) => /^ls[kp]_/.test(token);

/** @throws Fault PRX-03: a key and a token together */
function keyIn(tokens: readonly string[]): string | null {
  const key = tokens.find(isKey);
  if (key !== undefined && tokens.length > 1) throw new Fault('PRX-03');
  return key ?? null;
}

/** The list of API versions is public. */
const isVersionList = ({ method, segments }: Target) =>
  method === 'GET' && segments.length === 2 && segments.join('/') === 'services/data';

/** Bulk API 1 sends the same token in a header of its own. */
function tokensOf(rawHeaders: readonly string[]): string[] {
  const bearers = headerValues(rawHeaders, 'authorization').map((value) => {
    const token = /^(?:bearer|oauth) +(\S+) *$/i.exec(value)?.[1];
    if (token === undefined) throw new Fault('PRX-03');
    return token;
  });
  const sessions = headerValues(rawHeaders, 'x-sfdc-session');
  if (sessions.some(isKey)) throw new Fault('PRX-03');
  return [...bearers, ...sessions];
}

/**
 * The org's Id, 18 characters, if the token names it: opaque tokens begin with its first 15 characters and an
 * exclamation mark; JWTs name it in their header (`tnk`) or their claims. Undefined: the token does not name it.
 */
function orgIn(token: string): string | undefined {
  const mark = token.indexOf('!');
  if (mark >= 0) return toLongId(token.slice(0, mark)) ?? 'not an org';
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  for (const part of parts.slice(0, 2)) {
    const claims = orgClaims.safeParse(parseJson(Buffer.from(part, 'base64url').toString('utf8')));
    if (!claims.success) continue;
    const { organization_id, org_id, tnk } = claims.data;
    const id = toLongId(organization_id ?? org_id ?? tnk?.split('/').at(-1) ?? '');
    if (id?.startsWith('00D')) return id;
  }
  return undefined;
}

const orgClaims = z.object({
  organization_id: z.string().optional(),
  org_id: z.string().optional(),
  tnk: z.string().optional(),
});

const userInfoPath = '/services/oauth2/userinfo';
const userInfo = z.object({ organization_id: z.string() });

async function askOrg(token: string, sync: ProxiedSync, upstream: Dispatcher): Promise<string | null> {
  const { status, text } = await getWithToken(token, userInfoPath, upstream).catch((cause: unknown) => {
    throw new Fault('NET-01', { host: new URL(sync.instanceUrl).host, reason: 'userinfo' }, { cause });
  });
  if (status === 401 || status === 403) return null;
  const parsed = userInfo.safeParse(parseJson(text));
  if (status !== 200 || !parsed.success) {
    throw new Fault('NET-01', { host: new URL(sync.instanceUrl).host, reason: `userinfo ${status}` });
  }
  return toLongId(parsed.data.organization_id) ?? 'not an org';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
