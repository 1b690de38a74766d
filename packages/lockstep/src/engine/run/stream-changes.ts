import type { StreamState, SyncState } from './sync-state.ts';

/** Calls `onChange` at first, and then whenever a stream has begun, ended its backfill, stopped, or changed problems. */
export function openStreamChanges(onChange: (() => void) | undefined): (state: SyncState) => void {
  let seen: readonly StreamState[] | null = null;
  return ({ streams }) => {
    const before = seen;
    if (before === streams) return;
    seen = streams;
    const isNews =
      before?.length !== streams.length || streams.some((stream, index) => !isSame(stream, before[index]));
    if (isNews) onChange?.();
  };
}

const isSame = (one: StreamState, other: StreamState | undefined): boolean =>
  one === other || (other !== undefined && wordsOf(one) === wordsOf(other));

const wordsOf = ({ cursors, stopped, problems }: StreamState): string =>
  [
    cursors.backfill === null,
    stopped?.code,
    ...Object.entries(problems).map((one) => one[0] + one[1].code),
  ].join();
