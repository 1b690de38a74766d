import { Link, useParams } from '@tanstack/react-router';
import type { SyncObject } from '../../api/queries.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Checkbox } from '../../ui/choices.tsx';
import { Pill } from '../../ui/pill.tsx';
import { Screen } from '../../ui/screen.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { formatCount } from '../../words/format.ts';
import { words } from './words.ts';

function ObjectLink({ name }: { name: string }) {
  const { sync = '' } = useParams({ strict: false });
  return (
    <Link to="/syncs/$sync/objects/$object" params={{ sync, object: name }}>
      {name}
    </Link>
  );
}

const columns: readonly TableColumn<SyncObject>[] = [
  {
    id: 'object',
    label: words.object,
    value: ({ sobject }) => sobject,
    cell: ({ sobject }) => <ObjectLink name={sobject} />,
  },
  {
    id: 'state',
    label: words.state,
    value: ({ state_word: word }) => word,
    cell: ({ state_word: word, family }) => <Pill word={word} family={family} />,
  },
  { id: 'table', label: words.table, value: ({ table_name: name }) => name },
  {
    id: 'rows',
    label: words.rows,
    isNumber: true,
    value: ({ rows }) => rows,
    cell: ({ rows }) => formatCount(rows),
  },
];

export function ObjectsScreen() {
  const { sync, objects } = useSnapshot();
  const [filter, setFilter] = useSearchText('filter');
  const [only, setOnly] = useSearchText('only');
  const shown = only === 'unwell' ? objects.filter(({ family }) => family !== 'good') : objects;
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={words.title}>
      <Checkbox
        label={words.onlyUnwell}
        isOn={only === 'unwell'}
        onChange={(isOn) => setOnly(isOn ? 'unwell' : '')}
      />
      <DataTable
        caption={words.title}
        rows={shown}
        columns={columns}
        keyOf={({ sobject }) => sobject}
        initialSort={{ id: 'object', desc: false }}
        hasFilter
        filter={filter}
        onFilter={setFilter}
      />
    </Screen>
  );
}
