import { useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { sessionQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { SecretField } from '../../ui/secret-field.tsx';
import { words } from './words.ts';

/** Only an address of the console itself: a link may not lead from here to elsewhere. */
const ownAddress = (to: string | undefined) => (to && /^\/(?![/\\])/.test(to) ? to : '/');

export function SignInForm() {
  const { to } = useSearch({ strict: false });
  const router = useRouter();
  const client = useQueryClient();
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);

  const signIn = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await bodyOf(api.POST('/api/v1/session', { body: { password } }));
      await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
      router.history.push(ownAddress(to));
    } catch (failure) {
      const refused = asProblem(failure);
      // The password was right, and the next request came without the cookie.
      if (refused.status === 401) setError(words.noCookie(location.origin));
      else setProblem(refused);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setError(password === '' ? words.missing : null);
    if (password !== '') void signIn();
  };
  return (
    <form
      className="max-w-xl space-y-4 rounded-card border border-line bg-surface p-4 sm:p-6"
      onSubmit={submit}
      noValidate
    >
      <input type="text" name="username" autoComplete="username" value="admin" readOnly hidden />
      <SecretField
        label={words.password}
        name="password"
        autoComplete="current-password"
        autoFocus
        value={password}
        onChange={setPassword}
        error={error}
      />
      {problem && <ProblemNotice problem={problem} isOwnAction />}
      <Button type="submit" look="primary" isBusy={isBusy}>
        {words.submit}
      </Button>
    </form>
  );
}
