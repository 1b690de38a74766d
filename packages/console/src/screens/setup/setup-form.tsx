import { type FormEvent, useMemo, useState } from 'react';
import type { Problem } from '../../api/problem.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorSummary } from '../../ui/error-summary.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { words } from './words.ts';

export type SetupAnswers = components['schemas']['SetUp'];

export function SetupForm({
  initialToken,
  problem,
  isBusy,
  onSubmit,
}: {
  initialToken: string;
  /** Why the last answers were refused. */
  problem: Problem | null;
  isBusy: boolean;
  onSubmit: (answers: SetupAnswers) => void;
}) {
  const [token, setToken] = useState(initialToken);
  const [password, setPassword] = useState('');
  const [email, setEmail] = useState('');
  const errors = useMemo(
    () => (problem?.errors ?? []).map(({ field, reason }) => ({ field, says: reason })),
    [problem],
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit({ token, password, ...(email !== '' && { email }) });
  };
  return (
    <form className="space-y-4" onSubmit={submit} noValidate>
      <ErrorSummary errors={errors} />
      <TextField
        id="token"
        label={words.token}
        hint={words.tokenHint}
        autoComplete="off"
        value={token}
        onChange={setToken}
        error={problem?.of('token')?.reason}
      />
      <input type="text" name="username" autoComplete="username" value="admin" readOnly hidden />
      <TextField
        id="password"
        label={words.password}
        hint={words.passwordHint}
        type="password"
        autoComplete="new-password"
        value={password}
        onChange={setPassword}
        error={problem?.of('password')?.reason}
      />
      <TextField
        id="email"
        label={words.email}
        type="email"
        autoComplete="email"
        value={email}
        onChange={setEmail}
        error={problem?.of('email')?.reason}
      />
      {problem && errors.length === 0 && <ProblemNotice problem={problem} isOwnAction />}
      <Button type="submit" look="primary" isBusy={isBusy}>
        {words.submit}
      </Button>
    </form>
  );
}
