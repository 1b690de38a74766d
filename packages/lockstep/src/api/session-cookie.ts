/**
 * The cookie of a session. Over https its name begins with `__Host-`, so that browsers take it from this host alone.
 * Over http on this machine it cannot: some browsers drop a Secure cookie there.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Client } from './client.ts';

const names = { https: '__Host-lockstep', local: 'lockstep' };
/** The longest that a session lasts. */
const secondsMax = 604_800;

/** Null: none, or several, of which somebody else may have set one. */
export function secretIn({ cookie = '' }: IncomingHttpHeaders, { way }: Client): string | null {
  if (way === 'plain') return null;
  const prefix = `${names[way]}=`;
  const [found, ...more] = cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix));
  return found === undefined || more.length > 0 ? null : found.slice(prefix.length);
}

/** The value of Set-Cookie; an empty secret makes the browser forget. */
export function cookieOf(secret: string, way: 'https' | 'local'): string {
  const age = secret === '' ? 0 : secondsMax;
  const secure = way === 'https' ? '; Secure' : '';
  return `${names[way]}=${secret}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}
