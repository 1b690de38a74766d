/** The address of a database as a URL, as people have it. */
import type { DatabaseLogin, OwnDatabase } from './own-database.ts';

export type UrlParts = Omit<OwnDatabase, 'ca' | 'tunnel'> & { login: DatabaseLogin };

const tlsOf: Readonly<Record<string, OwnDatabase['tls']>> = {
  'verify-full': 'verify-full',
  require: 'require',
  disable: 'off',
};

/** @returns a text says what is wrong with it, without repeating it: it contains a password */
export function readDatabaseUrl(text: string): UrlParts | string {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '')
    return 'It does not have the form postgres://user:password@host:port/database.';
  const [user, password] = [decoded(url.username), decoded(url.password)];
  const database = decoded(url.pathname.slice(1));
  if (!user || !password || !database) return 'It needs a user, a password and a database.';
  const { sslmode, sslrootcert = 'system', ...others } = Object.fromEntries(url.searchParams);
  const tls = tlsOf[sslmode ?? 'verify-full'];
  if (!tls) return `sslmode may be ${Object.keys(tlsOf).join(', ')}.`;
  if (sslrootcert !== 'system') return 'Give the certificate of the authority by itself, not as sslrootcert.';
  const [other] = Object.keys(others);
  if (other !== undefined) return `It may have no parameter but sslmode, and it has ${other.slice(0, 40)}.`;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(url.port || 5432), database, tls, login: { user, password } };
}

/** Null if it is not percent-encoded text. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
