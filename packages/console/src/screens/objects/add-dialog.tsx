import type { Sync } from '../../api/queries.ts';
import { requestsFor } from '../../objects/requests-for.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import { formatDuration } from '../../words/format.ts';
import type { OrgObject } from './org-objects.ts';
import { useAdding } from './use-adding.ts';
import { words } from './words.ts';

/** Says what adding would make, and adds. */
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
  const adding = useAdding(sync.id, names, isOpen);
  const records = picked.reduce((sum, one) => sum + (one.records ?? 0), 0);
  const requests = requestsFor(records);
  const add = async () => {
    if (!(await adding.add())) return;
    onClose();
    onAdded();
    toast(words.added(names.length));
  };
  return (
    <ConfirmDialog
      act={words.addNamed(names.length)}
      happens={<WhatHappens {...adding} />}
      stays={words.stays}
      costs={words.costs(records, requests, formatDuration(requests * sync.interval_ms))}
      isOpen={isOpen}
      isBusy={adding.isBusy}
      problem={adding.problem}
      onClose={onClose}
      onConfirm={() => void add()}
    />
  );
}

function WhatHappens({ plan, step }: Pick<ReturnType<typeof useAdding>, 'plan' | 'step'>) {
  return (
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
        <p className="mt-2 font-medium tabular-nums">{words.progress(step.step, step.done, step.of)}</p>
      )}
    </>
  );
}
