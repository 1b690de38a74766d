import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem } from '../../api/problem.ts';
import { type Sync, syncsQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { Checkbox } from '../../ui/choices.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import { useAct } from '../../ui/use-act.ts';
import { SettingCard } from './setting-card.tsx';
import { words } from './words.ts';

/** What would be erased and what stays is asked of the API; the name must be typed. */
export function DeleteCard({ sync: { id, name, mirror } }: { sync: Sync }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const { isBusy, problem, act } = useAct();
  const [keepsMirror, setKeepsMirror] = useState(false);
  const request = (isDryRun: boolean) => {
    const text = (isOn: boolean): 'true' | 'false' => (isOn ? 'true' : 'false');
    const query = { dry_run: text(isDryRun), keep_mirror: text(keepsMirror) };
    return bodyOf(api.DELETE('/api/v1/syncs/{sync}', { params: { path: { sync: id }, query } }));
  };
  const plan = useQuery({
    queryKey: ['deletion', id, keepsMirror],
    enabled: isOpen,
    queryFn: () => request(true),
  });
  const erase = async () => {
    const isDone = await act(async () => {
      await request(false);
      await client.invalidateQueries(syncsQuery);
    });
    if (!isDone) return;
    await navigate({ to: '/syncs' });
    toast(words.deleted(name));
  };
  return (
    <SettingCard id="deletion" title={words.deletion} hint={words.deleteHint}>
      {mirror.kind === 'own' && (
        <Checkbox
          label={words.keepMirror}
          hint={words.keepMirrorHint}
          isOn={keepsMirror}
          onChange={setKeepsMirror}
        />
      )}
      <Button look="danger" onClick={() => setOpen(true)}>
        {words.delete}
      </Button>
      <ConfirmDialog
        act={words.deleteNamed(name)}
        happens={<Lines lines={plan.data?.erases} />}
        stays={<Lines lines={plan.data?.keeps} />}
        costs={words.deleteCosts}
        typedName={name}
        isOpen={isOpen}
        isBusy={isBusy}
        problem={problem ?? (plan.error ? asProblem(plan.error) : null)}
        onClose={() => setOpen(false)}
        onConfirm={() => void erase()}
      />
    </SettingCard>
  );
}

function Lines({ lines = [] }: { lines: readonly string[] | undefined }) {
  return (
    <ul className="list-disc pl-5">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
