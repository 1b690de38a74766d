import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type Sync, syncsQuery } from '../../api/queries.ts';
import { LinkButton } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Pill } from '../../ui/pill.tsx';
import { Screen } from '../../ui/screen.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { words } from './words.ts';

const columns: readonly TableColumn<Sync>[] = [
  {
    id: 'name',
    label: words.name,
    value: ({ name }) => name,
    cell: ({ id, name }) => (
      <Link to="/syncs/$sync" params={{ sync: id }}>
        {name}
      </Link>
    ),
  },
  {
    id: 'state',
    label: words.state,
    value: ({ state_word: word }) => word,
    cell: ({ state_word: word, family }) => <Pill word={word} family={family} />,
  },
  { id: 'headline', label: words.headline, value: ({ headline }) => headline },
];

export function SyncsScreen() {
  const query = useQuery(syncsQuery);
  const create = (
    <LinkButton to="/syncs/new/$step" params={{ step: 'connect' }} look="primary">
      {words.create}
    </LinkButton>
  );
  return (
    <Screen title={words.title} actions={create}>
      <Panel
        title={words.list}
        query={query}
        isEmpty={(syncs) => syncs.length === 0}
        empty={<p>{words.empty}</p>}
      >
        {(syncs) => (
          <DataTable caption={words.list} rows={syncs} columns={columns} keyOf={({ id }) => id} hasFilter />
        )}
      </Panel>
    </Screen>
  );
}
