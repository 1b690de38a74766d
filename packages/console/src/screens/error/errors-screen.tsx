import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ErrorEntry, errorsQuery } from '../../api/queries.ts';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { ErrorKind } from './error-kind.tsx';
import { words } from './words.ts';

const columns: readonly TableColumn<ErrorEntry>[] = [
  {
    id: 'code',
    label: words.code,
    value: ({ code }) => code,
    cell: ({ code }) => (
      <Link
        to="/errors/$code"
        params={{ code }}
        className="font-mono whitespace-nowrap text-accent underline"
      >
        {code}
      </Link>
    ),
  },
  {
    id: 'title',
    label: words.title,
    // Found by its explanation and its next step as well.
    value: ({ title, explanation, next }) => `${title} ${explanation} ${next}`,
    cell: ({ title }) => title,
  },
  {
    id: 'kind',
    label: words.kind,
    value: ({ kind }) => words.kinds[kind],
    cell: ({ kind }) => <ErrorKind kind={kind} />,
  },
];

/** The whole catalogue, to be searched. */
export function ErrorsScreen() {
  const query = useQuery(errorsQuery);
  const [filter, setFilter] = useSearchText('filter');
  return (
    <Screen title={words.all}>
      <p className="prose-width text-muted">{words.intro}</p>
      <Panel title={words.list} query={query} skeletonRem={40}>
        {({ items }) => (
          <DataTable
            caption={words.list}
            rows={items}
            columns={columns}
            keyOf={({ code }) => code}
            hasFilter
            filter={filter}
            onFilter={setFilter}
          />
        )}
      </Panel>
    </Screen>
  );
}
