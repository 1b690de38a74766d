import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type Sync, syncsQuery } from '../../api/queries.ts';
import { LinkButton } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Pill } from '../../ui/pill.tsx';
import { Screen } from '../../ui/screen.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { formatDuration, formatPercent } from '../../words/format.ts';
import { words } from './words.ts';

/**
 * A list of syncs has no event stream: each of them has its own. A long list is read less often, because each sync costs
 * the server some 10 ms.
 */
const readEveryMs = (count: number): number => Math.max(10_000, count * 100);

const columns: readonly TableColumn<Sync>[] = [
  {
    id: 'name',
    label: words.name,
    width: '18%',
    value: ({ name }) => name,
    cell: ({ id, name }) => (
      <Link
        to="/syncs/$sync"
        params={{ sync: id }}
        // Of a thousand syncs that somebody scrolls over, none need be read.
        preload={false}
        className="font-medium break-words text-accent hover:underline"
      >
        {name}
      </Link>
    ),
  },
  {
    id: 'state',
    label: words.state,
    width: '14%',
    value: ({ state_word: word }) => word,
    cell: ({ state_word: word, family }) => <Pill word={word} family={family} />,
  },
  {
    id: 'headline',
    label: words.headline,
    width: '32%',
    value: ({ headline }) => headline,
  },
  {
    id: 'behind',
    label: words.behind,
    width: '8%',
    isNumber: true,
    value: ({ behind_seconds: seconds }) => seconds,
    cell: ({ behind_seconds: seconds }) => seconds !== null && formatDuration(seconds * 1_000),
  },
  {
    id: 'quota',
    label: words.quota,
    width: '10%',
    isNumber: true,
    value: ({ quota_percent: percent }) => percent,
    cell: ({ quota_percent: percent }) => percent !== null && formatPercent(percent),
  },
  {
    id: 'org',
    label: words.org,
    width: '18%',
    value: ({ instance_url: url }) => hostOf(url),
    cell: ({ instance_url: url }) => <span className="break-all text-muted">{hostOf(url)}</span>,
  },
];

const hostOf = (url: string): string => URL.parse(url)?.host ?? url;

export function SyncsScreen() {
  const query = useQuery({
    ...syncsQuery,
    refetchInterval: ({ state }) => readEveryMs(state.data?.length ?? 0),
  });
  const [filter, setFilter] = useSearchText('filter');
  const isEmpty = query.data?.length === 0;
  const create = !isEmpty && (
    <LinkButton to="/syncs/new/$step" params={{ step: 'connect' }} look="primary">
      {words.create}
    </LinkButton>
  );
  return (
    <Screen title={words.title} actions={create}>
      <Panel
        title={words.list}
        query={query}
        isUntitled
        isEmpty={(syncs) => syncs.length === 0}
        empty={<NoSync />}
      >
        {(syncs) => (
          <DataTable
            caption={words.list}
            rows={syncs}
            columns={columns}
            keyOf={({ id }) => id}
            initialSort={{ id: 'name', desc: false }}
            hasFilter
            filter={filter}
            onFilter={setFilter}
          />
        )}
      </Panel>
    </Screen>
  );
}

function NoSync() {
  return (
    <div className="mx-auto max-w-xl space-y-4 py-8">
      <h3 className="text-h2 font-semibold">{words.emptyTitle}</h3>
      <p>{words.empty}</p>
      <LinkButton to="/syncs/new/$step" params={{ step: 'connect' }} look="primary">
        {words.connect}
      </LinkButton>
      <p className="text-muted">{words.demo}</p>
      <CodeBlock code="npm run demo" label={words.demoLabel} />
    </div>
  );
}
