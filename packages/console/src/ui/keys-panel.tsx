import { type UseQueryResult, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { components } from '../api/schema.d.ts';
import { keys } from '../words/keys.ts';
import { Button } from './button.tsx';
import { ConfirmDialog } from './dialog.tsx';
import { type NewKey, NewKeyDialog } from './new-key-dialog.tsx';
import { Panel } from './panel.tsx';
import { DataTable, type TableColumn } from './table.tsx';
import { Age, Time } from './time.tsx';
import { toast } from './toast.tsx';
import { useAct } from './use-act.ts';

type Key = components['schemas']['ApiKey'];

interface KeyAccess {
  /** Of the query that lists them. */
  queryKey: readonly unknown[];
  /** @returns the key itself */
  make: (wanted: NewKey) => Promise<string>;
  revoke: (name: string) => Promise<void>;
}

/** Keys without what makes them valid; making one shows it once. */
export function KeysPanel({
  title,
  hint,
  empty,
  query,
  access,
}: {
  title: string;
  hint: string;
  empty: string;
  query: UseQueryResult<{ items: Key[] }>;
  access: KeyAccess;
}) {
  const client = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<string | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: access.queryKey });
  return (
    <Panel title={title} query={query} actions={<Button onClick={() => setMaking(true)}>{keys.make}</Button>}>
      {({ items }) => (
        <div className="space-y-4">
          <p className="prose-width text-muted">{hint}</p>
          {items.length === 0 ? (
            <p>{empty}</p>
          ) : (
            <DataTable
              caption={title}
              rows={items}
              columns={columnsOf(setRevoking)}
              keyOf={({ name }) => name}
            />
          )}
          <NewKeyDialog
            isOpen={isMaking}
            onClose={() => setMaking(false)}
            make={async (wanted) => {
              const key = await access.make(wanted);
              await renew();
              return key;
            }}
          />
          <RevokeDialog
            name={revoking}
            onClose={() => setRevoking(null)}
            revoke={async (name) => {
              await access.revoke(name);
              await renew();
            }}
          />
        </div>
      )}
    </Panel>
  );
}

const columnsOf = (onRevoke: (name: string) => void): readonly TableColumn<Key>[] => [
  { id: 'name', label: keys.name, value: ({ name }) => name },
  { id: 'scope', label: keys.scope, value: ({ scope }) => keys.scopes[scope] },
  {
    id: 'created',
    label: keys.created,
    value: ({ created_at: at }) => at,
    cell: ({ created_at: at }) => <Time at={at} />,
  },
  {
    id: 'used',
    label: keys.lastUsed,
    value: ({ last_used_at: at }) => at,
    cell: ({ last_used_at: at }) => <Age at={at} />,
  },
  {
    id: 'expires',
    label: keys.expires,
    value: ({ expires_at: at }) => at,
    cell: ({ expires_at: at, is_expired: isExpired }) =>
      isExpired ? <span className="font-medium text-crit">{keys.expired}</span> : <Time at={at} />,
  },
  {
    id: 'actions',
    label: keys.actions,
    isUnsorted: true,
    value: () => null,
    cell: ({ name }) => (
      <Button aria-label={keys.revokeNamed(name)} onClick={() => onRevoke(name)}>
        {keys.revoke}
      </Button>
    ),
  },
];

function RevokeDialog({
  name,
  onClose,
  revoke,
}: {
  /** Null: none is to be revoked. */
  name: string | null;
  onClose: () => void;
  revoke: (name: string) => Promise<void>;
}) {
  const { isBusy, problem, act } = useAct();
  const confirm = async () => {
    if (name === null || !(await act(() => revoke(name)))) return;
    onClose();
    toast(keys.revoked(name));
  };
  return (
    <ConfirmDialog
      act={keys.revokeNamed(name ?? '')}
      happens={keys.revokeHappens}
      stays={keys.revokeStays}
      costs={keys.revokeCosts}
      isOpen={name !== null}
      isBusy={isBusy}
      problem={problem}
      onClose={onClose}
      onConfirm={() => void confirm()}
    />
  );
}
