/** Conditional requests: what is answered only if it has changed since the last answer. */
import type { ServerSeconds } from '../core/stamps.ts';
import { parseJsonOrUndefined } from './faults.ts';
import { secondsOfHttpDate } from './transport.ts';

/** `Last-Modified` of a subrequest's headers, given as JSON text; null: there is none that can be read. */
export function changedAtOf(headers: string): string | null {
  const parsed = headers === '' ? undefined : parseJsonOrUndefined(headers);
  if (typeof parsed !== 'object' || parsed === null) return null;
  const [, value] = Object.entries(parsed).find(([name]) => name.toLowerCase() === 'last-modified') ?? [];
  return typeof value === 'string' && secondsOfHttpDate(value) !== null ? value : null;
}

/**
 * The condition for asking again, an HTTP date. The dates are in whole seconds: in the second of an answer a second
 * change may follow, which has the same date, so the condition is then a second earlier.
 *
 * @param changedAt  `Last-Modified` of an answer
 * @param answeredAt  its `Date`
 */
export function conditionAfter(changedAt: string | null, answeredAt: ServerSeconds | null): string | null {
  const changed = changedAt === null ? null : secondsOfHttpDate(changedAt);
  if (changed === null || answeredAt === null) return null;
  return new Date((answeredAt - changed < 2 ? changed - 1 : changed) * 1_000).toUTCString();
}
