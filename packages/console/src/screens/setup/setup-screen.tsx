import { useQueryClient } from '@tanstack/react-query';
import { useLoaderData, useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { type FirstStep, readFirstSyncs, sessionQuery } from '../../api/queries.ts';
import { LinkButton } from '../../ui/button.tsx';
import { Screen } from '../../ui/screen.tsx';
import { useHashSecret } from '../../ui/use-hash-secret.ts';
import { SetupForm } from './setup-form.tsx';
import { words } from './words.ts';

export function SetupScreen() {
  const firstStep = useLoaderData({ strict: false }) as FirstStep;
  if (firstStep === 'sign in')
    return (
      <Screen title={words.finishedTitle}>
        <p>{words.finished}</p>
        <LinkButton to="/sign-in" look="primary">
          {words.signIn}
        </LinkButton>
      </Screen>
    );
  return (
    <Screen title={words.title}>
      <p className="prose-width">{words.intro}</p>
      <SetUp />
    </Screen>
  );
}

function SetUp() {
  const router = useRouter();
  const client = useQueryClient();
  const token = useHashSecret('token');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);

  const setUp = async (body: { token: string; password: string }) => {
    setBusy(true);
    setProblem(null);
    try {
      await bodyOf(api.POST('/api/v1/setup', { body }));
      await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
      const syncs = await readFirstSyncs();
      // What a new server is for: nobody should have to look for it.
      if (syncs.length > 0) await router.navigate({ to: '/' });
      else await router.navigate({ to: '/syncs/new/$step', params: { step: 'connect' } });
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <SetupForm
      key={token}
      initialToken={token}
      problem={problem}
      isBusy={isBusy}
      onSubmit={(answers) => void setUp(answers)}
    />
  );
}
