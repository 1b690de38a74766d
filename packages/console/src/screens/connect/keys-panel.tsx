import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SecretText } from '../../ui/secret-text.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Age, Time } from '../../ui/time.tsx';
import { toast } from '../../ui/toast.tsx';
import { KeyForm, type MadeKey } from './key-form.tsx';
import { proxyKeysQuery } from './proxy-keys-query.ts';
import { words } from './words.ts';

type ProxyKey = components['schemas']['ApiKey'];

const text = words.keys;

function Expiry({ proxyKey }: { proxyKey: ProxyKey }) {
  if (proxyKey.expires_at === null) return text.neverExpires;
  return proxyKey.is_expired ? text.expired : <Time at={proxyKey.expires_at} />;
}

const columnsWith = (onRevoke: (name: string) => void): TableColumn<ProxyKey>[] => [
  { id: 'name', label: text.name, value: ({ name }) => name },
  { id: 'scope', label: text.scope, value: ({ scope }) => text.scopes[scope] },
  {
    id: 'used',
    label: text.used,
    value: ({ last_used_at: at }) => at,
    cell: ({ last_used_at: at }) => <Age at={at} />,
  },
  {
    id: 'expires',
    label: text.expires,
    value: ({ expires_at: at }) => at,
    cell: (key) => <Expiry proxyKey={key} />,
  },
  {
    id: 'acts',
    label: words.action,
    isUnsorted: true,
    value: () => null,
    cell: ({ name }) => (
      <Button look="quiet" className="-ml-3" aria-label={text.remove(name)} onClick={() => onRevoke(name)}>
        {text.revoke}
      </Button>
    ),
  },
];

/** What programs without a token of Salesforce send in its place. */
export function KeysPanel({ sync }: { sync: string }) {
  const keys = useQuery(proxyKeysQuery(sync));
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<MadeKey | null>(null);
  const [revoked, setRevoked] = useState<string | null>(null);
  return (
    <Panel
      title={text.title}
      query={keys}
      actions={<Button onClick={() => setOpen(true)}>{text.newKey}</Button>}
    >
      {({ items }) => (
        <div className="space-y-3">
          <p className="prose-width text-muted">{text.says}</p>
          {made && (
            <div className="space-y-2">
              <p>
                {text.made(made.name)} {text.shownOnce}
              </p>
              <SecretText secret={made.key} label={text.secretLabel} />
            </div>
          )}
          {items.length === 0 ? (
            <p>{text.empty}</p>
          ) : (
            <DataTable
              caption={text.title}
              rows={items}
              columns={columnsWith(setRevoked)}
              keyOf={({ name }) => name}
            />
          )}
          <Dialog title={text.newKey} isOpen={isOpen} onClose={() => setOpen(false)}>
            <KeyForm
              sync={sync}
              onMade={(key) => {
                setMade(key);
                setOpen(false);
              }}
            />
          </Dialog>
          {revoked !== null && <RevokeKey sync={sync} name={revoked} onClose={() => setRevoked(null)} />}
        </div>
      )}
    </Panel>
  );
}

function RevokeKey({ sync, name, onClose }: { sync: string; name: string; onClose: () => void }) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const revoke = async () => {
    setBusy(true);
    try {
      const params = { path: { sync, name } };
      await bodyOf(api.DELETE('/api/v1/syncs/{sync}/proxy-keys/{name}', { params }));
      toast(text.removed(name));
      onClose();
      await client.invalidateQueries(proxyKeysQuery(sync));
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <ConfirmDialog
      isOpen
      onClose={onClose}
      act={text.remove(name)}
      happens={text.happens}
      stays={text.stays}
      costs={text.costs}
      isBusy={isBusy}
      problem={problem}
      onConfirm={() => void revoke()}
    />
  );
}
