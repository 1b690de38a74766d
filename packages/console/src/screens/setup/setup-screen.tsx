import { useQueryClient } from '@tanstack/react-query';
import { Link, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { sessionQuery } from '../../api/queries.ts';
import { Screen } from '../../ui/screen.tsx';
import { type SetupAnswers, SetupForm } from './setup-form.tsx';
import { words } from './words.ts';

const tokenInAddress = () => /^#token=(.+)$/.exec(location.hash)?.[1] ?? '';

export function SetupScreen() {
  const router = useRouter();
  const client = useQueryClient();
  const [token] = useState(tokenInAddress);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    // So that the token stays neither in the address bar nor in the history.
    if (location.hash !== '') router.history.replace('/setup');
  }, [router]);

  const setUp = async (body: SetupAnswers) => {
    setBusy(true);
    setProblem(null);
    try {
      await bodyOf(api.POST('/api/v1/setup', { body }));
      await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
      await router.navigate({ to: '/' });
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Screen title={words.title}>
      <SetupForm
        initialToken={token}
        problem={problem}
        isBusy={isBusy}
        onSubmit={(answers) => void setUp(answers)}
      />
      <p>
        {words.already} <Link to="/sign-in">{words.signIn}</Link>
      </p>
    </Screen>
  );
}
