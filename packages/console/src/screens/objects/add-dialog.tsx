import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { Sync } from '../../api/queries.ts';
import { requestsFor } from '../../objects/requests-for.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import { formatDuration } from '../../words/format.ts';
import { addObjects, type OrgObject, planObjects, requestProgress } from './org-objects.ts';
import { words } from './words.ts';

/** Says what adding would make, as the API has tried it, and adds. */
export function AddDialog({
  sync,
  picked,
  isOpen,
  onClose,
  onAdded,
}: {
  sync: Sync;
  picked: readonly OrgObject[];
  isOpen: boolean;
  onClose: () => void;
  onAdded: () => void;
}) {
  const names = picked.map(({ sobject }) => sobject);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  /** The same until it is accepted: an answer may have been lost. */
  const key = useRef(crypto.randomUUID());
  const plan = useQuery({
    queryKey: ['added objects', sync.id, ...names],
    enabled: isOpen && names.length > 0,
    staleTime: 60_000,
    retry: false,
    queryFn: () => planObjects(sync.id, names),
  });
  const progress = useQuery({
    queryKey: ['request', key.current],
    enabled: isBusy,
    refetchInterval: 500,
    retry: false,
    queryFn: ({ signal }) => requestProgress(key.current, signal),
  });
  const add = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await addObjects(sync.id, names, key.current);
      onClose();
      onAdded();
      toast(words.added(names.length));
    } catch (error) {
      setProblem(asProblem(error));
      key.current = crypto.randomUUID();
    } finally {
      setBusy(false);
    }
  };
  const records = picked.reduce((sum, one) => sum + (one.records ?? 0), 0);
  const requests = requestsFor(records);
  const step = isBusy ? progress.data?.progress : null;
  return (
    <ConfirmDialog
      act={words.addNamed(names.length)}
      happens={
        <>
          {words.happens}
          {plan.data ? (
            <ul className="mt-1 list-disc pl-5">
              {plan.data.objects.map(({ sobject, table_name: table, columns, note }) => (
                <li key={sobject}>
                  {words.happensEach(sobject, table, columns)}
                  {note !== null && <span className="block text-muted">{`${sobject} ${note}`}</span>}
                </li>
              ))}
            </ul>
          ) : (
            plan.isFetching && <p className="mt-1 text-muted">{words.checking}</p>
          )}
          {step && (
            <p role="status" className="mt-2 font-medium tabular-nums">
              {words.progress(step.step, step.done, step.of)}
            </p>
          )}
        </>
      }
      stays={words.stays}
      costs={words.costs(records, requests, formatDuration(requests * sync.interval_ms))}
      isOpen={isOpen}
      isBusy={isBusy}
      problem={problem ?? (plan.error ? asProblem(plan.error) : null)}
      onClose={onClose}
      onConfirm={() => void add()}
    />
  );
}
