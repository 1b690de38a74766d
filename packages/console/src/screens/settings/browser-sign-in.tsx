import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { useAct } from '../../ui/use-act.ts';
import { ui } from '../../words/ui.ts';
import { words } from './access-words.ts';
import type { CredentialDraft } from './credential-fields.tsx';

type SignIn = components['schemas']['OrgSignIn'];
type Begun = components['schemas']['OrgSignInOnce'];

const lookEveryMs = 1_500;

/** Leads to Salesforce in another window, and goes on when that has led back. */
export function BrowserSignIn({
  loginUrl,
  draft: { clientId, clientSecret },
  onCancel,
  onDone,
}: {
  loginUrl: string;
  draft: CredentialDraft;
  onCancel: () => void;
  onDone: (signIn: string) => Promise<void>;
}) {
  const [begun, setBegun] = useState<Begun | null>(null);
  const { isBusy, problem, act } = useAct();
  const { data } = useQuery<SignIn>({
    queryKey: ['sign-in', begun?.id],
    enabled: begun !== null,
    refetchInterval: ({ state: { data: seen } }) => (seen?.state === 'done' ? false : lookEveryMs),
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/sign-ins/{signIn}', { signal, params: { path: { signIn: begun?.id ?? '' } } })),
  });
  const doneId = data?.state === 'done' ? data.id : null;
  const [usedId, setUsedId] = useState<string | null>(null);
  useEffect(() => {
    if (doneId === null || doneId === usedId) return;
    setUsedId(doneId);
    void onDone(doneId);
  }, [doneId, usedId, onDone]);

  const begin = () =>
    act(async () => {
      const secret = clientSecret === '' ? {} : { client_secret: clientSecret };
      const body = { login_url: loginUrl, client_id: clientId, ...secret };
      const next = await bodyOf(api.POST('/api/v1/sign-ins', { body }));
      setBegun(next);
      window.open(next.start_url, '_blank', 'noopener');
    });
  const fault = data?.state === 'failed' ? data.fault : null;
  return (
    <div className="space-y-4">
      {problem && <ProblemNotice problem={problem} isOwnAction />}
      {begun && (
        <div role="status" className="space-y-2">
          <p>{fault ? `${fault.says}. ${fault.next}` : words.openedSalesforce}</p>
          <p className="text-muted">{words.callback}:</p>
          <CodeBlock code={begun.redirect_uri} label={words.callback} />
        </div>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onCancel}>{ui.cancel}</Button>
        <Button look="primary" isBusy={isBusy} onClick={() => void begin()}>
          {begun ? words.openAgain : words.openSalesforce}
        </Button>
      </div>
    </div>
  );
}
