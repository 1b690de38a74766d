/** The flag --since. */
import { systemClock } from '@lockstep/foundation/clock';
import { usageError } from '../../core/request-error.ts';
import type { Flag } from '../arguments.ts';

export const sinceFlag: Flag = {
  value: 'TIME',
  description: 'From then on: 30m, 12h, 7d ago, or a time such as 2026-11-24T13:00:00Z.',
};

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** As RFC 3339. @param help  the command that explains the flag */
export function timeGiven(text: string, help: string): string {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const ago = Number(count) * (unitMs[unit] ?? 0);
  const time = unit === '' ? Date.parse(text) : systemClock.now() - ago;
  if (Number.isNaN(time))
    throw usageError('--since takes 30m, 12h, 7d or a time such as 2026-11-24T13:00:00Z', help);
  return new Date(time).toISOString();
}
