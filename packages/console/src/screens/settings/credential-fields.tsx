import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { Problem } from '../../api/problem.ts';
import type { components } from '../../api/schema.d.ts';
import { controlClass, Field, SelectField, TextField } from '../../ui/field.tsx';
import { words } from './access-words.ts';

export interface CredentialDraft {
  flow: string;
  clientId: string;
  clientSecret: string;
  username: string;
  /** The name of a key pair that was made here; empty: a pasted key. */
  keyPair: string;
  privateKey: string;
  refreshToken: string;
}

export const emptyCredential: CredentialDraft = {
  flow: '',
  clientId: '',
  clientSecret: '',
  username: '',
  keyPair: '',
  privateKey: '',
  refreshToken: '',
};

export function credentialOf(draft: CredentialDraft): components['schemas']['NewCredentialInput'] {
  const { clientId, clientSecret, username, keyPair, privateKey, refreshToken } = draft;
  if (draft.flow === 'jwt bearer')
    return {
      flow: 'jwt bearer',
      client_id: clientId,
      username,
      ...(keyPair === '' ? { private_key: privateKey } : { key: keyPair }),
    };
  if (draft.flow === 'refresh token')
    return {
      flow: 'refresh token',
      client_id: clientId,
      refresh_token: refreshToken,
      ...(clientSecret !== '' && { client_secret: clientSecret }),
    };
  return { flow: 'client credentials', client_id: clientId, client_secret: clientSecret };
}

/** The fields of the chosen method. Secrets are fields of type password, into which anything can be pasted. */
export function CredentialFields({
  draft,
  onChange,
  problem,
}: {
  draft: CredentialDraft;
  onChange: (next: Partial<CredentialDraft>) => void;
  problem: Problem | null;
}) {
  const { flow } = draft;
  const errorOf = (member: string) => problem?.of(`credential.${member}`)?.reason;
  return (
    <>
      <TextField
        label={words.clientId}
        autoComplete="off"
        value={draft.clientId}
        onChange={(clientId) => onChange({ clientId })}
        error={errorOf('client_id')}
      />
      {flow !== 'jwt bearer' && (
        <TextField
          label={words.clientSecret}
          hint={flow === 'client credentials' ? undefined : words.clientSecretHint}
          type="password"
          autoComplete="off"
          value={draft.clientSecret}
          onChange={(clientSecret) => onChange({ clientSecret })}
          error={errorOf('client_secret')}
        />
      )}
      {flow === 'jwt bearer' && <JwtFields draft={draft} onChange={onChange} errorOf={errorOf} />}
      {flow === 'refresh token' && (
        <TextField
          label={words.refreshToken}
          type="password"
          autoComplete="off"
          value={draft.refreshToken}
          onChange={(refreshToken) => onChange({ refreshToken })}
          error={errorOf('refresh_token')}
        />
      )}
    </>
  );
}

function JwtFields({
  draft,
  onChange,
  errorOf,
}: {
  draft: CredentialDraft;
  onChange: (next: Partial<CredentialDraft>) => void;
  errorOf: (member: string) => string | undefined;
}) {
  const { data: pairs } = useQuery({
    queryKey: ['JWT keys'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/jwt-keys', { signal })),
  });
  return (
    <>
      <TextField
        label={words.username}
        autoComplete="off"
        value={draft.username}
        onChange={(username) => onChange({ username })}
        error={errorOf('username')}
      />
      <SelectField
        label={words.keyPair}
        value={draft.keyPair}
        onChange={(keyPair) => onChange({ keyPair })}
        choices={[
          { value: '', label: words.pasted },
          ...(pairs?.items ?? []).map(({ name }) => ({ value: name, label: name })),
        ]}
        error={errorOf('key')}
      />
      {draft.keyPair === '' && (
        <Field label={words.privateKey} hint={words.privateKeyHint} error={errorOf('private_key')}>
          {(control) => (
            <textarea
              {...control}
              rows={4}
              spellCheck={false}
              autoComplete="off"
              value={draft.privateKey}
              onChange={({ target }) => onChange({ privateKey: target.value })}
              className={`${controlClass} font-mono`}
            />
          )}
        </Field>
      )}
    </>
  );
}
