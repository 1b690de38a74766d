import type { Mirror, ProblemChange } from '../../postgres/index.ts';
import type { ActivityProblem } from './problems.ts';
import type { SyncState } from './sync-state.ts';

/**
 * Records the problems of streams for `status`, whenever they change. Problems that an earlier run has recorded are
 * part of the state at the start, and are cleared like any other when they are over.
 */
export function openProblemLog(mirror: Mirror): (state: SyncState, now: number) => Promise<void> {
  let recorded: ReadonlyMap<string, ActivityProblem> | null = null;
  return async ({ streams }, now) => {
    const current = new Map(
      streams.flatMap(({ table, problems }) =>
        Object.entries(problems).map(
          ([kind, problem]) => [`${table.stream.streamNo} ${kind}`, problem] as [string, ActivityProblem],
        ),
      ),
    );
    const before = recorded ?? current;
    recorded = current;
    const changes: ProblemChange[] = [];
    for (const [key, problem] of current) {
      if (before.get(key) === problem) continue;
      const { code, explanation, next, tries, retryAt } = problem;
      changes.push({
        ...partsOf(key),
        code,
        explanation,
        next,
        tries,
        waitMs: Math.max(0, retryAt - now),
      });
    }
    for (const key of before.keys()) if (!current.has(key)) changes.push({ ...partsOf(key), code: null });
    if (changes.length > 0) await mirror.recordProblems(changes);
  };
}

const partsOf = (key: string): { streamNo: number; kind: string } => {
  const space = key.indexOf(' ');
  return { streamNo: Number(key.slice(0, space)), kind: key.slice(space + 1) };
};
