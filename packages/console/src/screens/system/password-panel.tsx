import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { systemQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorSummary, type FormError } from '../../ui/error-summary.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { toast } from '../../ui/toast.tsx';
import { useAct } from '../../ui/use-act.ts';
import { useRenewSessions } from './sessions-panel.tsx';
import { words } from './words.ts';

export function PasswordPanel() {
  const { data } = useQuery(systemQuery);
  return (
    <section
      aria-labelledby="password-heading"
      className="space-y-4 rounded-card border border-line bg-surface p-4"
    >
      <h2 id="password-heading" className="text-h2 font-semibold">
        {words.password}
      </h2>
      {data?.is_demo ? <p>{words.demoPassword}</p> : <PasswordForm />}
    </section>
  );
}

const empty = { current: '', next: '', again: '' };
type Draft = typeof empty;
const fewest = 12;

/** Nobody changes it who only finds the browser open: the current password is asked for. */
function PasswordForm() {
  const id = useId();
  const [draft, setDraft] = useState<Draft>(empty);
  const [isRefused, setRefused] = useState(false);
  const [shown, setShown] = useState<FormError[]>([]);
  const { isBusy, problem, act } = useAct();
  const renewSessions = useRenewSessions();
  const wrong = wrongIn(draft);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setRefused(true);
    setShown(Object.entries(wrong).map(([field, says]) => ({ field: `${id}-${field}`, says })));
    if (Object.keys(wrong).length > 0) return;
    const body = { current: draft.current, new: draft.next };
    if (!(await act(() => bodyOf(api.POST('/api/v1/password', { body }))))) return;
    setDraft(empty);
    setRefused(false);
    toast(words.changed);
    await renewSessions();
  };
  const field = (name: keyof Draft, autoComplete: string, hint?: string) => (
    <TextField
      id={`${id}-${name}`}
      label={words[name]}
      hint={hint}
      type="password"
      autoComplete={autoComplete}
      value={draft[name]}
      onChange={(value) => setDraft({ ...draft, [name]: value })}
      error={isRefused ? wrong[name] : null}
    />
  );
  return (
    <form className="space-y-4" noValidate onSubmit={(event) => void submit(event)}>
      <p className="text-muted">{words.passwordHint}</p>
      <ErrorSummary errors={shown} />
      <input type="text" autoComplete="username" value="admin" readOnly hidden />
      {field('current', 'current-password')}
      {field('next', 'new-password', words.nextHint)}
      {field('again', 'new-password')}
      {problem && <ProblemNotice problem={problem} isOwnAction />}
      <Button type="submit" isBusy={isBusy}>
        {words.change}
      </Button>
    </form>
  );
}

function wrongIn({ current, next, again }: Draft): Partial<Draft> {
  return {
    ...(current === '' && { current: words.missing }),
    ...(next.length < fewest && { next: words.tooShort }),
    ...(again !== next && { again: words.different }),
  };
}
