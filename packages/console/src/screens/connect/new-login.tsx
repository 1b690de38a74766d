import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { readersQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { SecretText } from '../../ui/secret-text.tsx';
import { words } from './words.ts';

/** Makes a login for an application, whose password only this answer shows. */
export function NewLogin({ sync }: { sync: string }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [made, setMade] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const create = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const params = { path: { sync } };
      const reader = await bodyOf(api.POST('/api/v1/syncs/{sync}/readers', { params, body: { name } }));
      if ('mirror_url' in reader) setMade(reader.mirror_url); // a dry run would answer without it
      setName('');
      await client.invalidateQueries(readersQuery(sync));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void create();
  };
  const error = problem?.of('name')?.reason;
  return (
    <form className="space-y-3" onSubmit={submit} noValidate>
      <TextField
        label={words.newName}
        hint={words.newNameHint}
        autoComplete="off"
        value={name}
        onChange={setName}
        error={error}
      />
      {problem && error === undefined && <ProblemNotice problem={problem} isOwnAction />}
      <Button type="submit" isBusy={isBusy}>
        {words.create}
      </Button>
      {made !== null && (
        <div className="space-y-1">
          <p>{words.shownOnce}</p>
          <SecretText secret={made} label={words.urlLabel} />
        </div>
      )}
    </form>
  );
}
