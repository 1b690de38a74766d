import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { connect } from './connect-words.ts';
import { changeDraft } from './draft.ts';

type JwtKey = components['schemas']['JwtKey'];

const jwtKeysQuery = {
  queryKey: ['jwt keys'],
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<JwtKey[]> =>
    (await bodyOf(api.GET('/api/v1/jwt-keys', { signal, params: { query: { limit: 500 } } }))).items,
};

/** A key pair that was made here, or a new one, with its certificate for the app in Salesforce. */
export function JwtKeys({ chosen, error }: { chosen: string; error: string | undefined }) {
  const client = useQueryClient();
  const { data: keys = [], error: unread } = useQuery(jwtKeysQuery);
  const [name, setName] = useState('lockstep');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const key = keys.find((one) => one.name === chosen);

  const make = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const made = await bodyOf(api.POST('/api/v1/jwt-keys', { body: { name: name.trim() } }));
      client.setQueryData<JwtKey[]>(jwtKeysQuery.queryKey, (known = []) => [...known, made]);
      changeDraft({ keyName: made.name });
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="space-y-4">
      {unread && <ProblemNotice problem={asProblem(unread)} />}
      {keys.length > 0 && (
        <SelectField
          id="keyName"
          label={connect.keyPair}
          value={key ? chosen : ''}
          onChange={(keyName) => changeDraft({ keyName })}
          error={error}
          choices={[
            { value: '', label: connect.aNewKey },
            ...keys.map((one) => ({ value: one.name, label: one.name })),
          ]}
        />
      )}
      {!key && (
        <div className="flex max-w-xl flex-wrap items-end gap-2">
          <div className="min-w-0 flex-1 basis-56">
            <TextField
              id={keys.length === 0 ? 'keyName' : 'newKeyName'}
              label={connect.newKeyName}
              autoComplete="off"
              value={name}
              onChange={setName}
              error={keys.length === 0 ? error : undefined}
            />
          </div>
          <Button isBusy={isBusy} onClick={() => void make()}>
            {connect.makeKey}
          </Button>
        </div>
      )}
      {problem && <ProblemNotice problem={problem} isOwnAction />}
      {key && <Certificate pem={key.certificate} />}
    </div>
  );
}

function Certificate({ pem }: { pem: string }) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([pem], { type: 'application/x-x509-ca-cert' }));
    const link = Object.assign(document.createElement('a'), { href: url, download: 'lockstep.crt' });
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <div className="max-w-2xl space-y-2">
      <p>{connect.certificateSays}</p>
      <Button onClick={save}>{connect.download}</Button>
      <details>
        <summary className="min-h-6 text-accent">{connect.certificate}</summary>
        <CodeBlock code={pem} label={connect.certificate} />
      </details>
    </div>
  );
}
