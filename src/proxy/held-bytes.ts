/**
 * What the requests of this process hold of bodies, all together. Each may hold one up to a bound of its own; where the
 * sum comes to its bound as well, further ones pass without being looked into, and the mirror is polled after them.
 */
const heldBytesMax = 512 * 1024 * 1024;

/** What one request holds, until it is disposed. */
export interface Holding extends Disposable {
  /** Whether there is room for so many bytes more. */
  take(bytes: number): boolean;
}

export interface HeldBytes {
  open(): Holding;
}

export function openHeldBytes(max = heldBytesMax): HeldBytes {
  let total = 0;
  return {
    open() {
      let own = 0;
      return {
        take(bytes) {
          if (total + bytes > max) return false;
          total += bytes;
          own += bytes;
          return true;
        },
        [Symbol.dispose]() {
          total -= own;
          own = 0;
        },
      };
    },
  };
}
