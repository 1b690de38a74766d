import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { readersQuery } from '../../api/queries.ts';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { words } from './words.ts';

const text = words.logins;

/** A login whose password only the answer to its making shows. */
export interface MadeLogin {
  login: string;
  password: string;
}

/** Makes a login for an application. */
export function LoginForm({ sync, onMade }: { sync: string; onMade: (made: MadeLogin) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isMissing, setMissing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const create = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const params = { path: { sync } };
      const reader = await bodyOf(api.POST('/api/v1/syncs/{sync}/readers', { params, body: { name } }));
      await client.invalidateQueries(readersQuery(sync));
      announce(text.created(name));
      // A dry run would answer without it.
      if ('mirror_url' in reader)
        onMade({ login: reader.login, password: decodeURIComponent(new URL(reader.mirror_url).password) });
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(name === '');
    if (name !== '') void create();
  };
  const error = isMissing && name === '' ? text.nameMissing : problem?.of('name')?.reason;
  return (
    <form className="space-y-3" onSubmit={submit} noValidate>
      <TextField
        label={text.nameField}
        hint={text.nameHint}
        autoComplete="off"
        spellCheck={false}
        data-first-focus
        value={name}
        onChange={setName}
        error={error}
      />
      {problem && !problem.of('name') && <ProblemNotice problem={problem} isOwnAction />}
      <Button type="submit" look="primary" isBusy={isBusy}>
        {text.create}
      </Button>
    </form>
  );
}
