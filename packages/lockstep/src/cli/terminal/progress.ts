/** Shows how far a sync is: bars on a terminal; elsewhere a line at each change, and one a minute in any case. */
import { systemClock } from '@lockstep/foundation/clock';
import type { Output } from './output.ts';
import {
  headLine,
  objectBars,
  openTotals,
  type Phase,
  phaseOf,
  type SyncProgress,
  totalLine,
} from './progress-lines.ts';

const lineEveryMs = 60_000;
/** Lines of a terminal that are not for objects. */
const otherLines = 3;

/** @param foot  the last line on a terminal */
export function openProgress(name: string, output: Output, foot = ''): (seen: SyncProgress) => void {
  const totalsOf = openTotals();
  let saidAt = 0;
  let phaseBefore: Phase | undefined;
  let statesBefore: ReadonlyMap<string, string> | undefined;
  return (seen) => {
    const { objects } = seen;
    const now = systemClock.now();
    const phase = phaseOf(seen);
    const totals = totalsOf(objects, now);
    const changes = objects.flatMap(({ sobject, state }) => {
      const before = statesBefore?.get(sobject) ?? 'queued';
      return statesBefore && state !== before ? [`${sobject} ${before} -> ${state}`] : [];
    });
    const isDue = phase !== phaseBefore || changes.length > 0 || now - saidAt >= lineEveryMs;
    if (isDue && output.wantsJson) {
      const states = objects.map(({ sobject, state, rows, rows_expected }) => ({
        sobject,
        state,
        rows,
        rows_expected,
      }));
      output.object({ schema: 1, at: inUtc(now), name, state: phase, ...totals, objects: states });
    } else if (isDue && !output.isTerminal) {
      for (const line of [...changes, totalLine(seen, totals)]) output.say(`${inUtc(now)} ${name} ${line}`);
    }
    if (isDue) saidAt = now;
    phaseBefore = phase;
    statesBefore = new Map(objects.map(({ sobject, state }) => [sobject, state]));
    const { columns } = output;
    const bars = objectBars(objects, { columns, lines: output.rows - otherLines, now });
    output.show([headLine(seen, totals), ...bars, ...(foot === '' ? [] : [foot])]);
  };
}

export const inUtc = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`;
