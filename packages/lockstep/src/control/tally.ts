import { sqlState } from '@lockstep/foundation/database';

/** The counts under each key, until they are written. */
export interface Tally<Entry> {
  add(entry: Entry): void;
  /** Writes all. If that fails, the entries stay and new ones are added to them; returns how many, and why. */
  flush(): Promise<{ rows: number; sqlState?: string } | null>;
}

export function openTally<Entry>({
  keyOf,
  sum,
  write,
}: {
  keyOf: (entry: Entry) => string;
  sum: (known: Entry, more: Entry) => Entry;
  write: (entries: readonly Entry[]) => Promise<unknown>;
}): Tally<Entry> {
  let entries = new Map<string, Entry>();
  const add = (entry: Entry) => {
    const key = keyOf(entry);
    const known = entries.get(key);
    entries.set(key, known === undefined ? entry : sum(known, entry));
  };
  return {
    add,
    async flush() {
      if (entries.size === 0) return null;
      const written = [...entries.values()];
      entries = new Map();
      try {
        await write(written);
        return null;
      } catch (error) {
        for (const entry of written) add(entry);
        const code = sqlState(error);
        return { rows: written.length, ...(code !== undefined && { sqlState: code }) };
      }
    },
  };
}
