import { useEffect, useRef } from 'react';
import type { Sync } from '../api/queries.ts';
import { announce } from '../ui/announce.ts';

const atMostEveryMs = 30_000;

/** Says changes of a sync's state, never counters; of several within half a minute only the last. */
export function useStateAnnouncements(sync: Sync | undefined): void {
  const said = useRef<{ id: string; word: string; at: number } | null>(null);
  const { id, state_word: word, name } = sync ?? {};
  useEffect(() => {
    if (id === undefined || word === undefined) return undefined;
    const last = said.current;
    if (last?.id !== id) {
      said.current = { id, word, at: 0 };
      return undefined;
    }
    if (last.word === word) return undefined;
    const timer = setTimeout(
      () => {
        said.current = { id, word, at: Date.now() };
        announce(`${name}: ${word}`);
      },
      Math.max(0, last.at + atMostEveryMs - Date.now()),
    );
    return () => clearTimeout(timer);
  }, [id, word, name]);
}
