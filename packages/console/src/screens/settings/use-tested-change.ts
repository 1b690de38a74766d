import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { showAnswer } from '../../api/changes.ts';
import type { Sync } from '../../api/queries.ts';
import { useAct } from '../../ui/use-act.ts';
import { readSettings, type Settings, withCurrentTag } from './settings-query.ts';

/** With `dry_run` the server checks everything and changes nothing. */
export type Send = (query: { dry_run: 'true' | 'false' }) => Promise<Sync>;

/** A change that a person can test before making it. */
export function useTestedChange({ sync }: Settings, onMade: () => void) {
  const client = useQueryClient();
  const [isTested, setTested] = useState(false);
  const { isBusy, problem, act } = useAct();
  const test = async (send: Send) => {
    setTested(false);
    const isGood = await act(() => withCurrentTag(client, sync.id, () => send({ dry_run: 'true' })));
    setTested(isGood);
  };
  const make = async (send: Send) => {
    const isMade = await act(async () => {
      showAnswer(client, await withCurrentTag(client, sync.id, () => send({ dry_run: 'false' })));
      await readSettings(client, sync.id);
    });
    if (isMade) onMade();
  };
  return {
    isBusy,
    problem,
    /** What stands in the form has passed. */
    isTested,
    test,
    make,
    /** The form has changed. */
    forget: () => setTested(false),
  };
}
