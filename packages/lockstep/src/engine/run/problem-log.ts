import type { Mirror, ProblemChange } from '../../postgres/index.ts';
import type { Problem } from './problems.ts';
import type { SyncState } from './sync-state.ts';

/**
 * Writes down where status finds it what is wrong with a stream, whenever that changes. What a former run has written is
 * part of the state at its start, and goes like anything else when it has ended.
 */
export function openProblems(mirror: Mirror): (state: SyncState, now: number) => Promise<void> {
  let told: ReadonlyMap<string, Problem> | null = null;
  return async ({ streams }, now) => {
    const current = new Map(
      streams.flatMap(({ table, problems }) =>
        Object.entries(problems).map(
          ([kind, problem]) => [`${table.stream.streamNo} ${kind}`, problem] as [string, Problem],
        ),
      ),
    );
    const before = told ?? current;
    told = current;
    const changes: ProblemChange[] = [];
    for (const [key, problem] of current) {
      if (before.get(key) === problem) continue;
      const { code, explanation, next, tries, retryAt } = problem;
      changes.push({
        ...placeOf(key),
        code,
        explanation,
        next,
        tries,
        waitMs: Math.max(0, retryAt - now),
      });
    }
    for (const key of before.keys()) if (!current.has(key)) changes.push({ ...placeOf(key), code: null });
    if (changes.length > 0) await mirror.recordProblems(changes);
  };
}

const placeOf = (key: string): { streamNo: number; kind: string } => {
  const space = key.indexOf(' ');
  return { streamNo: Number(key.slice(0, space)), kind: key.slice(space + 1) };
};
