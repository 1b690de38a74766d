import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Facts } from '../../ui/facts.tsx';
import { words } from './access-words.ts';
import { CredentialDialog } from './credential-dialog.tsx';
import { SettingCard } from './setting-card.tsx';
import type { Settings } from './settings-query.ts';

/** Which org the sync is of, and how it signs in there. */
export function SalesforceCard({ settings }: { settings: Settings }) {
  const { org_id: org, instance_url: address, login_url: loginUrl, flow } = settings.sync;
  const [isOpen, setOpen] = useState(false);
  return (
    <SettingCard id="salesforce" title={words.salesforce}>
      <Facts
        facts={[
          [words.org, <code key="org">{org}</code>],
          [words.address, address],
          [words.loginUrl, loginUrl],
          [words.flow, words.flows[flow]],
        ]}
      />
      <Button onClick={() => setOpen(true)}>{words.replace}</Button>
      <CredentialDialog settings={settings} isOpen={isOpen} onClose={() => setOpen(false)} />
    </SettingCard>
  );
}
