/** A choice that this browser remembers. Where it may store nothing, the choice lasts as long as the page. */
export interface Stored<T extends string> {
  read: () => T;
  write: (next: T) => void;
  subscribe: (listener: () => void) => () => void;
}

export function stored<T extends string>(name: string, choices: readonly T[], usual: T): Stored<T> {
  const key = `lockstep.${name}`;
  const listeners = new Set<() => void>();
  let current = usual;
  try {
    const known = localStorage.getItem(key);
    current = choices.find((choice) => choice === known) ?? usual;
  } catch {
    // Storage is switched off.
  }
  return {
    read: () => current,
    write(next) {
      current = next;
      try {
        localStorage.setItem(key, next);
      } catch {
        // Storage is switched off, or full.
      }
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
