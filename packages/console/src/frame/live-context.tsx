import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { type LiveState, LiveUpdates } from '../api/live.ts';
import type { Problem } from '../api/problem.ts';

const Live = createContext<LiveUpdates | null>(null);

/** Keeps the tab's one event stream open while screens of a sync are shown. */
export function LiveProvider({ sync, children }: { sync: string; children: ReactNode }) {
  const client = useQueryClient();
  const [updates, setUpdates] = useState<LiveUpdates | null>(null);
  useEffect(() => {
    const opened = new LiveUpdates(client, sync);
    setUpdates(opened);
    return () => opened.close();
  }, [client, sync]);
  return <Live value={updates}>{children}</Live>;
}

const connecting: LiveState = { kind: 'connecting' };
const never = () => () => undefined;

export interface SeenLive {
  updates: LiveUpdates | null;
  state: LiveState;
  /** Why the server cannot read the sync now. */
  problem: Problem | null;
}

export function useLive(): SeenLive {
  const updates = useContext(Live);
  const subscribe = updates?.subscribe ?? never;
  const state = useSyncExternalStore(subscribe, () => updates?.state() ?? connecting);
  const problem = useSyncExternalStore(subscribe, () => updates?.problem() ?? null);
  return { updates, state, problem };
}
