import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Sync, SyncObject } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { RadioCards } from '../../ui/choices.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import { useRemoval } from './use-removal.ts';
import { words } from './words.ts';

const tableChoices = [
  { value: 'keep', label: words.keepTable, hint: words.keepTableHint },
  { value: 'drop', label: words.dropTable, hint: words.dropTableHint },
];

/** Lets an object leave the sync. Its table stays, or is dropped; for that its name must be typed. */
export function RemoveObject({
  sync,
  object: { sobject, table_name: table },
}: {
  sync: Sync;
  object: SyncObject;
}) {
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const [choice, setChoice] = useState('keep');
  const drops = choice === 'drop';
  const removal = useRemoval(sync.id, sobject, { drops, isOpen });
  const { dependents } = removal;
  const tableName = `${sync.mirror.table_schema}.${table}`;
  const isErased = drops && dependents.length === 0;
  const remove = async () => {
    if (!(await removal.remove())) return;
    await navigate({ to: '/syncs/$sync/objects', params: { sync: sync.id } });
    toast(words.removed(sobject));
  };
  const close = () => {
    setOpen(false);
    setChoice('keep');
    removal.forget();
  };
  return (
    <>
      <Button onClick={() => setOpen(true)}>{words.remove}</Button>
      <ConfirmDialog
        act={words.removeAct(sobject)}
        happens={
          <>
            <p>{words.removeHappens(sobject)}</p>
            {isErased && <p>{words.dropHappens(tableName)}</p>}
            {dependents.length > 0 && <p>{words.dependents(dependents.join(', '))}</p>}
          </>
        }
        stays={isErased ? words.removeStays : words.keepStaysTable(tableName)}
        costs={words.removeCosts}
        {...(drops && { typedName: sobject })}
        isOpen={isOpen}
        isBusy={removal.isBusy}
        problem={removal.problem}
        onClose={close}
        onConfirm={() => void remove()}
      >
        <RadioCards legend={words.tableChoice} value={choice} onChange={setChoice} choices={tableChoices} />
      </ConfirmDialog>
    </>
  );
}
