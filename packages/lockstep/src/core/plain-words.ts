/** Counts and times in words for a user. */

/** Counts with thousands separators. */
export const formatCount = (number: number): string => number.toLocaleString('en-US');

/** `1 object`, `2 objects`. */
export const counted = (number: number, noun: string): string =>
  `${formatCount(number)} ${noun}${number === 1 ? '' : 's'}`;

/** Milliseconds since 1970 from a time as PostgreSQL prints it: `2026-11-24 13:03:21+00`. */
export const timeOf = (time: string): number =>
  Date.parse(time.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));

export const inRfc3339 = (time: string | null): string | null =>
  time === null ? null : new Date(timeOf(time)).toISOString().replace('.000Z', 'Z');

/** `3 s ago`. The two clocks may differ a little, so a negative age counts as 0. */
export const timeSince = (time: string | null, now: number): string =>
  time === null ? '–' : `${duration(Math.max(0, now - timeOf(time)))} ago`;

/** `in 3 s`. */
export function timeUntil(time: string, now: number): string {
  const ms = timeOf(time) - now;
  return ms > 0 ? `in ${duration(ms)}` : 'now';
}

/** In the largest unit that gives at least 2. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** `09:36:12 UTC`, with the date if it is not today. */
export function clockTime(time: string, now: number): string {
  const [day = '', clock = ''] = new Date(timeOf(time)).toISOString().split('T');
  const isToday = day === new Date(now).toISOString().slice(0, 10);
  return `${isToday ? '' : `${day} `}${clock.slice(0, 8)} UTC`;
}

/** Escapes control characters, so that the text stays on one line and cannot act on the terminal. */
export const printable = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
