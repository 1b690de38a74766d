import { isThisMachine } from './this-machine.ts';

/** Parameters of a connection URL that decide about TLS. */
const decidesTls = ['sslmode', 'ssl', 'sslnegotiation', 'sslrootcert', 'sslcert', 'sslkey'];

/**
 * The URL with `sslmode=verify-full`, because without it the driver sends the password to whoever answers, and to
 * everybody who listens. Unchanged if the URL itself decides about TLS, or if the server is on this machine.
 */
export function withTls(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || decidesTls.some((name) => parsed.searchParams.has(name))) return url;
  const host = parsed.searchParams.get('host') ?? decodeURIComponent(parsed.hostname);
  if (isThisMachine(host)) return url;
  parsed.searchParams.set('sslmode', 'verify-full');
  return parsed.toString();
}
