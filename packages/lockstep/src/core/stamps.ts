import type { Stamp } from './page.ts';

/**
 * Salesforce's time in whole seconds since 1970, taken from the `Date` header of an answer or from a SystemModstamp,
 * never from the local clock.
 */
export type ServerSeconds = number;

export function secondsOf(stamp: Stamp): ServerSeconds {
  return Math.floor(Date.parse(stamp.replace('+0000', 'Z')) / 1000);
}

/** A SOQL datetime literal: 2026-11-24T08:00:00Z. */
export function soqlTime(seconds: ServerSeconds): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
