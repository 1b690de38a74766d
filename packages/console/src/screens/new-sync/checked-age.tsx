import { TriangleAlert } from 'lucide-react';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/use-now.ts';
import { formatAge, formatDuration } from '../../words/format.ts';
import type { Check } from './checks.ts';
import { words } from './words.ts';

/** From then on somebody may have changed in Salesforce or the database what was checked. */
const oldMs = 300_000;

/** When a check was made, and whether its result is old; makes it again. */
export function CheckedAge({
  check,
  isAutomatic = false,
  onCheck,
}: {
  check: Check<unknown>;
  /** Changed answers are checked by themselves. */
  isAutomatic?: boolean;
  onCheck: () => void;
}) {
  const now = useNow(5_000);
  const { at } = check;
  const isOutdated = check.isOutdated && !isAutomatic;
  const isBusy = check.isBusy || (check.isOutdated && isAutomatic);
  const ageMs = at === null ? 0 : now - at;
  const isOld = isOutdated || ageMs > oldMs;
  return (
    <div className="flex flex-wrap items-center gap-3">
      <p
        role="status"
        className={isOld ? 'flex items-center gap-1 font-medium text-warn' : 'text-muted tabular-nums'}
      >
        {isOld && <TriangleAlert aria-hidden size={14} className="shrink-0" />}
        {saysOf({ isBusy, isOutdated, isOld, ageMs, at })}
      </p>
      <Button isBusy={check.isBusy} onClick={onCheck}>
        {words.checkAgain}
      </Button>
    </div>
  );
}

function saysOf({
  isBusy,
  isOutdated,
  isOld,
  ageMs,
  at,
}: {
  isBusy: boolean;
  isOutdated: boolean;
  isOld: boolean;
  ageMs: number;
  at: number | null;
}): string {
  if (isBusy) return words.checking;
  if (isOutdated) return words.outdated;
  if (at === null) return '';
  // Its seconds would be said again and again.
  return isOld
    ? words.old(formatDuration(Math.floor(ageMs / 60_000) * 60_000))
    : `${words.checked} ${ageMs < 60_000 ? 'just now' : formatAge(Math.floor(ageMs / 60_000) * 60_000)}`;
}
