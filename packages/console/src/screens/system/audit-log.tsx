import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import { syncsQuery } from '../../api/queries.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { FilterSelect, Filters, FilterTime } from '../../ui/filters.tsx';
import { Panel } from '../../ui/panel.tsx';
import { RowList, type RowListColumn } from '../../ui/row-list.tsx';
import { Time } from '../../ui/time.tsx';
import { useSearchFilters } from '../../ui/use-search-filters.ts';
import { useSearchText } from '../../ui/use-search-text.ts';
import { AuditDetails } from './audit-details.tsx';
import { words } from './words.ts';

export type AuditEntry = components['schemas']['AuditEntry'];

const columns: readonly RowListColumn<AuditEntry>[] = [
  { id: 'time', label: words.time, widthRem: 12.5, cell: ({ at }) => <Time at={at} /> },
  { id: 'who', label: words.who, widthRem: 11, cell: ({ who }) => who },
  { id: 'what', label: words.operation, cell: ({ operation }) => words.operationOf(operation) },
  {
    id: 'sync',
    label: words.sync,
    from: 'md',
    widthRem: 9,
    cell: ({ sync }) => sync?.name,
  },
  { id: 'thing', label: words.thing, from: 'lg', widthRem: 10, cell: ({ thing }) => thing },
  {
    id: 'outcome',
    label: words.outcome,
    widthRem: 9,
    cell: ({ refusal }) =>
      refusal === null ? words.done : <span className="font-medium text-crit">{words.refused(refusal)}</span>,
  },
];

const filterNames = ['who', 'of', 'since'] as const;

/** Who has changed what. */
export function AuditLog() {
  const [filters, setFilters] = useSearchFilters(filterNames);
  const [open, setOpen] = useSearchText('entry');
  const { data: syncs = [] } = useQuery(syncsQuery);
  const { who, of, since } = filters;
  const isFiltered = who !== '' || of !== '' || since !== '';
  const query = useInfiniteQuery({
    queryKey: ['audit', filters],
    refetchOnWindowFocus: false, // rows must not move while somebody looks at them
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      bodyOf(
        api.GET('/api/v1/audit', {
          signal,
          params: {
            query: {
              limit: 50,
              ...(who !== '' && { who }),
              ...(of !== '' && { sync: of }),
              ...(since !== '' && { since }),
              ...(pageParam !== '' && { after: pageParam }),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const known = [
    ...new Set(['administrator', 'this machine', 'nobody', ...items.map((one) => one.who), who]),
  ];
  const clear = () => setFilters({ who: '', of: '', since: '' });
  return (
    <div className="space-y-6">
      <Filters label={words.filters}>
        <FilterSelect
          label={words.who}
          value={who}
          onChange={(next) => setFilters({ who: next })}
          choices={[
            { value: '', label: words.anybody },
            ...known.filter((one) => one !== '').map((value) => ({ value, label: value })),
          ]}
        />
        <FilterSelect
          label={words.sync}
          value={of}
          onChange={(next) => setFilters({ of: next })}
          choices={[
            { value: '', label: words.anySync },
            ...syncs.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
        <FilterTime label={words.from} value={since} onChange={(next) => setFilters({ since: next })} />
        {isFiltered && (
          <Button look="quiet" onClick={clear}>
            {words.clear}
          </Button>
        )}
      </Filters>
      <Panel
        title={words.auditList}
        query={query}
        skeletonRem={24}
        isEmpty={() => items.length === 0}
        empty={<p>{isFiltered ? words.nothingMatches : words.noAudit}</p>}
      >
        {() => (
          <>
            <p className="mb-3 text-muted">{words.auditHint}</p>
            <RowList
              caption={words.auditList}
              rows={items}
              columns={columns}
              keyOf={({ id }) => id}
              open={open}
              onOpen={setOpen}
              details={(entry) => <AuditDetails entry={entry} />}
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
