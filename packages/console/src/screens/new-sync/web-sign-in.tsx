import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, Problem } from '../../api/problem.ts';
import type { components } from '../../api/schema.d.ts';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { connect } from './connect-words.ts';
import { changeDraft, type Draft } from './draft.ts';
import { loginUrl } from './requests.ts';

type Begun = components['schemas']['OrgSignInOnce'];

const askEveryMs = 1_000;

/** Signing in at Salesforce in a window of its own, while this one waits for what comes of it. */
export function WebSignIn({
  draft,
  onAsked,
}: {
  draft: Draft;
  /** Whether all is answered that this needs. */
  onAsked: () => boolean;
}) {
  const [begun, setBegun] = useState<Begun | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);

  const begin = async () => {
    if (!onAsked()) return;
    setBusy(true);
    setProblem(null);
    setBegun(null);
    changeDraft({ signIn: '' });
    try {
      const { clientId, clientSecret } = draft;
      const body = {
        login_url: loginUrl(draft),
        client_id: clientId.trim(),
        ...(clientSecret !== '' && { client_secret: clientSecret }),
      };
      const next = await bodyOf(api.POST('/api/v1/sign-ins', { body }));
      setBegun(next);
      // A browser may refuse the window: then the link below leads there.
      window.open(next.start_url, '_blank', 'noopener');
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setBusy(false);
    }
  };
  const isDone = draft.signIn !== '';
  return (
    <div className="space-y-3">
      <Button look={isDone ? 'plain' : 'primary'} isBusy={isBusy} onClick={() => void begin()}>
        {begun || problem || isDone ? connect.signInAgain : connect.signIn}
      </Button>
      {begun && !isDone && !problem && <Waiting key={begun.id} begun={begun} onProblem={setProblem} />}
      {isDone && <p role="status">{connect.signedIn}</p>}
      {problem && <ProblemNotice problem={problem} isOwnAction />}
    </div>
  );
}

function Waiting({ begun, onProblem }: { begun: Begun; onProblem: (problem: Problem) => void }) {
  const { id } = begun;
  const { data, error } = useQuery({
    queryKey: ['sign-in', id],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/sign-ins/{signIn}', { signal, params: { path: { signIn: id } } })),
    refetchInterval: askEveryMs,
    refetchIntervalInBackground: true, // the person is looking at Salesforce's window
    gcTime: 0,
  });
  const isTold = useRef(false);
  useEffect(() => {
    if (isTold.current || !(error || data?.fault || data?.state === 'done')) return;
    isTold.current = true;
    if (error) return onProblem(asProblem(error));
    if (data?.fault) return onProblem(problemOfFault(data.fault));
    changeDraft({ signIn: id });
    announce(connect.signedIn);
  }, [data, error, id, onProblem]);
  return (
    <div className="space-y-2">
      <p role="status">{connect.waiting}</p>
      <p>
        {connect.noWindow}{' '}
        <a href={begun.start_url} target="_blank" rel="noreferrer" className="text-accent underline">
          {connect.open}
        </a>
      </p>
    </div>
  );
}

const problemOfFault = ({ code, says, next }: { code: string; says: string; next: string }) =>
  new Problem({ code, title: says, detail: says, next, status: 0, errors: [], lines: [], request_id: '' });
