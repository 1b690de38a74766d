import { Screen } from '../../ui/screen.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { ApiKeys } from './api-keys.tsx';
import { AppearancePanel } from './appearance-panel.tsx';
import { AuditLog } from './audit-log.tsx';
import { JwtKeys } from './jwt-keys.tsx';
import { LeasesPanel } from './leases-panel.tsx';
import { PasswordPanel } from './password-panel.tsx';
import { ServerPanel } from './server-panel.tsx';
import { SessionsPanel } from './sessions-panel.tsx';
import { words } from './words.ts';
import { WorkersPanel } from './workers-panel.tsx';

export function SystemScreen() {
  const [tab, setTab] = useSearchText('tab', 'general');
  const tabs = [
    { id: 'general', label: words.general, content: <General /> },
    { id: 'access', label: words.access, content: <Access /> },
    { id: 'audit', label: words.audit, content: <AuditLog /> },
  ];
  return (
    <Screen title={words.title}>
      <Tabs label={words.views} tabs={tabs} open={tab} onOpen={setTab} />
    </Screen>
  );
}

const General = () => (
  <div className="space-y-6">
    <ServerPanel />
    <WorkersPanel />
    <LeasesPanel />
    <AppearancePanel />
  </div>
);

const Access = () => (
  <div className="space-y-6">
    <PasswordPanel />
    <SessionsPanel />
    <ApiKeys />
    <JwtKeys />
  </div>
);
