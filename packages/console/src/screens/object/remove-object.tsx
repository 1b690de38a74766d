import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { showSync } from '../../api/changes.ts';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { Sync, SyncObject } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { RadioCards } from '../../ui/choices.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import { words } from './words.ts';

/** Lets an object leave the sync. Its table stays, or is dropped; for that its name must be typed. */
export function RemoveObject({ sync, object }: { sync: Sync; object: SyncObject }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [table, setTable] = useState<'keep' | 'drop'>('keep');
  const { sobject } = object;
  const tableName = `${sync.mirror.table_schema}.${object.table_name}`;
  const drops = table === 'drop';
  const path = { sync: sync.id, object: sobject };
  const dropTable = drops ? 'true' : 'false';
  const plan = useQuery({
    queryKey: ['removal', sync.id, sobject, table],
    enabled: isOpen,
    retry: false,
    queryFn: () =>
      bodyOf(
        api.DELETE('/api/v1/syncs/{sync}/objects/{object}', {
          params: { path, query: { dry_run: 'true', drop_table: dropTable } },
        }),
      ),
  });
  const remove = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const answer = await bodyOf(
        api.DELETE('/api/v1/syncs/{sync}/objects/{object}', {
          params: { path, query: { drop_table: dropTable } },
        }),
      );
      if ('name' in answer) showSync(client, answer);
      await navigate({ to: '/syncs/$sync/objects', params: { sync: sync.id } });
      toast(words.removed(sobject));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const planned = plan.data && 'dependents' in plan.data ? plan.data.dependents : [];
  const dependents = drops ? planned : [];
  const close = () => {
    setOpen(false);
    setTable('keep');
    setProblem(null);
  };
  return (
    <>
      <Button onClick={() => setOpen(true)}>{words.remove}</Button>
      <ConfirmDialog
        act={words.removeAct(sobject)}
        happens={
          <>
            <p>{words.removeHappens(sobject)}</p>
            {drops && dependents.length === 0 && <p>{words.dropHappens(tableName)}</p>}
            {dependents.length > 0 && <p>{words.dependents(dependents.join(', '))}</p>}
          </>
        }
        stays={drops && dependents.length === 0 ? words.removeStays : words.keepStaysTable(tableName)}
        costs={words.removeCosts}
        {...(drops && { typedName: sobject })}
        isOpen={isOpen}
        isBusy={isBusy}
        problem={problem ?? (plan.error ? asProblem(plan.error) : null)}
        onClose={close}
        onConfirm={() => void remove()}
      >
        <RadioCards
          legend={words.tableChoice}
          value={table}
          onChange={(next) => setTable(next === 'drop' ? 'drop' : 'keep')}
          choices={[
            { value: 'keep', label: words.keepTable, hint: words.keepTableHint },
            { value: 'drop', label: words.dropTable, hint: words.dropTableHint },
          ]}
        />
      </ConfirmDialog>
    </>
  );
}
