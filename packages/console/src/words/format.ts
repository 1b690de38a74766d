/** Numbers and times in words, as everywhere in Lockstep. */

const counts = new Intl.NumberFormat('en-US');

/** With thousands separators. */
export const formatCount = (number: number): string => counts.format(number);

/** `1 object`, `2 objects`. */
export const counted = (number: number, noun: string, plural = `${noun}s`): string =>
  `${formatCount(number)} ${number === 1 ? noun : plural}`;

/** Without decimals; with one below 10 %. */
export function formatPercent(percent: number): string {
  if (percent > 0 && percent < 0.05) return 'under 0.1 %';
  const isSmall = percent > 0 && percent < 9.95;
  return `${isSmall ? percent.toFixed(1) : formatCount(Math.round(percent))} %`;
}

/** `4,000 records/min`. */
export const formatRate = (perMinute: number, noun = 'records'): string =>
  `${formatCount(Math.round(perMinute))} ${noun}/min`;

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'];

export function formatBytes(bytes: number): string {
  let [rest, unit] = [bytes, 0];
  while (rest >= 999.5 && unit < byteUnits.length - 1) [rest, unit] = [rest / 1000, unit + 1];
  const digits = unit > 0 && rest < 9.95 ? 1 : 0;
  return `${rest.toFixed(digits)} ${byteUnits[unit]}`;
}

const timeUnits = [
  { name: 'days', one: 'day', seconds: 86_400 },
  { name: 'h', one: 'h', seconds: 3_600 },
  { name: 'min', one: 'min', seconds: 60 },
  { name: 's', one: 's', seconds: 1 },
];

/** In two units at most: `9 h 10 min`, `18 s`, `412 ms`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.round(ms / 1000);
  const at = timeUnits.findIndex((unit) => seconds >= unit.seconds);
  const [large, small] = [timeUnits[at], timeUnits[at + 1]];
  if (!large) return '0 s';
  const shown = (number: number, unit: typeof large) => `${number} ${number === 1 ? unit.one : unit.name}`;
  const whole = Math.floor(seconds / large.seconds);
  const rest = small ? Math.floor((seconds - whole * large.seconds) / small.seconds) : 0;
  return small && rest > 0 ? `${shown(whole, large)} ${shown(rest, small)}` : shown(whole, large);
}

/** How long ago, in one unit above two minutes so that it does not change with each look. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}

export type Zone = 'local' | 'UTC';

/** `2026-11-24 14:03:21 GMT+1`. */
export function formatTime(at: Date, zone: Zone = 'local'): string {
  const options: Intl.DateTimeFormatOptions = {
    ...(zone === 'UTC' && { timeZone: 'UTC' }),
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  };
  const parts = new Intl.DateTimeFormat('en-US', options).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? '';
  const day = `${part('year')}-${part('month')}-${part('day')}`;
  return `${day} ${part('hour')}:${part('minute')}:${part('second')} ${part('timeZoneName')}`;
}

/** `14:03:21`. */
export const formatClock = (at: Date, zone: Zone = 'local'): string => formatTime(at, zone).slice(11, 19);
