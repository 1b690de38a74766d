import type { FormEvent, ReactNode } from 'react';
import { Button } from '../../ui/button.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { ConflictNotice } from './conflict-notice.tsx';
import type { Change, Settings } from './settings-query.ts';
import type { useChange } from './use-change.ts';
import { words } from './words.ts';

/** Around the fields of a form that is saved by a press: its buttons once something is changed, and what failed. */
export function ChangeForm({
  change,
  isChanged,
  onSave,
  onDiscard,
  children,
}: {
  change: ReturnType<typeof useChange>;
  isChanged: boolean;
  onSave: () => void;
  onDiscard: () => void;
  children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave();
  };
  return (
    <form className="space-y-4" onSubmit={submit} noValidate>
      {children}
      <Failure change={change} onTheirs={onDiscard} onSaved={onDiscard} />
      {!change.conflict && (
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary" isBusy={change.isBusy} disabled={!isChanged}>
            {words.save}
          </Button>
          {isChanged && <Button onClick={onDiscard}>{words.discard}</Button>}
        </div>
      )}
    </form>
  );
}

/** Why the last change was not saved, and how to go on. */
export function Failure({
  change: { conflict, problem, isBusy, save, forget },
  onTheirs,
  onSaved,
}: {
  change: ReturnType<typeof useChange>;
  onTheirs: () => void;
  onSaved: () => void;
}) {
  if (problem) return <ProblemNotice problem={problem} isOwnAction />;
  if (!conflict) return null;
  const again = async (wanted: Change, now: Settings) => {
    if (await save(wanted, now)) onSaved();
  };
  return (
    <ConflictNotice
      conflict={conflict}
      isBusy={isBusy}
      onSave={() => void again(conflict.wanted, conflict.now)}
      onTakeTheirs={() => {
        forget();
        onTheirs();
      }}
    />
  );
}
