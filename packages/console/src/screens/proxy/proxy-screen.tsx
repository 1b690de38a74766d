import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Screen } from '../../ui/screen.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { ProxyRequests } from './proxy-requests.tsx';
import { RequestsByHour } from './requests-by-hour.tsx';
import { words } from './words.ts';

export function ProxyScreen() {
  const { sync } = useSnapshot();
  const [tab, setTab] = useSearchText('tab', 'requests');
  const tabs = [
    { id: 'requests', label: words.requests, content: <ProxyRequests /> },
    { id: 'hours', label: words.byHour, content: <RequestsByHour sync={sync.id} /> },
  ];
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={words.title}>
      <Tabs label={words.tabs} tabs={tabs} open={tab} onOpen={setTab} />
    </Screen>
  );
}
