import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { showSync } from '../../api/changes.ts';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';

/** What removing an object would do to its table, as the API says; and removing it. */
export function useRemoval(
  sync: string,
  object: string,
  { drops, isOpen }: { drops: boolean; isOpen: boolean },
) {
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const send = (query: { dry_run?: 'true' }) =>
    bodyOf(
      api.DELETE('/api/v1/syncs/{sync}/objects/{object}', {
        params: { path: { sync, object }, query: { ...query, drop_table: drops ? 'true' : 'false' } },
      }),
    );
  const plan = useQuery({
    queryKey: ['removal', sync, object, drops],
    enabled: isOpen,
    retry: false,
    queryFn: () => send({ dry_run: 'true' }),
  });
  /** Returns whether it was removed. */
  const remove = async (): Promise<boolean> => {
    setBusy(true);
    setProblem(null);
    try {
      const answer = await send({});
      if ('name' in answer) showSync(client, answer);
      return true;
    } catch (error) {
      setProblem(asProblem(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return {
    /** What keeps the table from being dropped. */
    dependents: drops && plan.data && 'dependents' in plan.data ? plan.data.dependents : [],
    isBusy,
    problem: problem ?? (plan.error ? asProblem(plan.error) : null),
    remove,
    /** Nobody is interested in what has failed before. */
    forget: () => setProblem(null),
  };
}
