/**
 * Who may use the API: requests of this server's own name, from no foreign web page, with a key. A browser can be made
 * to send requests to this machine (DNS rebinding, forged forms); it then names another host, or the page it is from.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { BlockList } from 'node:net';
import { isListed } from '@lockstep/foundation/address-list';
import { isThisMachine } from '@lockstep/foundation/this-machine';
import type { ApiKey } from '../control/index.ts';
import { Fault } from '../core/faults.ts';

export interface AccessRules {
  /** Besides this machine, who may send requests over plain http: TLS terminators. */
  trustedProxies: BlockList;
  /** What the Host header may be, with the port if clients send one. In lower case. */
  hosts: () => readonly string[];
  /** The key of commands on this machine, which read it from a file that only their user can read. It may do all. */
  localKey: string;
  /** Null: no such key. */
  keyOf: (key: string) => Promise<Pick<ApiKey, 'scope'> | null>;
}

interface AccessRequest {
  /** Where it comes from. */
  peer: { address: string; isEncrypted: boolean };
  headers: IncomingHttpHeaders;
  /** A route that everybody may read: it still answers to this server's own name only. */
  isPublic: boolean;
  changesNothing: boolean;
}

/**
 * @throws Fault `API-10`: plain http from another machine; `API-03`: another host, or a page of another origin; `API-02`: no key, or not one of this server's;
 *         `API-08`: a key that may only read
 */
export async function checkAccess(
  { peer, headers, isPublic, changesNothing }: AccessRequest,
  rules: AccessRules,
): Promise<void> {
  const { address, isEncrypted } = peer;
  if (!isEncrypted && !isThisMachine(address) && !isListed(rules.trustedProxies, address))
    throw new Fault('API-10', { host: address });
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  if (!rules.hosts().includes(host.toLowerCase())) throw new Fault('API-03', { reason: 'the host' });
  const isOwnPage = origin === undefined || URL.parse(origin)?.host === host.toLowerCase();
  const isOwnSite = site === undefined || site === 'same-origin' || site === 'none';
  if (!isOwnPage || !isOwnSite) throw new Fault('API-03', { reason: 'the origin' });
  if (isPublic) return;
  const key = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (key === undefined) throw new Fault('API-02');
  if (isEqual(key, rules.localKey)) return;
  const known = await rules.keyOf(key);
  if (!known) throw new Fault('API-02');
  if (known.scope === 'read' && !changesNothing) throw new Fault('API-08');
}

/** Takes as long for a wrong key as for a right one of its length. */
function isEqual(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
