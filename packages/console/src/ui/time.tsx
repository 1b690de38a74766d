import { formatAge, formatTime } from '../words/format.ts';
import { ui } from '../words/ui.ts';
import { useServerNow } from './use-now.ts';
import { useZone } from './zone.ts';

const tickingMs = 120_000;

/** How long ago, with the exact time for pointer, focus and screen reader. Ticks only while young. */
export function Age({ at }: { at: string | null }) {
  const [zone] = useZone();
  const isYoung = at !== null && Math.abs(Date.now() - Date.parse(at)) < tickingMs;
  const now = useServerNow(isYoung ? 1_000 : 30_000);
  if (at === null) return <span>{ui.never}</span>;
  const exact = formatTime(new Date(at), zone);
  return (
    <time dateTime={at} title={exact} className="tabular-nums">
      {formatAge(now - Date.parse(at))}
    </time>
  );
}

/** An exact time with its zone, for tables. */
export function Time({ at }: { at: string | null }) {
  const [zone] = useZone();
  if (at === null) return <span>{ui.never}</span>;
  return (
    <time dateTime={at} className="tabular-nums">
      {formatTime(new Date(at), zone)}
    </time>
  );
}
