import { Fault } from '../core/faults.ts';

/** The interval of a sync: the time between two requests that it starts by itself. */
const intervalMsMin = 200;
const intervalMsMax = 300_000;

const msPerUnit: Record<string, number> = { ms: 1, s: 1_000, m: 60_000 };

/**
 * `3s`, `0.5s`, `500ms`, `1m` → milliseconds.
 *
 * @throws {@link Fault} `LIM-05` for any other form, or outside 0.2 s to 300 s
 */
export function parseInterval(text: string): number {
  const [, count, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text.trim()) ?? [];
  const factor = msPerUnit[unit ?? ''];
  if (count === undefined || factor === undefined) throw new Fault('LIM-05', { reason: quoted(text) });
  const intervalMs = Math.round(Number(count) * factor);
  if (intervalMs < intervalMsMin || intervalMs > intervalMsMax)
    throw new Fault('LIM-05', { reason: quoted(text) });
  return intervalMs;
}

/** @throws {@link Fault} `LIM-05` */
export function checkIntervalMs(intervalMs: number): void {
  if (Number.isInteger(intervalMs) && intervalMs >= intervalMsMin && intervalMs <= intervalMsMax) return;
  throw new Fault('LIM-05', { reason: `${intervalMs} ms` });
}

/** A whole percentage of the org's daily requests. @throws {@link Fault} `LIM-05` */
export function checkStopAt(percent: number): void {
  if (Number.isInteger(percent) && percent >= 10 && percent <= 100) return;
  throw new Fault('LIM-05', { reason: `${percent} %` });
}

/** What a person typed, with control characters escaped. */
const quoted = (text: string) => JSON.stringify(text.slice(0, 40));
