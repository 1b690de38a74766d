/**
 * What the requests of this process hold of bodies, all together. Each may hold one up to a bound of its own; where the
 * sum comes to its bound as well, further ones pass without being looked into, and the mirror is polled after them. One
 * sync has a quarter at most, so that its callers cost the others nothing.
 */
const bufferedBytesMax = 512 * 1024 * 1024;
const shareOfSync = 1 / 4;

/** Bodies that name records are shorter; a longer one is passed on without a look at it. */
export const bufferBytesMax = 8 * 1024 * 1024;

/** So much of a body that only passes may wait until it is taken; about what one read of a socket brings. */
export const waitingBytesMax = 65_536;

/** What one request holds. */
export interface Holding {
  /** Whether there is room for so many bytes more. */
  take(bytes: number): boolean;
  /** Gives back all that has been taken. */
  giveBack(): void;
}

export interface BufferedBytes {
  open(sync: string): Holding;
}

export function openBufferedBytes(max = bufferedBytesMax): BufferedBytes {
  let total = 0;
  const bySync = new Map<string, number>();
  return {
    open(sync) {
      let own = 0;
      const count = (bytes: number) => {
        own += bytes;
        total += bytes;
        const left = (bySync.get(sync) ?? 0) + bytes;
        if (left > 0) bySync.set(sync, left);
        else bySync.delete(sync);
      };
      return {
        take(bytes) {
          const ofSync = bySync.get(sync) ?? 0;
          if (total + bytes > max || ofSync + bytes > max * shareOfSync) return false;
          count(bytes);
          return true;
        },
        giveBack: () => count(-own),
      };
    },
  };
}
