import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { toast } from '../../ui/toast.tsx';
import { ui } from '../../words/ui.ts';
import { words } from './access-words.ts';
import { BrowserSignIn } from './browser-sign-in.tsx';
import {
  type CredentialDraft,
  CredentialFields,
  credentialOf,
  emptyCredential,
} from './credential-fields.tsx';
import { Outcome } from './outcome.tsx';
import type { Settings } from './settings-query.ts';
import { type Send, useTestedChange } from './use-tested-change.ts';

type Credential = components['schemas']['NewCredentialInput'];

/** Replaces the credential of a sync. What was sealed before cannot be brought back, so there is no Undo. */
export function CredentialDialog({
  settings,
  isOpen,
  onClose,
}: {
  settings: Settings;
  isOpen: boolean;
  onClose: () => void;
}) {
  return (
    <Dialog title={words.replace} isOpen={isOpen} onClose={onClose}>
      <CredentialForm settings={settings} onClose={onClose} />
    </Dialog>
  );
}

const methods = [
  { value: 'web server', label: words.browserFlow },
  ...Object.entries(words.flows).map(([value, label]) => ({ value, label })),
];

function CredentialForm({ settings, onClose }: { settings: Settings; onClose: () => void }) {
  const { sync, tag } = settings;
  const [draft, setDraft] = useState<CredentialDraft>({ ...emptyCredential, flow: sync.flow });
  const [loginUrl, setLoginUrl] = useState(sync.login_url);
  const change = useTestedChange(settings, () => {
    onClose();
    toast(words.replaced);
  });
  const { isBusy, problem } = change;
  const sends =
    (credential: Credential): Send =>
    (query) => {
      const body = { credential, ...(loginUrl !== sync.login_url && { login_url: loginUrl }) };
      const params = { path: { sync: sync.id }, query, header: { 'if-match': tag } };
      return bodyOf(api.PUT('/api/v1/syncs/{sync}/credential', { params, body }));
    };
  const replace = (credential: Credential) => change.make(sends(credential));
  const edit = (next: Partial<CredentialDraft>) => {
    change.forget();
    setDraft({ ...draft, ...next });
  };
  return (
    <div className="space-y-4">
      <p className="text-muted">
        {words.replaceHint} {words.sealed}
      </p>
      <SelectField
        label={words.method}
        value={draft.flow}
        onChange={(flow) => edit({ flow })}
        choices={methods}
      />
      <TextField
        label={words.loginUrl}
        hint={words.loginUrlHint}
        value={loginUrl}
        onChange={setLoginUrl}
        error={problem?.of('login_url')?.reason}
      />
      <CredentialFields draft={draft} onChange={edit} problem={problem} />
      <Outcome problem={problem} done={change.isTested ? words.tried : ''} />
      {draft.flow === 'web server' ? (
        <BrowserSignIn
          loginUrl={loginUrl}
          draft={draft}
          onCancel={onClose}
          onDone={(signIn) => replace({ flow: 'web server', sign_in: signIn })}
        />
      ) : (
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{ui.cancel}</Button>
          <Button isBusy={isBusy} onClick={() => void change.test(sends(credentialOf(draft)))}>
            {words.try}
          </Button>
          <Button look="primary" isBusy={isBusy} onClick={() => void replace(credentialOf(draft))}>
            {words.replaceIt}
          </Button>
        </div>
      )}
    </div>
  );
}
