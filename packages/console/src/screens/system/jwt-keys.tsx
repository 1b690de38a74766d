import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Panel } from '../../ui/panel.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { toast } from '../../ui/toast.tsx';
import { useAct } from '../../ui/use-act.ts';
import { words } from './words.ts';

type Pair = components['schemas']['JwtKey'];

const queryKey = ['JWT keys'];

/** Key pairs of the JWT bearer flow, whose private halves never leave the server. */
export function JwtKeys() {
  const [deleting, setDeleting] = useState<string | null>(null);
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/jwt-keys', { signal, params: { query: { limit: 500 } } })),
  });
  const columns: readonly TableColumn<Pair>[] = [
    { id: 'name', label: words.pairName, value: ({ name }) => name },
    {
      id: 'created',
      label: words.pairMade,
      value: ({ created_at: at }) => at,
      cell: ({ created_at: at }) => <Time at={at} />,
    },
    {
      id: 'expires',
      label: words.pairExpires,
      value: ({ expires_at: at }) => at,
      cell: ({ expires_at: at }) => <Time at={at} />,
    },
    {
      id: 'actions',
      label: words.actions,
      isUnsorted: true,
      value: () => null,
      cell: ({ name, certificate }) => (
        <span className="flex flex-wrap gap-2">
          <CopyButton text={certificate} label={words.copyCertificate} />
          <Button aria-label={words.deletePair(name)} onClick={() => setDeleting(name)}>
            {words.delete}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <>
      <Panel title={words.pairs} query={query}>
        {({ items }) => (
          <div className="space-y-4">
            <p className="prose-width text-muted">{words.pairsHint}</p>
            {items.length === 0 ? (
              <p>{words.noPairs}</p>
            ) : (
              <DataTable caption={words.pairs} rows={items} columns={columns} keyOf={({ name }) => name} />
            )}
          </div>
        )}
      </Panel>
      <DeleteDialog name={deleting} onClose={() => setDeleting(null)} />
    </>
  );
}

function DeleteDialog({ name, onClose }: { name: string | null; onClose: () => void }) {
  const client = useQueryClient();
  const { isBusy, problem, act } = useAct();
  const remove = async () => {
    if (name === null) return;
    const isDone = await act(async () => {
      await bodyOf(api.DELETE('/api/v1/jwt-keys/{name}', { params: { path: { name } } }));
      await client.invalidateQueries({ queryKey });
    });
    if (!isDone) return;
    onClose();
    toast(words.pairDeleted(name));
  };
  return (
    <ConfirmDialog
      act={words.deletePair(name ?? '')}
      happens={words.deletePairHappens}
      stays={words.deletePairStays}
      costs={words.deletePairCosts}
      isOpen={name !== null}
      isBusy={isBusy}
      problem={problem}
      onClose={onClose}
      onConfirm={() => void remove()}
    />
  );
}
