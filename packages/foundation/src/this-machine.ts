/**
 * Whether a host name, an address or a peer of a socket is this machine itself. A folder is that of a Unix socket, and
 * without a host programs connect to localhost.
 */
export const isThisMachine = (host: string): boolean =>
  host === '' ||
  host.startsWith('/') ||
  /^(?:.+\.)?localhost$/i.test(host) ||
  /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(host) ||
  /^\[?::1\]?$/.test(host);
