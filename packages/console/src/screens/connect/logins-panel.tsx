import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { readersQuery } from '../../api/queries.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Panel } from '../../ui/panel.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { toast } from '../../ui/toast.tsx';
import { words } from './words.ts';

type Reader = components['schemas']['Reader'];

const text = words.logins;

/** All logins that read the mirror. */
export function LoginsPanel({ sync }: { sync: string }) {
  const readers = useQuery(readersQuery(sync));
  const [dropped, setDropped] = useState<string | null>(null);
  const columns: TableColumn<Reader>[] = [
    { id: 'name', label: text.name, value: ({ name }) => name },
    {
      id: 'user',
      label: text.user,
      value: ({ login }) => login,
      cell: ({ login }) => <code className="font-mono text-sm break-all">{login}</code>,
    },
    {
      id: 'acts',
      label: words.action,
      isUnsorted: true,
      value: () => null,
      cell: ({ name }) => (
        <Button
          look="quiet"
          className="-ml-3"
          aria-label={text.remove(name)}
          onClick={() => setDropped(name)}
        >
          {text.drop}
        </Button>
      ),
    },
  ];
  return (
    <Panel
      title={text.title}
      query={readers}
      isEmpty={({ items }) => items.length === 0}
      empty={<p>{text.empty}</p>}
    >
      {({ items }) => (
        <>
          <DataTable caption={text.title} rows={items} columns={columns} keyOf={({ name }) => name} />
          {dropped !== null && <DropLogin sync={sync} name={dropped} onClose={() => setDropped(null)} />}
        </>
      )}
    </Panel>
  );
}

function DropLogin({ sync, name, onClose }: { sync: string; name: string; onClose: () => void }) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const drop = async () => {
    setBusy(true);
    try {
      const params = { path: { sync, reader: name } };
      await bodyOf(api.DELETE('/api/v1/syncs/{sync}/readers/{reader}', { params }));
      toast(text.removed(name));
      onClose();
      await client.invalidateQueries(readersQuery(sync));
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
      onConfirm={() => void drop()}
    />
  );
}
