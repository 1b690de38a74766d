import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { Problem } from '../../api/problem.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Facts } from '../../ui/facts.tsx';
import { toast } from '../../ui/toast.tsx';
import { useAct } from '../../ui/use-act.ts';
import { words } from './access-words.ts';
import { MoveDialog } from './move-dialog.tsx';
import { SettingCard } from './setting-card.tsx';
import type { Settings } from './settings-query.ts';

/** Where the mirror is, and how to move it. */
export function DatabaseCard({ settings }: { settings: Settings }) {
  const { id, mirror } = settings.sync;
  const [isOpen, setOpen] = useState(false);
  return (
    <SettingCard id="database" title={words.database}>
      <Facts
        facts={[
          [words.kind, words.kinds[mirror.kind]],
          [words.address, <code key="url">{mirror.url}</code>],
          [words.schema, <code key="schema">{mirror.table_schema}</code>],
          mirror.tunnel === null ? null : [words.tunnel, <code key="tunnel">{mirror.tunnel}</code>],
        ]}
      />
      {mirror.kind === 'own' && <Former sync={id} />}
      <Button onClick={() => setOpen(true)}>{words.move}</Button>
      <MoveDialog settings={settings} isOpen={isOpen} onClose={() => setOpen(false)} />
    </SettingCard>
  );
}

/** The private database that the sync has left, if there is one. */
function Former({ sync }: { sync: string }) {
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const { isBusy, problem, act } = useAct();
  const queryKey = ['former database', sync];
  const drop = (isDryRun: boolean) => {
    const params = { path: { sync }, query: { dry_run: isDryRun ? 'true' : 'false' } as const };
    return bodyOf(api.DELETE('/api/v1/syncs/{sync}/former-database', { params }));
  };
  const { data } = useQuery({
    queryKey,
    queryFn: async () => {
      try {
        return (await drop(true)).database;
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return null;
        throw error;
      }
    },
  });
  if (data == null) return null;
  const confirm = async () => {
    const isDone = await act(async () => {
      await drop(false);
      await client.invalidateQueries({ queryKey });
    });
    if (!isDone) return;
    setOpen(false);
    toast(words.dropped(data));
  };
  return (
    <div className="flex flex-wrap items-center gap-3 rounded-card bg-sunken p-3">
      <p>{words.former(data)}</p>
      <Button look="danger" onClick={() => setOpen(true)}>
        {words.dropFormer}
      </Button>
      <ConfirmDialog
        act={words.dropFormerNamed(data)}
        happens={words.dropHappens}
        stays={words.dropStays}
        costs={words.dropCosts}
        typedName={data}
        isOpen={isOpen}
        isBusy={isBusy}
        problem={problem}
        onClose={() => setOpen(false)}
        onConfirm={() => void confirm()}
      />
    </div>
  );
}
