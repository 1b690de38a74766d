import { useQuery } from '@tanstack/react-query';
import { proxyRequestsQuery } from '../../api/queries.ts';
import type { components } from '../../api/schema.d.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { Time } from '../../ui/time.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { RequestsByHour } from './requests-by-hour.tsx';
import { words } from './words.ts';

type ProxyRequest = components['schemas']['ProxyRequest'];

const columns: readonly TableColumn<ProxyRequest>[] = [
  { id: 'at', label: words.time, value: ({ at }) => at, cell: ({ at }) => <Time at={at} /> },
  { id: 'method', label: words.method, value: ({ method }) => method },
  { id: 'object', label: words.object, value: ({ object }) => object },
  { id: 'outcome', label: words.outcome, value: ({ outcome }) => outcome },
];

export function ProxyScreen() {
  const { sync } = useSnapshot();
  const [tab, setTab] = useSearchText('tab', 'requests');
  const tabs = [
    { id: 'requests', label: words.requests, content: <Requests sync={sync.id} /> },
    { id: 'hours', label: words.byHour, content: <RequestsByHour sync={sync.id} /> },
  ];
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={words.title}>
      <Tabs label={words.title} tabs={tabs} open={tab} onOpen={setTab} />
    </Screen>
  );
}

function Requests({ sync }: { sync: string }) {
  const query = useQuery(proxyRequestsQuery(sync));
  return (
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
  );
}
