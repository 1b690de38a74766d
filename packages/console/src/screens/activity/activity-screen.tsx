import { useQuery } from '@tanstack/react-query';
import { type Activity, activityQuery } from '../../api/queries.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { words } from './words.ts';

const columns: readonly TableColumn<Activity>[] = [
  { id: 'at', label: words.time, value: ({ at }) => at, cell: ({ at }) => <Time at={at} /> },
  { id: 'object', label: words.object, value: ({ object }) => object },
  { id: 'says', label: words.says, value: ({ says }) => says },
];

export function ActivityScreen() {
  const { sync } = useSnapshot();
  const query = useQuery(activityQuery(sync.id));
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={words.title}>
      <Panel
        title={words.list}
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={<p>{words.empty}</p>}
      >
        {({ items }) => (
          <DataTable caption={words.list} rows={items} columns={columns} keyOf={({ id }) => id} />
        )}
      </Panel>
    </Screen>
  );
}
