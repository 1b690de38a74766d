import { type FormEvent, useMemo, useState } from 'react';
import type { Problem } from '../../api/problem.ts';
import type { components } from '../../api/schema.d.ts';
import { Button, LinkButton } from '../../ui/button.tsx';
import { ErrorSummary, type FormError } from '../../ui/error-summary.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { SecretField } from '../../ui/secret-field.tsx';
import { words } from './words.ts';

type SetupAnswers = components['schemas']['SetUp'];

const passwordMin = 12;

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
  const [isChecked, setChecked] = useState(false);
  const wrong = isChecked ? wrongIn(token, password) : [];
  const refused = useMemo(
    () => (problem?.errors ?? []).map(({ field, reason }) => ({ field, says: reason })),
    [problem],
  );
  const errors = wrong.length > 0 ? wrong : refused;
  const says = (field: string) => errors.find((error) => error.field === field)?.says;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = wrongIn(token, password);
    setChecked(found.length > 0);
    const [first] = found;
    if (first) document.getElementById(first.field)?.focus();
    else onSubmit({ token, password });
  };
  return (
    <form
      className="max-w-xl space-y-4 rounded-card border border-line bg-surface p-4 sm:p-6"
      onSubmit={submit}
      noValidate
    >
      <ErrorSummary errors={refused} />
      {/* Who has come by the link has nothing to do here. */}
      {(initialToken === '' || problem) && (
        <TextField
          id="token"
          label={words.token}
          hint={words.tokenHint}
          autoComplete="off"
          spellCheck={false}
          value={token}
          onChange={setToken}
          error={says('token')}
        />
      )}
      <input type="text" name="username" autoComplete="username" value="admin" readOnly hidden />
      <SecretField
        id="password"
        label={words.password}
        hint={words.passwordHint}
        autoComplete="new-password"
        autoFocus={initialToken !== ''}
        value={password}
        onChange={setPassword}
        error={says('password')}
      />
      {problem && errors.length === 0 && <Refused problem={problem} />}
      <Button type="submit" look="primary" isBusy={isBusy}>
        {words.submit}
      </Button>
    </form>
  );
}

/** Whoever was slower than another person has only to sign in. */
const Refused = ({ problem }: { problem: Problem }) => (
  <ProblemNotice problem={problem} isOwnAction>
    {problem.code === 'API-12' && <LinkButton to="/sign-in">{words.signIn}</LinkButton>}
  </ProblemNotice>
);

/** What can be told without asking the server. */
function wrongIn(token: string, password: string): FormError[] {
  const { length } = Array.from(password);
  return [
    ...(token.trim() === '' ? [{ field: 'token', says: words.tokenMissing }] : []),
    ...(length < passwordMin ? [{ field: 'password', says: words.passwordShort(length) }] : []),
  ];
}
