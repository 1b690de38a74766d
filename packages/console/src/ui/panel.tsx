import { type Query, type UseQueryResult, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useId, useState } from 'react';
import { formatAge, formatClock } from '../words/format.ts';
import { ui } from '../words/ui.ts';
import { Button } from './button.tsx';
import { QueryProblem } from './problem-notice.tsx';
import { useNow } from './use-now.ts';

type Read<T> = Pick<
  UseQueryResult<T>,
  'data' | 'error' | 'isError' | 'dataUpdatedAt' | 'refetch' | 'isFetching'
>;

/**
 * A part of a screen that shows what a query has read, in its four states: empty, loading, old figures, error.
 * A refusal while there are figures keeps the figures.
 */
export function Panel<T>({
  title,
  query,
  isEmpty = () => false,
  empty,
  actions,
  skeletonRem = 8,
  isUntitled = false,
  children,
}: {
  title: string;
  /** The title is that of the screen, and not said twice. */
  isUntitled?: boolean;
  query: Read<T>;
  isEmpty?: (data: T) => boolean;
  /** One sentence and one action. */
  empty?: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  /** The height of the content, so that nothing moves when it comes. */
  skeletonRem?: number;
  children: (data: T) => ReactNode;
}) {
  const id = useId();
  const { data } = query;
  const isOld = data !== undefined && query.isError;
  return (
    <section aria-labelledby={id} className="rounded-card border border-line bg-surface p-4">
      <div className={isUntitled ? 'sr-only' : 'mb-3 flex flex-wrap items-center justify-between gap-2'}>
        <h2 id={id} className={`text-h2 font-semibold ${isOld ? 'text-muted' : ''}`}>
          {title}
        </h2>
        {actions}
      </div>
      {isOld && <OldFigures at={query.dataUpdatedAt} />}
      {data === undefined ? (
        <Unread query={query} skeletonRem={skeletonRem} />
      ) : isEmpty(data) ? (
        empty
      ) : (
        children(data)
      )}
    </section>
  );
}

function OldFigures({ at }: { at: number }) {
  const now = useNow(10_000);
  return <p className="mb-3 text-muted">{ui.oldFigures(formatClock(new Date(at)), formatAge(now - at))}</p>;
}

function Unread<T>({ query, skeletonRem }: { query: Read<T>; skeletonRem: number }) {
  if (query.isError) return <QueryProblem query={query} />;
  return <WaitForData rem={skeletonRem} />;
}

const isHanging = ({ state }: Query) => state.data === undefined && state.fetchStatus === 'fetching';
const isUnread = ({ state }: Query) => state.data === undefined && state.fetchStatus === 'idle';

/** Reading again alone would only wait for the same request. */
function WaitForData({ rem }: { rem: number }) {
  const client = useQueryClient();
  const retry = async () => {
    await client.cancelQueries({ predicate: isHanging });
    await client.refetchQueries({ type: 'active', predicate: isUnread });
  };
  return <Loading rem={rem} onRetry={() => void retry()} />;
}

/** Nothing for 300 ms, then the place of the content, after ten seconds a text. */
export function Loading({ rem, onRetry }: { rem: number; onRetry: () => void }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const began = Date.now();
    const first = setTimeout(() => setSeconds(0.3), 300);
    const rest = setInterval(() => setSeconds(Math.floor((Date.now() - began) / 1_000)), 1_000);
    return () => {
      clearTimeout(first);
      clearInterval(rest);
    };
  }, []);
  return (
    <div style={{ minHeight: `${rem}rem` }} aria-busy="true">
      {seconds >= 10 ? (
        <div className="flex flex-wrap items-center gap-3">
          <p>{ui.stillLoading(Math.floor(seconds))}</p>
          <Button onClick={onRetry}>{ui.tryAgain}</Button>
        </div>
      ) : (
        seconds > 0 && <div className="rounded-control bg-sunken" style={{ height: `${rem}rem` }} />
      )}
    </div>
  );
}
