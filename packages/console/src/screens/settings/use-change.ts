import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem, type Problem } from '../../api/problem.ts';
import { toast } from '../../ui/toast.tsx';
import {
  type Change,
  changeSettings,
  lastChanger,
  readSettings,
  type Settings,
  type SyncChange,
} from './settings-query.ts';
import { words } from './words.ts';

export interface Conflict {
  wanted: Change;
  /** As they were when the person began, and as they are now. */
  before: Settings;
  now: Settings;
  who: string | null;
}

/** Saves changes of the settings of one form: with Undo, and without overwriting what somebody else has changed. */
export function useChange(syncId: string, what: string) {
  const client = useQueryClient();
  const [pending, setPending] = useState<Change | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);

  /** @param from  what the person has seen */
  const save = async (wanted: Change, from: Settings): Promise<boolean> => {
    setPending(wanted);
    setProblem(null);
    try {
      const changed = await changeSettings(client, syncId, wanted, from.tag);
      setConflict(null);
      toast(words.saved(what), () => void undo(formerOf(wanted, from), changed));
      return true;
    } catch (error) {
      await fail(asProblem(error), wanted, from);
      return false;
    } finally {
      setPending(null);
    }
  };

  const fail = async (failure: Problem, wanted: Change, before: Settings) => {
    if (failure.code !== 'API-04') return setProblem(failure);
    try {
      const [now, who] = await Promise.all([readSettings(client, syncId), lastChanger(syncId)]);
      setConflict({ wanted, before, now, who });
    } catch (error) {
      setProblem(asProblem(error));
    }
  };

  const undo = async (former: Change, changed: Settings) => {
    try {
      await changeSettings(client, syncId, former, changed.tag);
      toast(words.undone(what));
    } catch (error) {
      const failure = asProblem(error);
      toast(failure.code === 'API-04' ? words.notUndone : `${failure.title}. ${failure.next}`);
    }
  };

  return {
    isBusy: pending !== null,
    /** What is being saved: shown as if it were so already. */
    pending: pending as SyncChange | null,
    problem,
    conflict,
    save,
    forget: () => setConflict(null),
  };
}

/** What takes a change back. */
const formerOf = (wanted: Change, { sync }: Settings): Change =>
  Object.fromEntries(
    Object.keys(wanted).map((name) => [name, sync[name as keyof typeof sync]]),
  ) as unknown as Change;
