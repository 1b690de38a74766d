import type { SyncObject } from '../api/queries.ts';
import { Progress } from '../ui/progress.tsx';
import { formatCount } from '../words/format.ts';
import { words } from './words.ts';

export const isCopying = ({ state }: SyncObject): boolean => state === 'backfilling' || state === 'queued';

/** How many rows an object has here; while it is copied with how many are expected, as a bar too. */
export function CopyProgress({ object }: { object: SyncObject }) {
  const { sobject, rows, rows_expected: expected, backfill_percent: percent, backfill } = object;
  if (!isCopying(object)) return <span className="tabular-nums">{formatCount(rows)}</span>;
  const left = backfill?.time_left ?? words.queued;
  return (
    <div className="ml-auto max-w-56">
      <span className="block tabular-nums">
        {expected === null ? formatCount(rows) : words.ofAbout(formatCount(rows), expected)}
      </span>
      <Progress
        percent={expected === null ? null : percent}
        says={expected === null ? formatCount(rows) : words.progress(percent, rows, expected, left)}
        label={words.backfillOf(sobject)}
      />
    </div>
  );
}
