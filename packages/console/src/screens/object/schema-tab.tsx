import type { Activity } from '../../api/queries.ts';
import { useActivity } from '../../api/use-activity.ts';
import { Panel } from '../../ui/panel.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { words } from './words.ts';

const columns: readonly TableColumn<Activity>[] = [
  {
    id: 'at',
    label: words.time,
    width: '26%',
    value: ({ at }) => at,
    cell: ({ at }) => <Time at={at} />,
  },
  { id: 'says', label: words.change, width: '37%', value: ({ says }) => says },
  { id: 'done', label: words.done, width: '37%', value: ({ done }) => done },
];

/** How its fields have changed, and what was done about each change. */
export function SchemaTab({ sync, object }: { sync: string; object: string }) {
  const { query, items } = useActivity(sync, { object, kind: 'schema', limit: 100 });
  return (
    <Panel
      title={words.schema}
      query={query}
      isEmpty={() => items.length === 0}
      empty={<p className="text-muted">{words.schemaEmpty}</p>}
    >
      {() => (
        <DataTable
          caption={words.schema}
          rows={items}
          columns={columns}
          keyOf={({ id }) => id}
          initialSort={{ id: 'at', desc: true }}
        />
      )}
    </Panel>
  );
}
