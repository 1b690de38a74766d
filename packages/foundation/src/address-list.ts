import { BlockList, isIP } from 'node:net';

/** IP addresses and nets (`10.0.0.0/8`) as a set that can be asked. Null where one of them is neither. */
export function parseAddressList(list: readonly string[]): BlockList | null {
  const addresses = new BlockList();
  for (const entry of list) {
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
    const family = isIP(address);
    const bitsMax = family === 4 ? 32 : 128;
    const prefix = Number(bits ?? bitsMax);
    if (family === 0 || prefix > bitsMax) return null;
    addresses.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return addresses;
}

/** A socket that takes both families names an IPv4 peer in the form of IPv6; that counts as well. */
export const isListed = (addresses: BlockList, address: string): boolean =>
  addresses.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
