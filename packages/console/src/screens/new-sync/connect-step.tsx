import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { RadioCards } from '../../ui/choices.tsx';
import { ErrorSummary, type FormError } from '../../ui/error-summary.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { AppGuide } from './app-guide.tsx';
import { connect } from './connect-words.ts';
import { changeDraft, type Draft, type Flow, type Place, useDraft } from './draft.ts';
import { FlowFields } from './flow-fields.tsx';
import { loginUrl, useOrgCheck } from './requests.ts';
import { Part } from './step-frame.tsx';
import { WebSignIn } from './web-sign-in.tsx';
import { words } from './words.ts';

export function ConnectStep() {
  const draft = useDraft();
  const check = useOrgCheck();
  const navigate = useNavigate();
  const [errors, setErrors] = useState<readonly FormError[]>([]);
  const errorOf = (field: string) =>
    errors.find((error) => error.field === field)?.says ?? check.problem?.of(field)?.reason;

  const test = async () => {
    if (await check.run()) await navigate({ to: '/syncs/new/$step', params: { step: 'check' } });
  };
  const isWeb = draft.flow === 'web server';
  const tested = useRef(draft.signIn);
  useEffect(() => {
    // Who comes back from Salesforce has nothing more to do here.
    if (!isWeb || draft.signIn === '' || tested.current === draft.signIn) return;
    tested.current = draft.signIn;
    void test();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = missingIn(draft);
    setErrors(found);
    if (found.length === 0) void test();
  };
  return (
    <form className="space-y-6" onSubmit={submit} noValidate>
      <ErrorSummary errors={errors} />
      <Part title={connect.where}>
        <Where draft={draft} error={errorOf('login_url')} />
      </Part>
      <Part title={connect.how}>
        <RadioCards
          legend={connect.how}
          isLegendHidden
          value={draft.flow}
          onChange={(flow) => changeDraft({ flow: flow as Flow })}
          choices={flowChoices(draft)}
        />
        <AppGuide flow={draft.flow} />
        <FlowFields draft={draft} errorOf={errorOf} />
        {isWeb && <WebSignIn draft={draft} onAsked={() => askedBefore(draft, setErrors)} />}
      </Part>
      {check.problem && (
        <ProblemNotice problem={check.problem} isOwnAction>
          {!isWeb && (
            <Button type="submit" isBusy={check.isBusy}>
              {words.checkAgain}
            </Button>
          )}
        </ProblemNotice>
      )}
      {(!isWeb || draft.signIn !== '') && (
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" look="primary" isBusy={check.isBusy}>
            {check.result ? words.next : connect.test}
          </Button>
          <p role="status" className="text-muted">
            {check.isBusy && connect.checkingOrg}
          </p>
        </div>
      )}
    </form>
  );
}

function Where({ draft, error }: { draft: Draft; error: string | undefined }) {
  const url = loginUrl(draft);
  const isSpelledOut = draft.domain.trim().replace(/\/$/, '') !== url;
  return (
    <>
      <RadioCards
        legend={connect.where}
        isLegendHidden
        columns={3}
        value={draft.place}
        onChange={(place) => changeDraft({ place: place as Place, signIn: '' })}
        choices={Object.entries(connect.places).map(([value, texts]) => ({ value, ...texts }))}
      />
      {draft.place === 'my domain' && (
        <TextField
          id="login_url"
          label={connect.domain}
          hint={connect.domainHint}
          isRequired
          autoComplete="url"
          autoCapitalize="none"
          spellCheck={false}
          placeholder="acme"
          value={draft.domain}
          onChange={(domain) => changeDraft({ domain, signIn: '' })}
          error={error}
        />
      )}
      {draft.place === 'my domain' && url !== '' && isSpelledOut && (
        <p className="break-words text-muted">{connect.willAsk(url)}</p>
      )}
    </>
  );
}

/** Salesforce returns by https, or to the machine that the browser runs on. */
const isReturnPossible = () =>
  location.protocol === 'https:' || /^(localhost|127\.|\[::1\])/.test(location.hostname);

function flowChoices({ place }: Draft) {
  return Object.entries(connect.flows).map(([value, { label, hint }]) => {
    const reason =
      value === 'web server' && !isReturnPossible()
        ? connect.noReturn(location.origin)
        : value === 'client credentials' && place !== 'my domain'
          ? connect.needsMyDomain
          : null;
    return { value, label, hint: reason ?? hint, isDisabled: reason !== null };
  });
}

function askedBefore(draft: Draft, show: (errors: readonly FormError[]) => void): boolean {
  const found = missingIn(draft);
  show(found);
  return found.length === 0;
}

/** What has to be answered before the API can be asked. */
function missingIn(draft: Draft): FormError[] {
  const { flow, keyFrom } = draft;
  const needed: (keyof typeof connect.missing)[] = [
    ...(draft.place === 'my domain' ? (['domain'] as const) : []),
    'clientId',
    ...(flow === 'client credentials' ? (['clientSecret'] as const) : []),
    ...(flow === 'jwt bearer'
      ? (['username', keyFrom === 'made here' ? 'keyName' : 'privateKey'] as const)
      : []),
    ...(flow === 'refresh token' ? (['refreshToken'] as const) : []),
  ];
  return needed
    .filter((name) => draft[name].trim() === '')
    .map((name) => ({ field: name === 'domain' ? 'login_url' : name, says: connect.missing[name] }));
}
