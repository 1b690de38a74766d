/** How to connect to a database that a person owns. */
import { type DatabaseAddress, databaseUrl } from '@lockstep/foundation/database';
import { type DatabaseLogin, hostOf, type OwnDatabase } from '../core/own-database.ts';
import { openTunnel } from './ssh-tunnel.ts';

/** With the login's password: never logged. All connections to one address share their tunnel. */
export function addressOf(own: OwnDatabase, login: DatabaseLogin): DatabaseAddress {
  const through = own.tunnel && { dial: openTunnel(own.tunnel).dial };
  const url = new URL(databaseUrl(`postgres://${hostOf(own)}`, { database: own.database, ...login }));
  if (own.tls === 'verify-full') return { url: url.toString(), tls: { ca: own.ca ?? undefined }, ...through };
  url.searchParams.set('sslmode', own.tls === 'off' ? 'disable' : 'no-verify'); // the driver's word for `require`
  return { url: url.toString(), ...through };
}

/** The address as people give it to their own tools. */
export function shownUrl(
  own: Pick<OwnDatabase, 'host' | 'port' | 'database' | 'tls'>,
  login: DatabaseLogin = { user: '', password: '' },
): string {
  const url = new URL(databaseUrl(`postgres://${hostOf(own)}`, { database: own.database, ...login }));
  url.searchParams.set('sslmode', own.tls === 'off' ? 'disable' : own.tls);
  return url.toString();
}
