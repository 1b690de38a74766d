import { type FormEvent, useState } from 'react';
import type { components } from '../api/schema.d.ts';
import { keys } from '../words/keys.ts';
import { ui } from '../words/ui.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { SelectField, TextField } from './field.tsx';
import { ProblemNotice } from './problem-notice.tsx';
import { SecretText } from './secret-text.tsx';
import { useAct } from './use-act.ts';

export type NewKey = components['schemas']['NewApiKey'];

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
      title={made ? keys.made(made.name) : keys.make}
      isOpen={isOpen}
      onClose={() => made === null && close()}
    >
      {made ? (
        <div className="space-y-4">
          <p>{keys.shownOnce}</p>
          <SecretText secret={made.key} label={keys.made(made.name)} />
          <div className="flex justify-end">
            <Button look="primary" onClick={close}>
              {keys.stored}
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
  const { isBusy, problem, act } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void act(() => onMake({ name, scope, ...(days !== '' && { expires_in_days: Number(days) }) }));
  };
  const error = problem?.of('name')?.reason;
  return (
    <form className="space-y-4" noValidate onSubmit={submit}>
      <TextField
        label={keys.name}
        hint={keys.nameHint}
        autoComplete="off"
        data-first-focus
        value={name}
        onChange={setName}
        error={error}
      />
      <SelectField
        label={keys.scope}
        value={scope}
        onChange={(next) => setScope(next === 'write' ? 'write' : 'read')}
        choices={Object.entries(keys.scopes).map(([value, label]) => ({ value, label }))}
      />
      <SelectField label={keys.expiry} value={days} onChange={setDays} choices={keys.expiries} />
      {problem && error === undefined && <ProblemNotice problem={problem} isOwnAction />}
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{ui.cancel}</Button>
        <Button type="submit" look="primary" isBusy={isBusy}>
          {keys.makeIt}
        </Button>
      </div>
    </form>
  );
}
