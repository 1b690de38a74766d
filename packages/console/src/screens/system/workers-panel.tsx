import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { Panel } from '../../ui/panel.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { words } from './words.ts';

type Worker = components['schemas']['Worker'];

/** Heartbeats come every few seconds. */
const everyMs = 5_000;

const columns: readonly TableColumn<Worker>[] = [
  {
    id: 'worker',
    label: words.worker,
    value: ({ id }) => id,
    cell: ({ id }) => <code className="break-all">{id}</code>,
  },
  {
    id: 'since',
    label: words.since,
    value: ({ started_at: at }) => at,
    cell: ({ started_at: at }) => <Time at={at} />,
  },
  {
    id: 'alive',
    label: words.aliveUntil,
    value: ({ alive_until: at }) => at,
    cell: ({ alive_until: at }) => <Time at={at} />,
  },
  {
    id: 'runs',
    label: words.runs,
    value: ({ syncs }) => syncs.map(({ name }) => name).join(' '),
    cell: ({ syncs }) =>
      syncs.length === 0 ? (
        words.runsNone
      ) : (
        <ul>
          {syncs.map(({ id, name, epoch }) => (
            <li key={id}>
              <Link to="/syncs/$sync" params={{ sync: id }} className="text-accent underline">
                {name}
              </Link>
              , {words.epoch(epoch)}
            </li>
          ))}
        </ul>
      ),
  },
];

export function WorkersPanel() {
  const query = useQuery({
    queryKey: ['workers'],
    refetchInterval: everyMs,
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/workers', { signal })),
  });
  return (
    <Panel
      title={words.workers}
      query={query}
      isEmpty={({ items }) => items.length === 0}
      empty={<p>{words.noWorkers}</p>}
    >
      {({ items }) => (
        <>
          <p className="mb-3 text-muted">{words.workersHint}</p>
          <DataTable caption={words.workers} rows={items} columns={columns} keyOf={({ id }) => id} />
        </>
      )}
    </Panel>
  );
}
