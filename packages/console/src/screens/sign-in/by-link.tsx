import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { errorQuery, sessionQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { Screen } from '../../ui/screen.tsx';
import { words } from './words.ts';

/** Signs in by the demo's link, which works once. */
export function ByLink({ secret }: { secret: string }) {
  const router = useRouter();
  const client = useQueryClient();
  const [problem, setProblem] = useState<Problem | null>(null);
  const isSent = useRef(false);
  useEffect(() => {
    if (isSent.current) return;
    isSent.current = true;
    const signIn = async () => {
      await bodyOf(api.POST('/api/v1/session/by-link', { body: { secret } }));
      await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
      await router.navigate({ to: '/', replace: true });
    };
    signIn().catch((failure: unknown) => setProblem(asProblem(failure)));
  }, [secret, client, router]);
  if (!problem)
    return (
      <Screen title={words.byLink}>
        <p>{words.byLinkSays}</p>
      </Screen>
    );
  return (
    <Screen title={words.demoTitle}>
      <ProblemNotice problem={problem} isOwnAction />
    </Screen>
  );
}

/** What somebody sees who has opened the demo's address without its link. */
export function DemoDoor() {
  const router = useRouter();
  const explained = useQuery(errorQuery('API-20'));
  return (
    <Screen title={words.demoTitle}>
      <Panel title={words.demoTitle} query={explained} isUntitled>
        {({ explanation, next }) => (
          <div className="space-y-3">
            <p>{explanation}</p>
            <p>{words.linkPlace}</p>
            <p>
              <code className="font-mono text-sm break-all">{`Open ${location.origin}/sign-in#link=…`}</code>
            </p>
            <p>{words.linkFile}</p>
            <p>{next}</p>
            <Button onClick={() => void router.navigate({ to: '/' })}>{words.haveOpened}</Button>
          </div>
        )}
      </Panel>
    </Screen>
  );
}
