/**
 * Who may use the API: requests of this server's own name, from no foreign web page, with a key or a session. A browser
 * can be made to send requests to this machine (DNS rebinding, forged forms); it then names another host, or the page
 * it is from, and it cannot know what the pages of a session send with each change.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { BlockList } from 'node:net';
import { isListed } from '@lockstep/foundation/address-list';
import { isThisMachine } from '@lockstep/foundation/this-machine';
import { type ApiKey, csrfTokenOf, type Session } from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { type Client, clientOf, type Peer } from './client.ts';
import { secretIn } from './session-cookie.ts';

export interface AccessRules {
  /** Besides this machine, who may send requests over plain http: TLS terminators. */
  trustedProxies: BlockList;
  /** What the Host header may be, with the port if clients send one. In lower case. */
  hosts: () => readonly string[];
  /** The key of commands on this machine, which read it from a file that only their user can read. It may do all. */
  localKey: string;
  /** Null: no such key. */
  keyOf: (key: string) => Promise<Pick<ApiKey, 'scope' | 'name'> | null>;
  /** Null: no such session, or it has ended. It may do all. Unless it is used, it is only looked at. */
  sessionOf: (secret: string, use: { isUsed: boolean }) => Promise<Session | null>;
  /** What a browser that is not signed in is told. */
  signedOut: () => Promise<'API-02' | 'API-19' | 'API-20'>;
}

interface AccessRequest {
  peer: Peer;
  method: string;
  headers: IncomingHttpHeaders;
  /** A route that everybody may use: it still answers to this server's own name only. */
  isPublic: boolean;
  /** A page of Salesforce leads a browser here: only the host is checked. */
  isNavigation: boolean;
  changesNothing: boolean;
}

export interface Caller {
  client: Client;
  /** As the audit log names it. */
  who: 'nobody' | 'administrator' | 'this machine' | `key ${string}`;
  /** Of an administrator. */
  own?: { session: Session; secret: string };
  /** Whether the key or the session is still valid, for answers that last. */
  isStillAllowed: () => Promise<boolean>;
}

/**
 * @throws Fault `API-10`: plain http from another machine; `API-03`: another host, or a page of another origin;
 *         `API-02`: no key and no session, or not of this server; `API-19`, `API-20`: nobody can sign in by a password
 *         yet; `API-08`: a key that may only read; `API-15`: a session's cookie without what its pages send
 */
export async function checkAccess(request: AccessRequest, rules: AccessRules): Promise<Caller> {
  const { peer, headers, isPublic, isNavigation, changesNothing } = request;
  const { address, isEncrypted } = peer;
  if (!isEncrypted && !isThisMachine(address) && !isListed(rules.trustedProxies, address))
    throw new Fault('API-10', { host: address });
  refuseOtherHosts(headers, rules);
  if (!isNavigation) refuseOtherSites(headers);
  const client = clientOf(peer, headers, rules.trustedProxies);
  const always = () => Promise.resolve(true);
  if (isPublic) return { client, who: 'nobody', isStillAllowed: always };
  if (headers.authorization === undefined) return ofSession(request, client, rules);
  const key = /^bearer +(\S+) *$/i.exec(headers.authorization)?.[1];
  if (key === undefined) throw new Fault('API-02');
  if (isEqual(key, rules.localKey)) return { client, who: 'this machine', isStillAllowed: always };
  const known = await rules.keyOf(key);
  if (!known) throw new Fault('API-02');
  if (known.scope === 'read' && !changesNothing) throw new Fault('API-08');
  const isStillAllowed = async () => (await rules.keyOf(key)) !== null;
  return { client, who: `key ${known.name}`, isStillAllowed };
}

function refuseOtherHosts({ host = '' }: IncomingHttpHeaders, rules: AccessRules): void {
  if (!rules.hosts().includes(host.toLowerCase())) throw new Fault('API-03', { reason: 'the host' });
}

function refuseOtherSites({ host = '', origin, 'sec-fetch-site': site }: IncomingHttpHeaders): void {
  const isOwnPage = origin === undefined || URL.parse(origin)?.host === host.toLowerCase();
  const isOwnSite = site === undefined || site === 'same-origin' || site === 'none';
  if (!isOwnPage || !isOwnSite) throw new Fault('API-03', { reason: 'the origin' });
}

async function ofSession(
  { method, headers }: AccessRequest,
  client: Client,
  { sessionOf, signedOut }: AccessRules,
): Promise<Caller> {
  const secret = secretIn(headers, client);
  const session = secret === null ? null : await sessionOf(secret, { isUsed: true });
  if (secret === null || !session) throw new Fault(await signedOut());
  const given = headers['x-lockstep-csrf'];
  const isOwnRequest = typeof given === 'string' && isEqual(given, csrfTokenOf(secret));
  if (!isReading(method) && !isOwnRequest) throw new Fault('API-15');
  const isStillAllowed = async () => (await sessionOf(secret, { isUsed: false })) !== null;
  return { client, who: 'administrator', own: { session, secret }, isStillAllowed };
}

/** Whether a request of this method changes nothing. */
export const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Takes as long for a wrong key as for a right one of its length. */
function isEqual(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
