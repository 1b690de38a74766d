/** What a sync and its objects are at, in a person's words. */

import { shellWord } from '@lockstep/foundation/shell-words';
import type { Health, Sync } from '../control/index.ts';
import { isKeyFault } from '../core/faults.ts';

const objectStates: Record<string, string> = {
  queued: 'Queued',
  backfilling: 'Backfill',
  current: 'Current',
  stopped: 'Stopped',
  'rows missing': 'Rows missing',
};

export const stateWord = (state: string): string => objectStates[state] ?? state;

export interface SyncState {
  state: 'running' | 'waiting' | 'locked' | 'paused' | 'not running';
  /** In a column. */
  word: string;
  headline: string;
  /** Below the headline. */
  lines: string[];
}

/** A paused sync is held by nobody, and what a dead process waited for is no news. */
export function stateOf(
  { name, paused, intervalMs }: Pick<Sync, 'name' | 'paused' | 'intervalMs'>,
  { isHeld, fault }: Health,
  now: number,
): SyncState {
  if (paused) {
    const lines = [`next: lockstep sync resume ${shellWord(name)}`];
    return { state: 'paused', word: 'Paused', headline: 'Paused: the mirror stays as it is', lines };
  }
  if (!isHeld) {
    const lines = ['next: npm run demo for the demo, lockstep start for anything else'];
    const headline = 'Not running: no Lockstep process holds it';
    return { state: 'not running', word: 'Not running', headline, lines };
  }
  if (fault && isKeyFault(fault.code)) {
    const tried = 'Tried again when its settings change, and at every start.';
    const headline = `Locked: ${fault.code} ${fault.says}`;
    return { state: 'locked', word: 'Locked', headline, lines: [`next: ${fault.next}`, tried] };
  }
  if (fault) {
    const retryIn = duration(Math.max(0, timeOf(fault.retryAt) - now));
    return {
      state: 'waiting',
      word: `Waiting: ${fault.code}`,
      headline: `Waiting since ${clockTime(fault.since, now)}, next try in ${retryIn}`,
      lines: [`${fault.code}: ${fault.says}`, `next: ${fault.next}`],
    };
  }
  return { state: 'running', word: 'Running', headline: `Running, ${paceOf({ intervalMs })}`, lines: [] };
}

export const paceOf = ({ intervalMs }: Pick<Sync, 'intervalMs'>): string =>
  `one request every ${intervalMs / 1000} s`;

/** Milliseconds since 1970 of what the server prints: `2026-11-24 13:03:21+00`. */
export const timeOf = (time: string): number =>
  Date.parse(time.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));

export const inRfc3339 = (time: string | null): string | null =>
  time === null ? null : new Date(timeOf(time)).toISOString().replace('.000Z', 'Z');

/** `3 s ago`. The two clocks may differ by a little, so that nothing is read in the future. */
export const ageOf = (time: string | null, now: number): string =>
  time === null ? '–' : `${duration(Math.max(0, now - timeOf(time)))} ago`;

/** `in 3 s`. */
export function whenOf(time: string, now: number): string {
  const ms = timeOf(time) - now;
  return ms > 0 ? `in ${duration(ms)}` : 'now';
}

/** In the largest unit of which there are two. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** `09:36:12 UTC`, with the date where that is another day. */
export function clockTime(time: string, now: number): string {
  const [day = '', clock = ''] = new Date(timeOf(time)).toISOString().split('T');
  const isToday = day === new Date(now).toISOString().slice(0, 10);
  return `${isToday ? '' : `${day} `}${clock.slice(0, 8)} UTC`;
}
