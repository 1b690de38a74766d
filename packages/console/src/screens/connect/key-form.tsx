import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { Button } from '../../ui/button.tsx';
import { RadioCards } from '../../ui/choices.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { proxyKeysQuery } from './proxy-keys-query.ts';
import { words } from './words.ts';

const text = words.keys;

/** A key that only the answer to its making shows. */
export interface MadeKey {
  name: string;
  key: string;
}

const scopes = ['read', 'write'] as const;
/** In days; 0: never. */
const lifetimes = [30, 90, 365, 0];

/** Makes a key of the proxy. */
export function KeyForm({ sync, onMade }: { sync: string; onMade: (made: MadeKey) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [scope, setScope] = useState<string>('read');
  const [days, setDays] = useState('90');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isMissing, setMissing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const create = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const body = {
        name,
        scope: scope === 'write' ? ('write' as const) : ('read' as const),
        ...(days !== '0' && { expires_in_days: Number(days) }),
      };
      const params = { path: { sync } };
      const made = await bodyOf(api.POST('/api/v1/syncs/{sync}/proxy-keys', { params, body }));
      await client.invalidateQueries(proxyKeysQuery(sync));
      onMade(made);
    } catch (error) {
      setProblem(asProblem(error));
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
    <form className="space-y-4" onSubmit={submit} noValidate>
      <TextField
        label={text.nameField}
        autoComplete="off"
        data-first-focus
        value={name}
        onChange={setName}
        error={error}
      />
      <RadioCards
        legend={text.scope}
        value={scope}
        onChange={setScope}
        choices={scopes.map((one) => ({ value: one, label: text.scopes[one], hint: text.scopeHints[one] }))}
      />
      <SelectField
        label={text.lifetime}
        value={days}
        onChange={setDays}
        choices={lifetimes.map((one) => ({ value: String(one), label: text.lifetimes(one) }))}
      />
      {problem && !problem.of('name') && <ProblemNotice problem={problem} isOwnAction />}
      <Button type="submit" look="primary" isBusy={isBusy}>
        {text.create}
      </Button>
    </form>
  );
}
