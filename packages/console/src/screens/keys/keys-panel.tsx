import { type UseQueryResult, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Panel } from '../../ui/panel.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Age, Time } from '../../ui/time.tsx';
import { toast } from '../../ui/toast.tsx';
import { NewKeyDialog } from './new-key-dialog.tsx';
import { words } from './words.ts';

export type Key = components['schemas']['ApiKey'];
export type NewKey = components['schemas']['NewApiKey'];

export interface KeyAccess {
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
    <Panel
      title={title}
      query={query}
      actions={<Button onClick={() => setMaking(true)}>{words.make}</Button>}
    >
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
  { id: 'name', label: words.name, value: ({ name }) => name },
  { id: 'scope', label: words.scope, value: ({ scope }) => words.scopes[scope] },
  {
    id: 'created',
    label: words.created,
    value: ({ created_at: at }) => at,
    cell: ({ created_at: at }) => <Time at={at} />,
  },
  {
    id: 'used',
    label: words.lastUsed,
    value: ({ last_used_at: at }) => at,
    cell: ({ last_used_at: at }) => <Age at={at} />,
  },
  {
    id: 'expires',
    label: words.expires,
    value: ({ expires_at: at }) => at,
    cell: ({ expires_at: at, is_expired: isExpired }) =>
      isExpired ? <span className="font-medium text-crit">{words.expired}</span> : <Time at={at} />,
  },
  {
    id: 'actions',
    label: words.actions,
    isUnsorted: true,
    value: () => null,
    cell: ({ name }) => (
      <Button aria-label={words.revokeNamed(name)} onClick={() => onRevoke(name)}>
        {words.revoke}
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
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const confirm = async () => {
    if (name === null) return;
    setBusy(true);
    setProblem(null);
    try {
      await revoke(name);
      onClose();
      toast(words.revoked(name));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <ConfirmDialog
      act={words.revokeNamed(name ?? '')}
      happens={words.revokeHappens}
      stays={words.revokeStays}
      costs={words.revokeCosts}
      isOpen={name !== null}
      isBusy={isBusy}
      problem={problem}
      onClose={onClose}
      onConfirm={() => void confirm()}
    />
  );
}
