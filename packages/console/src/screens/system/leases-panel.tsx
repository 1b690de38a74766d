import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import { type Sync, syncsQuery } from '../../api/queries.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { words } from './words.ts';

type Lease = components['schemas']['Lease'];

const columns: readonly TableColumn<Lease>[] = [
  { id: 'lease', label: words.lease, value: ({ epoch }) => epoch },
  {
    id: 'worker',
    label: words.worker,
    value: ({ worker_id: id }) => id,
    cell: ({ worker_id: id }) => <code className="break-all">{id}</code>,
  },
  {
    id: 'from',
    label: words.from,
    value: ({ claimed_at: at }) => at,
    cell: ({ claimed_at: at }) => <Time at={at} />,
  },
  {
    id: 'to',
    label: words.to,
    value: ({ ended_at: at }) => at,
    cell: ({ ended_at: at }) => (at === null ? '–' : <Time at={at} />),
  },
  {
    id: 'ending',
    label: words.ending,
    value: ({ ending }) => (ending === null ? words.lasts : words.endings[ending]),
  },
];

/** Which process has run a sync from when to when. */
export function LeasesPanel() {
  const syncs = useQuery(syncsQuery);
  if (syncs.data)
    return syncs.data.length === 0 ? null : <LeasesOf syncs={syncs.data} first={syncs.data[0]?.id ?? ''} />;
  return (
    <Panel title={words.leases} query={syncs}>
      {() => null}
    </Panel>
  );
}

function LeasesOf({ syncs, first }: { syncs: readonly Sync[]; first: string }) {
  const [chosen, choose] = useSearchText('sync');
  const sync = syncs.find(({ id }) => id === chosen)?.id ?? first;
  const leases = useInfiniteQuery({
    queryKey: ['leases', sync],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      bodyOf(
        api.GET('/api/v1/syncs/{sync}/leases', {
          signal,
          params: {
            path: { sync },
            query: { limit: 20, ...(pageParam !== '' && { after: pageParam }) },
          },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
  return (
    <Panel
      title={words.leases}
      query={leases}
      actions={
        <select
          aria-label={words.leasesOf}
          value={sync}
          onChange={(event) => choose(event.target.value)}
          className="min-h-8 max-w-64 rounded-control border border-control bg-surface px-2 text-text sm:text-base"
        >
          {syncs.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      }
      isEmpty={(data) => data.pages[0]?.items.length === 0}
      empty={<p>{words.noLeases}</p>}
    >
      {(data) => (
        <>
          <p className="mb-3 text-muted">{words.leasesHint}</p>
          <DataTable
            caption={words.leases}
            rows={data.pages.flatMap(({ items }) => items)}
            columns={columns}
            keyOf={({ epoch }) => String(epoch)}
          />
          {leases.hasNextPage && (
            <div className="mt-3">
              <Button isBusy={leases.isFetchingNextPage} onClick={() => void leases.fetchNextPage()}>
                {words.older}
              </Button>
            </div>
          )}
        </>
      )}
    </Panel>
  );
}
