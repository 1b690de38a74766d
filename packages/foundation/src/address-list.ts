import { BlockList, isIP } from 'node:net';

/** A set of IP addresses and subnets (`10.0.0.0/8`). Null if an entry is neither. */
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

/** A dual-stack socket reports an IPv4 peer as an IPv4-mapped IPv6 address; that matches as well. */
export const isListed = (addresses: BlockList, address: string): boolean =>
  addresses.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
