import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { orgCountsQuery, usageQuery } from '../api/figures.ts';
import type { SyncObject } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
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
  const { data: usage } = useQuery(usageQuery(sync));
  const shares = usage?.shares;
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
      {!copies && (
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

function CountsSource({ at }: { at: string | null }) {
  const now = useServerNow(1_000);
  if (at === null) return <span>{words.countsUnknown}</span>;
  return <span className="tabular-nums">{words.countsFrom(formatAge(now - Date.parse(at)))}</span>;
}
