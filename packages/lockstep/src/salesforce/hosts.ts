/** Which hosts a token may be sent to. All code that takes an address from outside checks it here first. */
import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, type LookupFunction } from 'node:net';
import { Fault } from '../core/faults.ts';

/** Domains under Salesforce's control, including sandboxes and scratch orgs; only Salesforce creates names in them. */
const suffixes = ['.salesforce.com', '.salesforce.mil', '.force.com'];

/**
 * Salesforce's own hosts by https on the default port, and the addresses that the operator has named.
 *
 * @param allowHosts `host` or `host:port`, compared as a whole; `host` alone means the scheme's default port. These may
 *                   be http and private.
 */
export function isAllowedHost(url: URL, allowHosts: readonly string[]): boolean {
  if (url.username !== '' || url.password !== '') return false;
  if (isNamedHost(url, allowHosts)) return true;
  return (
    url.protocol === 'https:' && url.port === '' && suffixes.some((suffix) => url.hostname.endsWith(suffix))
  );
}

/** Whether the operator has named exactly this address. */
export function isNamedHost(url: URL, allowHosts: readonly string[]): boolean {
  const defaultPort = { 'http:': '80', 'https:': '443' }[url.protocol];
  if (defaultPort === undefined) return false;
  const forms = [url.host, `${url.hostname}:${url.port || defaultPort}`];
  return allowHosts.some((allowed) => forms.includes(allowed.toLowerCase()));
}

/** @throws Fault `ORG-04`: not an address, or one that no secret may be sent to */
export function allowedOrigin(address: string, allowHosts: readonly string[]): URL {
  const url = URL.parse(address);
  if (url && isAllowedHost(url, allowHosts)) return new URL(url.origin);
  throw new Fault('ORG-04', { host: url?.host || 'The given address' });
}

const notPublic = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 127], // unspecified and loopback
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv6');
}

export const isPublicAddress = (address: string, family: number) =>
  !notPublic.check(address, family === 6 ? 'ipv6' : 'ipv4');

export const privateAddressCode = 'ERR_PRIVATE_ADDRESS';

/**
 * A DNS look-up that refuses names of private, link-local and metadata addresses. The connection goes to the address
 * that was checked, so it does not matter what the name server answers next (DNS rebinding).
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, []);
    if (!addresses.every(({ address, family }) => isPublicAddress(address, family))) {
      return callback(Object.assign(new Error('a private address'), { code: privateAddressCode }), []);
    }
    const [first] = addresses;
    if (options.all || first === undefined) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};
