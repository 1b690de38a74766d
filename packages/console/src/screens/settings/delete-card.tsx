import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { type Sync, syncsQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import { words } from './words.ts';

/** What would be erased and what stays is asked of the API; the name must be typed. */
export function DeleteSync({ sync: { id, name } }: { sync: Sync }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const plan = useQuery({
    queryKey: ['deletion', id],
    enabled: isOpen,
    queryFn: () =>
      bodyOf(
        api.DELETE('/api/v1/syncs/{sync}', { params: { path: { sync: id }, query: { dry_run: 'true' } } }),
      ),
  });
  const erase = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await bodyOf(api.DELETE('/api/v1/syncs/{sync}', { params: { path: { sync: id } } }));
      await client.invalidateQueries(syncsQuery);
      await navigate({ to: '/syncs' });
      toast(words.deleted(name));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
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
    </>
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
