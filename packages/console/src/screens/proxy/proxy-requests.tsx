import { useInfiniteQuery } from '@tanstack/react-query';
import { ObjectFilter } from '../../frame/object-filter.tsx';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Button, LinkButton } from '../../ui/button.tsx';
import { FilterSelect, Filters, FilterTime, NothingMatches } from '../../ui/filters.tsx';
import { LogPanel } from '../../ui/log-panel.tsx';
import type { RowListColumn } from '../../ui/row-list.tsx';
import { Time } from '../../ui/time.tsx';
import { useSearchFilters } from '../../ui/use-search-filters.ts';
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
  const query = useInfiniteQuery(proxyPagesQuery(sync.id, filters));
  const isFiltered = Object.values(filters).some((value) => value !== '');
  const clear = () => setFilters(noFilters);
  return (
    <div className="space-y-6">
      <LastDay sync={sync.id} outcome={filters.outcome} onOutcome={(outcome) => setFilters({ outcome })} />
      <ProxyFilterBar filters={filters} onChange={setFilters} onClear={isFiltered ? clear : null} />
      <LogPanel
        title={words.list}
        query={query}
        columns={columns}
        keyOf={({ id }) => id}
        details={(request) => <ProxyDetails request={request} sync={sync.id} />}
        note={words.note}
        actions={
          <Button
            look="quiet"
            className="-mx-3"
            isBusy={query.isFetching}
            onClick={() => void query.refetch()}
          >
            {words.refresh}
          </Button>
        }
        empty={
          isFiltered ? (
            <NothingMatches says={words.nothingMatches} clear={words.clear} onClear={clear} />
          ) : (
            <p className="flex flex-wrap items-center gap-3">
              {words.empty}
              <LinkButton to="/syncs/$sync/connect" params={{ sync: sync.id }}>
                {words.openConnect}
              </LinkButton>
            </p>
          )
        }
        older={words.older}
        all={words.allShown}
      />
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
      <ObjectFilter value={object} onChange={(next) => onChange({ object: next })} />
      <FilterTime label={words.from} value={since} onChange={(next) => onChange({ since: next })} />
      {onClear && (
        <Button look="quiet" onClick={onClear}>
          {words.clear}
        </Button>
      )}
    </Filters>
  );
}
