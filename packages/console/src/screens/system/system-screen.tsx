import { useQuery } from '@tanstack/react-query';
import { systemQuery } from '../../api/queries.ts';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { AppearancePanel } from './appearance-panel.tsx';
import { words } from './words.ts';

export function SystemScreen() {
  const query = useQuery(systemQuery);
  return (
    <Screen title={words.title}>
      <Panel title={words.server} query={query}>
        {({ version, database_host: host, proxy_url: proxy }) => (
          <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
            <dt className="text-muted">{words.version}</dt>
            <dd>{version}</dd>
            <dt className="text-muted">{words.database}</dt>
            <dd className="min-w-0 break-words">{host}</dd>
            <dt className="text-muted">{words.proxy}</dt>
            <dd className="min-w-0 break-words">{proxy ?? words.noProxy}</dd>
          </dl>
        )}
      </Panel>
      <AppearancePanel />
    </Screen>
  );
}
