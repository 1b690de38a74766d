import { useInfiniteQuery } from '@tanstack/react-query';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Button, LinkButton } from '../../ui/button.tsx';
import { FilterSelect, Filters, FilterTime } from '../../ui/filters.tsx';
import { Panel } from '../../ui/panel.tsx';
import { RowList, type RowListColumn } from '../../ui/row-list.tsx';
import { Time } from '../../ui/time.tsx';
import { useSearchFilters } from '../../ui/use-search-filters.ts';
import { useSearchText } from '../../ui/use-search-text.ts';
import { formatDuration } from '../../words/format.ts';
import { LastDay } from './last-day.tsx';
import { OutcomePill } from './outcome.tsx';
import { ProxyDetails } from './proxy-details.tsx';
import { filterNames, type ProxyFilters, type ProxyRequest, proxyPagesQuery } from './proxy-query.ts';
import { words } from './words.ts';

const columns: readonly RowListColumn<ProxyRequest>[] = [
  { id: 'at', label: words.time, widthRem: 12.5, cell: ({ at }) => <Time at={at} /> },
  { id: 'method', label: words.method, widthRem: 5, cell: ({ method }) => <code>{method}</code> },
  {
    id: 'object',
    label: words.object,
    cell: ({ object }) => object ?? <span className="text-muted">{words.otherObject}</span>,
  },
  {
    id: 'record',
    label: words.record,
    widthRem: 12,
    from: 'lg',
    cell: ({ record_id: record }) => <code className="text-sm break-all">{record}</code>,
  },
  {
    id: 'outcome',
    label: words.outcome,
    widthRem: 8,
    cell: ({ outcome }) => <OutcomePill outcome={outcome} />,
  },
  {
    id: 'status',
    label: words.status,
    widthRem: 4.5,
    isNumber: true,
    from: 'md',
    cell: ({ status }) => status,
  },
  {
    id: 'took',
    label: words.took,
    widthRem: 6,
    isNumber: true,
    from: 'md',
    cell: ({ took_ms: ms }) => formatDuration(ms),
  },
];

const noFilters: ProxyFilters = { outcome: '', object: '', since: '' };

/** Writes and refused requests, one by one, below how many there were of each outcome. */
export function ProxyRequests() {
  const { sync } = useSnapshot();
  const [filters, setFilters] = useSearchFilters(filterNames);
  const [open, setOpen] = useSearchText('entry');
  const query = useInfiniteQuery(proxyPagesQuery(sync.id, filters));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = Object.values(filters).some((value) => value !== '');
  const clear = () => setFilters(noFilters);
  return (
    <div className="space-y-6">
      <LastDay sync={sync.id} outcome={filters.outcome} onOutcome={(outcome) => setFilters({ outcome })} />
      <ProxyFilterBar filters={filters} onChange={setFilters} onClear={isFiltered ? clear : null} />
      <Panel
        title={words.list}
        query={query}
        skeletonRem={24}
        actions={
          <Button look="quiet" isBusy={query.isFetching} onClick={() => void query.refetch()}>
            {words.refresh}
          </Button>
        }
        isEmpty={() => items.length === 0}
        empty={
          <p className="flex flex-wrap items-center gap-3">
            {isFiltered ? words.nothingMatches : words.empty}
            {isFiltered ? (
              <Button onClick={clear}>{words.clear}</Button>
            ) : (
              <LinkButton to="/syncs/$sync/connect" params={{ sync: sync.id }}>
                {words.openConnect}
              </LinkButton>
            )}
          </p>
        }
      >
        {() => (
          <>
            <p className="mb-3 text-muted">{words.note}</p>
            <RowList
              caption={words.list}
              rows={items}
              columns={columns}
              keyOf={({ id }) => id}
              open={open}
              onOpen={setOpen}
              details={(request) => <ProxyDetails request={request} sync={sync.id} />}
            />
            <div className="mt-3 border-t border-line pt-3 text-muted">
              {query.hasNextPage ? (
                <Button isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {words.older}
                </Button>
              ) : (
                words.allShown(items.length)
              )}
            </div>
          </>
        )}
      </Panel>
    </div>
  );
}

/** Reads are only counted by hour, so that no single one can be found. */
const listed = Object.entries(words.outcomes).filter(([outcome]) => outcome !== 'read');

function ProxyFilterBar({
  filters: { outcome, object, since },
  onChange,
  onClear,
}: {
  filters: ProxyFilters;
  onChange: (next: Partial<ProxyFilters>) => void;
  onClear: (() => void) | null;
}) {
  const { sync } = useSnapshot();
  const objects = [...new Set([...sync.objects, ...(object === '' ? [] : [object])])].toSorted();
  return (
    <Filters label={words.filters}>
      <FilterSelect
        label={words.outcome}
        value={outcome}
        onChange={(next) => onChange({ outcome: next })}
        choices={[
          { value: '', label: words.anyOutcome },
          ...listed.map(([value, { word }]) => ({ value, label: word })),
        ]}
      />
      <FilterSelect
        label={words.object}
        value={object}
        onChange={(next) => onChange({ object: next })}
        choices={[
          { value: '', label: words.anyObject },
          ...objects.map((value) => ({ value, label: value })),
        ]}
      />
      <FilterTime label={words.from} value={since} onChange={(next) => onChange({ since: next })} />
      {onClear && (
        <Button look="quiet" onClick={onClear}>
          {words.clear}
        </Button>
      )}
    </Filters>
  );
}
