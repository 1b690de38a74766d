import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { readersQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { SecretText } from '../../ui/secret-text.tsx';
import { useAct } from '../../ui/use-act.ts';
import { ui } from '../../words/ui.ts';
import { words } from './access-words.ts';

interface MadeReader {
  name: string;
  mirror_url: string;
}

/** Makes a login for an application, and shows its address with the password once. */
export function NewReaderDialog({
  sync,
  isOpen,
  onClose,
}: {
  sync: string;
  isOpen: boolean;
  onClose: () => void;
}) {
  const [made, setMade] = useState<MadeReader | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  return (
    // What is shown once is not lost by a press beside the dialog: only its button closes it then.
    <Dialog
      title={made ? words.madeReader(made.name) : words.makeReader}
      isOpen={isOpen}
      onClose={() => made === null && close()}
    >
      {made ? (
        <div className="space-y-4">
          <p>{words.shownOnce}</p>
          <SecretText secret={made.mirror_url} label={words.url} />
          <div className="flex justify-end">
            <Button look="primary" onClick={close}>
              {words.stored}
            </Button>
          </div>
        </div>
      ) : (
        <NewReaderForm sync={sync} onCancel={close} onMade={setMade} />
      )}
    </Dialog>
  );
}

function NewReaderForm({
  sync,
  onCancel,
  onMade,
}: {
  sync: string;
  onCancel: () => void;
  onMade: (made: MadeReader) => void;
}) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const { isBusy, problem, act } = useAct();
  const make = () =>
    act(async () => {
      const params = { path: { sync } };
      const reader = await bodyOf(api.POST('/api/v1/syncs/{sync}/readers', { params, body: { name } }));
      if ('mirror_url' in reader) onMade(reader); // a dry run would answer without it
      await client.invalidateQueries(readersQuery(sync));
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void make();
  };
  const error = problem?.of('name')?.reason;
  return (
    <form className="space-y-4" noValidate onSubmit={submit}>
      <TextField
        label={words.reader}
        hint={words.readerHint}
        autoComplete="off"
        data-first-focus
        value={name}
        onChange={setName}
        error={error}
      />
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
