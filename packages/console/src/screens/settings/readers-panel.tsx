import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { readersQuery } from '../../api/queries.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Panel } from '../../ui/panel.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { toast } from '../../ui/toast.tsx';
import { useAct } from '../../ui/use-act.ts';
import { words } from './access-words.ts';
import { NewReaderDialog } from './new-reader-dialog.tsx';

type Reader = components['schemas']['Reader'];

export function ReadersPanel({ sync }: { sync: string }) {
  const query = useQuery(readersQuery(sync));
  const [isMaking, setMaking] = useState(false);
  const [removing, setRemoving] = useState<string | null>(null);
  const columns: readonly TableColumn<Reader>[] = [
    { id: 'name', label: words.reader, value: ({ name }) => name },
    {
      id: 'login',
      label: words.login,
      value: ({ login }) => login,
      cell: ({ login }) => <code className="break-all">{login}</code>,
    },
    {
      id: 'actions',
      label: words.actions,
      isUnsorted: true,
      value: () => null,
      cell: ({ name }) => (
        <Button aria-label={words.removeNamed(name)} onClick={() => setRemoving(name)}>
          {words.remove}
        </Button>
      ),
    },
  ];
  return (
    <>
      <Panel
        title={words.readers}
        query={query}
        actions={<Button onClick={() => setMaking(true)}>{words.makeReader}</Button>}
      >
        {({ items }) => (
          <div className="space-y-4">
            <p className="prose-width text-muted">{words.readersHint}</p>
            {items.length === 0 ? (
              <p>{words.noReaders}</p>
            ) : (
              <DataTable caption={words.readers} rows={items} columns={columns} keyOf={({ name }) => name} />
            )}
          </div>
        )}
      </Panel>
      <NewReaderDialog sync={sync} isOpen={isMaking} onClose={() => setMaking(false)} />
      <RemoveDialog sync={sync} name={removing} onClose={() => setRemoving(null)} />
    </>
  );
}

function RemoveDialog({ sync, name, onClose }: { sync: string; name: string | null; onClose: () => void }) {
  const client = useQueryClient();
  const { isBusy, problem, act } = useAct();
  const remove = async () => {
    if (name === null) return;
    const params = { path: { sync, reader: name } };
    const isDone = await act(async () => {
      await bodyOf(api.DELETE('/api/v1/syncs/{sync}/readers/{reader}', { params }));
      await client.invalidateQueries(readersQuery(sync));
    });
    if (!isDone) return;
    onClose();
    toast(words.removed(name));
  };
  return (
    <ConfirmDialog
      act={words.removeNamed(name ?? '')}
      happens={words.removeHappens}
      stays={words.removeStays}
      costs={words.removeCosts}
      isOpen={name !== null}
      isBusy={isBusy}
      problem={problem}
      onClose={onClose}
      onConfirm={() => void remove()}
    />
  );
}
