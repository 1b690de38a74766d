/**
 * Limits the memory that bodies take in this process. Each body has a limit, and so has the sum: when the sum is
 * reached, further bodies pass through unread and the mirror is polled after them. One sync gets a quarter at most,
 * so that its callers cannot take the memory of other syncs.
 */
const bufferedBytesMax = 512 * 1024 * 1024;
const shareOfSync = 1 / 4;

/** Bodies that name records are shorter; a longer one is passed on unread. */
export const bufferBytesMax = 8 * 1024 * 1024;

/** How much of a body that only passes through may be buffered; about what one read of a socket returns. */
export const waitingBytesMax = 65_536;

/** What one request keeps in memory. */
export interface ByteReservation {
  /** Reserves so many more bytes; false if there is no room. */
  take(bytes: number): boolean;
  /** Releases everything that was reserved. */
  giveBack(): void;
}

export interface BufferedBytes {
  open(sync: string): ByteReservation;
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
