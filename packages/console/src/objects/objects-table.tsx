import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { orgCountsQuery, usageQuery } from '../api/figures.ts';
import type { SyncObject } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { QueryProblem } from '../ui/problem-notice.tsx';
import { DataTable } from '../ui/table.tsx';
import { useServerNow } from '../ui/use-now.ts';
import { formatAge } from '../words/format.ts';
import { isCopying } from './copy-progress.tsx';
import { objectColumns } from './object-columns.tsx';
import { words } from './words.ts';

/** The objects of a sync, what needs somebody first; and where their counts are from. */
export function ObjectsTable({
  sync,
  objects,
  caption,
  ...table
}: {
  sync: string;
  objects: readonly SyncObject[];
  caption: string;
  maxRows?: number;
  hasFilter?: boolean;
  filter?: string;
  onFilter?: (filter: string) => void;
}) {
  const copies = objects.some(isCopying);
  const counts = useQuery({ ...orgCountsQuery(sync), enabled: !copies });
  const usage = useQuery(usageQuery(sync));
  const shares = usage.data?.shares;
  const columns = useMemo(
    () => objectColumns(sync, copies, { counts: counts.data, shares }),
    [sync, copies, counts.data, shares],
  );
  return (
    <>
      <DataTable
        caption={caption}
        rows={objects}
        columns={columns}
        keyOf={({ sobject }) => sobject}
        initialSort={{ id: 'state', desc: false }}
        {...table}
      />
      <UnreadFigures queries={[counts, usage]} />
      {!copies && (counts.data !== undefined || !counts.isError) && (
        <p className="mt-3 flex min-h-8 flex-wrap items-center gap-x-3 text-sm text-muted">
          <CountsSource at={counts.data?.at ?? null} />
          <Button look="quiet" isBusy={counts.isFetching} onClick={() => void counts.refetch()}>
            {words.countAgain}
          </Button>
        </p>
      )}
    </>
  );
}

/** What the columns of counts and of requests could not be filled with. */
function UnreadFigures({ queries }: { queries: readonly UseQueryResult[] }) {
  const unread = queries.filter(({ isError, data }) => isError && data === undefined);
  const [first] = unread;
  if (!first) return null;
  const refetch = () => Promise.all(unread.map((query) => query.refetch()));
  return (
    <div className="mt-3">
      <QueryProblem query={{ ...first, refetch }} />
    </div>
  );
}

function CountsSource({ at }: { at: string | null }) {
  const now = useServerNow(1_000);
  if (at === null) return <span>{words.countsUnknown}</span>;
  return <span className="tabular-nums">{words.countsFrom(formatAge(now - Date.parse(at)))}</span>;
}
