/** Who is at the other end of a request, and whether somebody on the way could read it. */
import type { IncomingHttpHeaders } from 'node:http';
import { type BlockList, isIP } from 'node:net';
import { isListed } from '@lockstep/foundation/address-list';
import { isThisMachine } from '@lockstep/foundation/this-machine';

/** The other end of the connection. */
export interface Peer {
  address: string;
  isEncrypted: boolean;
}

export interface Client {
  /** Behind a TLS terminator that is trusted: what it says. */
  address: string;
  /** `local`: http that does not leave this machine; `plain`: http that others may read, or of which that is not known. */
  way: 'https' | 'local' | 'plain';
}

/** Only terminators that are named are believed. */
export function clientOf(peer: Peer, headers: IncomingHttpHeaders, trustedProxies: BlockList): Client {
  const isTrusted = (address: string) => isIP(address) !== 0 && isListed(trustedProxies, address);
  const isBehind = isTrusted(peer.address);
  const forwardedFor = isBehind ? entriesOf(headers['x-forwarded-for']).filter((one) => isIP(one) !== 0) : [];
  const address = forwardedFor.findLast((one) => !isTrusted(one)) ?? peer.address;
  const protocols = isBehind ? entriesOf(headers['x-forwarded-proto']) : [];
  const isHttps = protocols.length > 0 && protocols.every((one) => one === 'https');
  if (peer.isEncrypted || isHttps) return { address, way: 'https' };
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-proto'].some((name) => name in headers);
  const isLocal = !isForwarded && isThisMachine(address) && isThisMachine(hostOf(headers));
  return { address, way: isLocal ? 'local' : 'plain' };
}

const entriesOf = (header: string | string[] | undefined): string[] =>
  [header ?? '']
    .flat()
    .join(',')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** Without its port; a terminator that is not named passes on the name by which others reach it. */
const hostOf = ({ host = '' }: IncomingHttpHeaders): string =>
  URL.parse(`http://${host}`)?.hostname ?? 'none';
