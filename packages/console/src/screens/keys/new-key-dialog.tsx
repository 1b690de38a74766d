import { type FormEvent, useState } from 'react';
import { asProblem, type Problem } from '../../api/problem.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { SecretText } from '../../ui/secret-text.tsx';
import { ui } from '../../words/ui.ts';
import type { NewKey } from './keys-panel.tsx';
import { words } from './words.ts';

/** Asks what the key may do, makes it, and shows it once. */
export function NewKeyDialog({
  isOpen,
  onClose,
  make,
}: {
  isOpen: boolean;
  onClose: () => void;
  make: (wanted: NewKey) => Promise<string>;
}) {
  const [made, setMade] = useState<{ name: string; key: string } | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  return (
    // A made key is not lost by a press beside the dialog: only its button closes it then.
    <Dialog
      title={made ? words.made(made.name) : words.make}
      isOpen={isOpen}
      onClose={() => made === null && close()}
    >
      {made ? (
        <div className="space-y-4">
          <p>{words.shownOnce}</p>
          <SecretText secret={made.key} label={words.made(made.name)} />
          <div className="flex justify-end">
            <Button look="primary" onClick={close}>
              {words.stored}
            </Button>
          </div>
        </div>
      ) : (
        <NewKeyForm
          onCancel={close}
          onMake={async (wanted) => setMade({ name: wanted.name, key: await make(wanted) })}
        />
      )}
    </Dialog>
  );
}

function NewKeyForm({
  onCancel,
  onMake,
}: {
  onCancel: () => void;
  onMake: (wanted: NewKey) => Promise<void>;
}) {
  const [name, setName] = useState('');
  const [scope, setScope] = useState<NewKey['scope']>('read');
  const [days, setDays] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await onMake({ name, scope, ...(days !== '' && { expires_in_days: Number(days) }) });
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const error = problem?.of('name')?.reason;
  return (
    <form className="space-y-4" noValidate onSubmit={(event) => void submit(event)}>
      <TextField
        label={words.name}
        hint={words.nameHint}
        autoComplete="off"
        data-first-focus
        value={name}
        onChange={setName}
        error={error}
      />
      <SelectField
        label={words.scope}
        value={scope}
        onChange={(next) => setScope(next === 'write' ? 'write' : 'read')}
        choices={Object.entries(words.scopes).map(([value, label]) => ({ value, label }))}
      />
      <SelectField label={words.expiry} value={days} onChange={setDays} choices={words.expiries} />
      {problem && error === undefined && <ProblemNotice problem={problem} isOwnAction />}
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{ui.cancel}</Button>
        <Button type="submit" look="primary" isBusy={isBusy}>
          {words.makeIt}
        </Button>
      </div>
    </form>
  );
}
