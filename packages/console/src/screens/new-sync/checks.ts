/** Checks of the answers by the API: what came of each, when, and of which answers. */
import { useSyncExternalStore } from 'react';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { components } from '../../api/schema.d.ts';
import { onForgotten } from './draft.ts';

type Schemas = components['schemas'];
export interface Results {
  /** Signing in, and what the user may do. */
  org: Schemas['OrgCheck'];
  /** A dry run of the sync with the chosen objects. */
  objects: Schemas['CheckedSync'];
  /** Of a database of the person's own. */
  destination: Schemas['DestinationChecks'];
  /** A dry run of all answers. */
  all: Schemas['CheckedSync'];
}
type Name = keyof Results;

interface Made<Result> {
  result: Result | null;
  problem: Problem | null;
  /** When the answer came, by this machine's clock; null: it has not yet. */
  at: number | null;
  /** The answers that it is about. */
  of: string;
  /** It is being made, or made again; what came of it before counts until then. */
  isBusy: boolean;
}

export interface Check<Result> {
  /** Of the answers as they are now. */
  result: Result | null;
  problem: Problem | null;
  at: number | null;
  isBusy: boolean;
  /** There is a result or a problem of other answers than these. */
  isOutdated: boolean;
  /** Resolves when the API has answered: null if it has refused, or if a newer check took its place. */
  run: () => Promise<Result | null>;
}

const made: { [name in Name]?: Made<Results[name]> } = {};
const running = new Map<Name, AbortController>();
const listeners = new Set<() => void>();
let version = 0;

function tell(): void {
  version++;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

onForgotten(() => {
  for (const stop of running.values()) stop.abort();
  running.clear();
  for (const name of Object.keys(made) as Name[]) delete made[name];
  tell();
});

/**
 * @param request  what the API is asked with; a result counts as long as it is the same
 * @param ask      asks the API
 */
export function useCheck<N extends Name, Request>(
  name: N,
  request: Request,
  ask: (request: Request, signal: AbortSignal) => Promise<Results[N]>,
): Check<Results[N]> {
  useSyncExternalStore(subscribe, () => version);
  const of = JSON.stringify(request);
  const known = made[name];
  const isOwn = known?.of === of;
  return {
    result: isOwn ? known.result : null,
    problem: isOwn ? known.problem : null,
    at: isOwn ? known.at : null,
    isBusy: isOwn && known.isBusy,
    isOutdated: known !== undefined && !isOwn,
    run: () => run(name, of, (signal) => ask(request, signal)),
  };
}

async function run<N extends Name>(
  name: N,
  of: string,
  ask: (signal: AbortSignal) => Promise<Results[N]>,
): Promise<Results[N] | null> {
  running.get(name)?.abort();
  const stop = new AbortController();
  running.set(name, stop);
  const note = (now: Omit<Made<Results[N]>, 'of'>) => {
    if (stop.signal.aborted) return;
    Object.assign(made, { [name]: { ...now, of } });
    tell();
  };
  const before = made[name]?.of === of ? made[name] : null;
  note({
    result: before?.result ?? null,
    problem: before?.problem ?? null,
    at: before?.at ?? null,
    isBusy: true,
  });
  try {
    const result = await ask(stop.signal);
    note({ result, problem: null, at: Date.now(), isBusy: false });
    return stop.signal.aborted ? null : result;
  } catch (failure) {
    note({ result: null, problem: asProblem(failure), at: Date.now(), isBusy: false });
    return null;
  }
}
