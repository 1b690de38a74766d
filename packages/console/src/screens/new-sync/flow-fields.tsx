import { RadioCards } from '../../ui/choices.tsx';
import { TextField } from '../../ui/field.tsx';
import { SecretField } from '../../ui/secret-field.tsx';
import { TextArea } from '../../ui/text-area.tsx';
import { connect } from './connect-words.ts';
import { changeDraft, type Draft } from './draft.ts';
import { JwtKeys } from './jwt-keys.tsx';

/** What a way to sign in needs to know. */
export function FlowFields({
  draft,
  errorOf,
}: {
  draft: Draft;
  errorOf: (field: string) => string | undefined;
}) {
  const { flow } = draft;
  return (
    <>
      <TextField
        id="clientId"
        label={connect.clientId}
        isRequired
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={draft.clientId}
        onChange={(clientId) => changeDraft({ clientId, signIn: '' })}
        error={errorOf('clientId') ?? errorOf('credential.client_id')}
      />
      {flow !== 'jwt bearer' && (
        <SecretField
          id="clientSecret"
          label={connect.clientSecret}
          isRequired={flow === 'client credentials'}
          hint={flow === 'client credentials' ? undefined : connect.secretIfAny}
          value={draft.clientSecret}
          onChange={(clientSecret) => changeDraft({ clientSecret, signIn: '' })}
          error={errorOf('clientSecret') ?? errorOf('credential.client_secret')}
        />
      )}
      {flow === 'refresh token' && (
        <SecretField
          id="refreshToken"
          label={connect.refreshToken}
          isRequired
          value={draft.refreshToken}
          onChange={(refreshToken) => changeDraft({ refreshToken })}
          error={errorOf('refreshToken') ?? errorOf('credential.refresh_token')}
        />
      )}
      {flow === 'jwt bearer' && <JwtFields draft={draft} errorOf={errorOf} />}
    </>
  );
}

function JwtFields({ draft, errorOf }: { draft: Draft; errorOf: (field: string) => string | undefined }) {
  return (
    <>
      <TextField
        id="username"
        label={connect.username}
        hint={connect.usernameHint}
        isRequired
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={draft.username}
        onChange={(username) => changeDraft({ username })}
        error={errorOf('username') ?? errorOf('credential.username')}
      />
      <RadioCards
        legend={connect.key}
        value={draft.keyFrom}
        onChange={(keyFrom) => changeDraft({ keyFrom: keyFrom as Draft['keyFrom'] })}
        choices={Object.entries(connect.keyFrom).map(([value, texts]) => ({ value, ...texts }))}
      />
      {draft.keyFrom === 'made here' ? (
        <JwtKeys chosen={draft.keyName} error={errorOf('keyName') ?? errorOf('credential.key')} />
      ) : (
        <TextArea
          id="privateKey"
          label={connect.privateKey}
          isRequired
          hasFile
          placeholder="-----BEGIN PRIVATE KEY-----"
          value={draft.privateKey}
          onChange={(privateKey) => changeDraft({ privateKey })}
          error={errorOf('privateKey') ?? errorOf('credential.private_key')}
        />
      )}
    </>
  );
}
