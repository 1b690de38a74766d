import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { asProblem, type Problem } from '../../api/problem.ts';
import { addObjects, planObjects, requestProgress } from './org-objects.ts';

/** Work that takes longer is worth asking how far it is. */
const longMs = 1_000;
const lookEveryMs = 500;

/** What adding objects would make, as the API has tried it; and adding them. */
export function useAdding(sync: string, names: string[], isOpen: boolean) {
  const [isBusy, setBusy] = useState(false);
  const [isLong, setLong] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  /** The same until there is an answer: one that was lost must add nothing twice. */
  const key = useRef(crypto.randomUUID());
  useEffect(() => {
    if (!isBusy) return setLong(false);
    const timer = setTimeout(() => setLong(true), longMs);
    return () => clearTimeout(timer);
  }, [isBusy]);
  const plan = useQuery({
    queryKey: ['added objects', sync, ...names],
    enabled: isOpen && names.length > 0,
    staleTime: 60_000,
    retry: false,
    queryFn: () => planObjects(sync, names),
  });
  const { data: begun } = useQuery({
    queryKey: ['request', key.current],
    enabled: isLong,
    refetchInterval: lookEveryMs,
    retry: false,
    queryFn: ({ signal }) => requestProgress(key.current, signal),
  });
  /** Returns whether they were added. */
  const add = async (): Promise<boolean> => {
    setBusy(true);
    setProblem(null);
    try {
      await addObjects(sync, names, key.current);
      return true;
    } catch (error) {
      const failure = asProblem(error);
      setProblem(failure);
      if (failure.status !== 0) key.current = crypto.randomUUID();
      return false;
    } finally {
      setBusy(false);
    }
  };
  return {
    plan,
    /** How far it is, once that takes long. */
    step: isLong ? (begun?.progress ?? null) : null,
    isBusy,
    problem: problem ?? (plan.error ? asProblem(plan.error) : null),
    add,
  };
}
