import { useState } from 'react';
import type { SyncObject } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import type { ObjectWork } from './use-object-work.ts';
import { words } from './words.ts';

type Decision = 'keep' | 'remove';

/** Many rows are no longer visible in Salesforce at once: none was removed, and somebody decides. */
export function MissingRows({
  object: { sobject, missing_rows: rows, table_name: table },
  work,
}: {
  object: SyncObject;
  work: ObjectWork;
}) {
  const [asked, setAsked] = useState<Decision | null>(null);
  if (rows === 0) return null;
  const decide = async (kind: Decision) => {
    if (await work.start(words.deciding, { kind, object: sobject })) setAsked(null);
  };
  const common = { isBusy: work.run.isBusy, problem: work.run.problem, onClose: () => setAsked(null) };
  return (
    <>
      <Notice
        look="stopped"
        title={words.missingRows(rows, sobject)}
        says={words.missingRowsSays}
        code="PERM-05"
      >
        <Button onClick={() => setAsked('keep')}>{words.keep}</Button>
        <Button onClick={() => setAsked('remove')}>{words.removeRows(rows)}</Button>
      </Notice>
      <ConfirmDialog
        {...common}
        act={words.keepAct(rows)}
        happens={words.keepHappens}
        stays={words.keepStays}
        costs={words.keepCosts}
        isOpen={asked === 'keep'}
        onConfirm={() => void decide('keep')}
      />
      <ConfirmDialog
        {...common}
        act={words.removeRowsAct(rows)}
        happens={words.removeRowsHappens(rows, table)}
        stays={words.removeRowsStays}
        costs={words.removeRowsCosts}
        typedName={String(rows)}
        isOpen={asked === 'remove'}
        onConfirm={() => void decide('remove')}
      />
    </>
  );
}
