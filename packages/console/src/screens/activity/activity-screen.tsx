import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type Activity, newActivityQuery } from '../../api/queries.ts';
import { useLive } from '../../frame/live-context.tsx';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { NothingMatches } from '../../ui/filters.tsx';
import { LogPanel } from '../../ui/log-panel.tsx';
import type { RowListColumn } from '../../ui/row-list.tsx';
import { Screen } from '../../ui/screen.tsx';
import { Time } from '../../ui/time.tsx';
import { useSearchFilters } from '../../ui/use-search-filters.ts';
import { ActivityDetails } from './activity-details.tsx';
import { ActivityFilters } from './activity-filters.tsx';
import { ActivityKind } from './activity-kind.tsx';
import { type ActivityPage, activityPagesQuery, filterNames, newerActivityQuery } from './activity-query.ts';
import { words } from './words.ts';

const columns: readonly RowListColumn<Activity>[] = [
  { id: 'time', label: words.time, widthRem: 12.5, cell: ({ at }) => <Time at={at} /> },
  { id: 'kind', label: words.kind, widthRem: 11, cell: (entry) => <ActivityKind entry={entry} /> },
  {
    id: 'object',
    label: words.object,
    widthRem: 10,
    from: 'md',
    cell: ({ object }) => object ?? <span className="text-muted">{words.wholeSync}</span>,
  },
  {
    id: 'says',
    label: words.says,
    cell: ({ says, times }) => (
      <>
        {says}
        {times > 1 && <span className="ml-2 text-muted">×{times}</span>}
      </>
    ),
  },
];

const noFilters = Object.fromEntries(filterNames.map((name) => [name, '']));

export function ActivityScreen() {
  const { sync } = useSnapshot();
  const client = useQueryClient();
  const [filters, setFilters] = useSearchFilters(filterNames);
  const pages = activityPagesQuery(sync.id, filters);
  const query = useInfiniteQuery(pages);
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = Object.values(filters).some((value) => value !== '');
  const newer = useNewer(sync.id, filters, query.data && items);

  const count = query.data && items.length;
  useEffect(() => {
    if (isFiltered && count !== undefined) announce(words.found(count));
  }, [isFiltered, count]);

  const showNewer = () => {
    if (newer.isMore) {
      // What is missing in between is not shown as if it did not exist.
      void client.resetQueries({ queryKey: pages.queryKey });
      return;
    }
    client.setQueryData<InfiniteData<ActivityPage, string>>(pages.queryKey, (known) => {
      const [first, ...rest] = known?.pages ?? [];
      if (!known || !first) return known;
      return { ...known, pages: [{ ...first, items: [...newer.items, ...first.items] }, ...rest] };
    });
  };

  const clear = () => setFilters(noFilters);
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={words.title}>
      <ActivityFilters filters={filters} onChange={setFilters} onClear={clear} />
      <LogPanel
        title={words.list}
        query={query}
        columns={columns}
        keyOf={({ id }) => id}
        details={(entry) => <ActivityDetails entry={entry} sync={sync.id} onFilter={setFilters} />}
        actions={
          newer.items.length > 0 && (
            <Button look="primary" onClick={showNewer}>
              {words.newEntries(newer.items.length, newer.isMore)}
            </Button>
          )
        }
        empty={
          isFiltered ? (
            <NothingMatches says={words.nothingMatches} clear={words.clear} onClear={clear} />
          ) : (
            words.empty
          )
        }
        older={words.older}
        all={words.allShown}
      />
    </Screen>
  );
}

/** Asked for whenever the event stream tells that something has happened, or begins again after a pause. */
function useNewer(
  sync: string,
  filters: Parameters<typeof activityPagesQuery>[1],
  shown: readonly Activity[] | undefined,
): { items: readonly Activity[]; isMore: boolean } {
  const { state } = useLive();
  const { data: told } = useQuery(newActivityQuery(sync));
  const newest = shown?.[0];
  const newer = newerActivityQuery(sync, filters, newest, `${told[0]?.id} ${state.kind}`);
  const { data } = useQuery({ ...newer, enabled: shown !== undefined });
  const items = (data?.items ?? []).filter(({ id }) => !newest || Number(id) > Number(newest.id));
  return { items, isMore: data?.next != null };
}
