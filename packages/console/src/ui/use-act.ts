import { useState } from 'react';
import { asProblem, type Problem } from '../api/problem.ts';

/** Something that a press does: whether it is under way, and how it has failed. */
export function useAct() {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  /** @returns whether it was done */
  const act = async (what: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setProblem(null);
    try {
      await what();
      return true;
    } catch (error) {
      setProblem(asProblem(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, problem, act };
}
