import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import { syncsQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { FilterSelect, Filters, FilterTime, NothingMatches } from '../../ui/filters.tsx';
import { LogPanel } from '../../ui/log-panel.tsx';
import type { RowListColumn } from '../../ui/row-list.tsx';
import { Time } from '../../ui/time.tsx';
import { useSearchFilters } from '../../ui/use-search-filters.ts';
import { AuditDetails, type AuditEntry } from './audit-details.tsx';
import { words } from './words.ts';

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
type AuditFilters = Record<(typeof filterNames)[number], string>;

/** Who has changed what. */
export function AuditLog() {
  const [filters, setFilters] = useSearchFilters(filterNames);
  const isFiltered = Object.values(filters).some((value) => value !== '');
  const query = useInfiniteQuery({
    queryKey: ['audit', filters],
    refetchOnWindowFocus: false, // rows must not move while somebody looks at them
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) => readPage(filters, pageParam, signal),
    getNextPageParam: (page) => page.next,
  });
  const known = query.data?.pages.flatMap(({ items }) => items.map(({ who }) => who)) ?? [];
  const clear = () => setFilters({ who: '', of: '', since: '' });
  return (
    <div className="space-y-6">
      <AuditFilterBar
        filters={filters}
        known={known}
        onChange={setFilters}
        onClear={isFiltered ? clear : null}
      />
      <LogPanel
        title={words.auditList}
        query={query}
        columns={columns}
        keyOf={({ id }) => id}
        details={(entry) => <AuditDetails entry={entry} />}
        note={words.auditHint}
        empty={
          isFiltered ? (
            <NothingMatches says={words.nothingMatches} clear={words.clear} onClear={clear} />
          ) : (
            words.noAudit
          )
        }
        older={words.older}
        all={words.allShown}
      />
    </div>
  );
}

function readPage({ who, of, since }: AuditFilters, after: string, signal: AbortSignal) {
  const query = {
    limit: 50,
    ...(who !== '' && { who }),
    ...(of !== '' && { sync: of }),
    ...(since !== '' && { since }),
    ...(after !== '' && { after }),
  };
  return bodyOf(api.GET('/api/v1/audit', { signal, params: { query } }));
}

/** Who may have changed something without having done so on the pages that are shown. */
const usual = ['administrator', 'this machine', 'nobody'];

function AuditFilterBar({
  filters: { who, of, since },
  known,
  onChange,
  onClear,
}: {
  filters: AuditFilters;
  known: readonly string[];
  onChange: (next: Partial<AuditFilters>) => void;
  onClear: (() => void) | null;
}) {
  const { data: syncs = [] } = useQuery(syncsQuery);
  const people = [...new Set([...usual, ...known, who])].filter((one) => one !== '');
  return (
    <Filters label={words.filters}>
      <FilterSelect
        label={words.who}
        value={who}
        onChange={(next) => onChange({ who: next })}
        choices={[{ value: '', label: words.anybody }, ...people.map((value) => ({ value, label: value }))]}
      />
      <FilterSelect
        label={words.sync}
        value={of}
        onChange={(next) => onChange({ of: next })}
        choices={[
          { value: '', label: words.anySync },
          ...syncs.map(({ id, name }) => ({ value: id, label: name })),
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
