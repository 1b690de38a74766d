import type { Session } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';

/** A session as programs get it, without what makes it valid. */
export const sessionView = ({ id, createdAt, lastSeenAt, expiresAt, address, userAgent }: Session) => ({
  id,
  created_at: inRfc3339(createdAt) ?? '',
  last_seen_at: inRfc3339(lastSeenAt) ?? '',
  expires_at: inRfc3339(expiresAt) ?? '',
  address,
  user_agent: userAgent,
});

/** The same of one that may have ended. */
export const listedSessionView = (session: Session) => ({
  ...sessionView(session),
  ended_at: session.ended && inRfc3339(session.ended.at),
  ending: session.ended?.why ?? null,
});

/** `Firefox 141 on Linux`; of a program what it calls itself. Never longer than a line. */
export function shortUserAgent(given: string): string {
  const [, name, version] = /\b(Edg|OPR|Firefox|Chrome|Version)\/(\d{1,4})/.exec(given) ?? [];
  const [system] = /\b(Windows|Android|iPhone|iPad|Mac OS X|CrOS|Linux)\b/.exec(given) ?? [];
  if (name === undefined) return (given.split(' ')[0] ?? '').replaceAll(/[^\x20-\x7e]/g, '').slice(0, 60);
  const browser = { Edg: 'Edge', OPR: 'Opera', Version: 'Safari' }[name] ?? name;
  return `${browser} ${version}${system === undefined ? '' : ` on ${system}`}`;
}
