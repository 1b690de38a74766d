import type { SyncObject } from '../api/queries.ts';
import { useServerNow } from '../ui/use-now.ts';
import { useZone } from '../ui/zone.ts';
import { formatDuration, formatTime } from '../words/format.ts';
import { words } from './words.ts';

const secondsShown = 120;

/** `18 s`; above two minutes in whole minutes, so that it does not change with each look. */
export const formatBehind = (seconds: number): string =>
  seconds < secondsShown ? `${seconds} s` : formatDuration(Math.floor(seconds / 60) * 60_000);

/** How long ago an object was read, as it grows, and how much of what it may be that is. */
export function Behind({
  object: { read_until: at, settled_until: settled, target_seconds: target },
  hasBar = true,
}: {
  object: SyncObject;
  hasBar?: boolean;
}) {
  const now = useServerNow(1_000);
  const [zone] = useZone();
  if (at === null) return <span className="text-muted">{words.none}</span>;
  const seconds = Math.max(0, Math.floor((now - Date.parse(at)) / 1_000));
  const isOver = seconds > target;
  const exact = [at, settled ?? at].map((one) => formatTime(new Date(one), zone));
  return (
    <span
      title={`Read until ${exact[0]}; settled until ${exact[1]}. ${words.behindTitle(formatBehind(target))}.`}
      className={`inline-flex max-w-full items-center gap-2 tabular-nums ${isOver ? 'font-medium text-warn' : ''}`}
    >
      <time dateTime={at} className={hasBar ? 'min-w-9' : ''}>
        {formatBehind(seconds)}
      </time>
      {hasBar && (
        <span
          aria-hidden
          className="h-1 w-12 min-w-0 shrink forced-color-adjust-none overflow-hidden rounded-full bg-sunken"
        >
          <span
            className={`block h-full ${isOver ? 'bg-warn' : 'bg-control'}`}
            style={{ width: `${Math.min(100, (100 * seconds) / Math.max(1, target))}%` }}
          />
        </span>
      )}
    </span>
  );
}
