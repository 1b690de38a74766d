/** One address in the forms of several drivers, each with its own words for TLS. */
import type { DatabaseFacts } from './facts.ts';

type Address = Pick<DatabaseFacts, 'host' | 'port' | 'database' | 'user' | 'password' | 'tls'>;

/** What the URL of a mirror says. It has no login. */
export function addressIn(url: string): Pick<Address, 'host' | 'port' | 'database' | 'tls'> {
  const parsed = new URL(url);
  return {
    // The folder of a socket, or a name in brackets if it is an address of IPv6.
    host: parsed.searchParams.get('host') ?? parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port || 5432),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    tls: parsed.searchParams.get('sslmode'),
  };
}

/** Whether only programs on the server's own machine reach it. */
export const isOnThisMachine = (host: string) => /^(127\.|localhost$|::1$|\/)/.test(host);

/** For libpq and what is made with it: psql, psycopg. It trusts the system's authorities only if it is told to. */
export function libpqUrl(address: Address): string {
  const { tls } = address;
  const root: [string, string][] = tls === 'verify-full' ? [['sslrootcert', 'system']] : [];
  return urlOf(address, tls === null ? [] : [['sslmode', tls], ...root]);
}

/** For node-postgres. It verifies the certificate in all modes but one. */
export function nodeUrl(address: Address): string {
  const { tls } = address;
  return urlOf(address, tls === null ? [] : [['sslmode', tls === 'require' ? 'no-verify' : tls]]);
}

/** Without the login. The driver looks for authorities in a file, unless it is told to take Java's. */
export function jdbcUrl({ host, port, database, tls }: Address): string {
  const factory: [string, string][] =
    tls === 'verify-full' ? [['sslfactory', 'org.postgresql.ssl.DefaultJavaSSLFactory']] : [];
  const query = tls === null ? '' : `?${new URLSearchParams([['sslmode', tls], ...factory]).toString()}`;
  return `jdbc:postgresql://${inUrl(host)}:${port}/${encodeURIComponent(database)}${query}`;
}

/** The folder of a socket has no place in a URL's host. */
function inUrl(host: string): string {
  if (host.startsWith('/')) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function urlOf({ host, port, database, user, password }: Address, parameters: [string, string][]): string {
  const login = `${encodeURIComponent(user)}${password === null ? '' : `:${encodeURIComponent(password)}`}`;
  const given: [string, string][] = host.startsWith('/') ? [['host', host], ...parameters] : parameters;
  const query = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
  return `postgresql://${login}@${inUrl(host)}:${port}/${encodeURIComponent(database)}${query}`;
}
