/** How fast objects are copied and how long that will take, from what has been seen of them. */
import { duration } from '../core/plain-words.ts';

/** A rate is taken over this long, so that it follows a change and does not jump with each page. */
const rateOverMs = 600_000;
/** A rate over less time, or fewer pages, says little. */
const rateOverMinMs = 60_000;
const pagesMin = 3;

interface Sample {
  at: number;
  rows: number;
}

/** Of each object, the counts that have been seen; in memory, so that it begins anew with each start. */
export interface BackfillRates {
  /** Takes in a count; returns the rate in rows per minute, null: it is not known yet. */
  note(sync: string, object: { sobject: string; rows: number }, now: number): number | null;
  /** It is not copied now. */
  forget(sync: string, sobject: string): void;
}

export function openBackfillRates(): BackfillRates {
  const seen = new Map<string, Sample[]>();
  return {
    note(sync, { sobject, rows }, now) {
      const key = `${sync} ${sobject}`;
      const samples = withSample(seen.get(key) ?? [], { at: now, rows });
      seen.set(key, samples);
      return rateOf(samples, now);
    },
    forget(sync, sobject) {
      seen.delete(`${sync} ${sobject}`);
    },
  };
}

/** One for each count: of two with the same count, the first tells when it was reached. */
function withSample(samples: readonly Sample[], one: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && last.rows > one.rows) return [one]; // it is copied anew
  if (last?.rows === one.rows) return [...samples];
  const grown = [...samples, one];
  const base = grown.findLastIndex(({ at }) => at <= one.at - rateOverMs);
  return grown.slice(Math.max(0, base));
}

function rateOf(samples: readonly Sample[], now: number): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || samples.length <= pagesMin || now - first.at < rateOverMinMs) return null;
  return Math.round(((last.rows - first.rows) / (now - first.at)) * 60_000);
}

/** Null: it cannot be told. */
export const secondsLeft = (
  rows: number,
  expected: number | null,
  perMinute: number | null,
): number | null =>
  expected === null || perMinute === null || perMinute <= 0
    ? null
    : Math.max(60, Math.ceil((60 * (expected - rows)) / perMinute));

const hourMs = 3_600_000;
const minuteMs = 60_000;

/** `9 h 10 min`: to five minutes above an hour, and never less than a minute. */
export function timeLeftWords(seconds: number): string {
  const ms = seconds * 1_000;
  if (ms < hourMs) return `${Math.max(1, Math.round(ms / minuteMs))} min`;
  const minutes = Math.round(ms / minuteMs / 5) * 5;
  if (minutes >= 48 * 60) return duration(ms);
  return [`${Math.floor(minutes / 60)} h`, ...(minutes % 60 === 0 ? [] : [`${minutes % 60} min`])].join(' ');
}
