/** Ages are counted by the server's clock: the browser's may be wrong. */

/** By how much the server's clock is ahead of this machine's. */
let aheadMs = 0;

/** @param asOf  the server's time, in an answer that has just arrived */
export function noteServerTime(asOf: string): void {
  aheadMs = Date.parse(asOf) - Date.now();
}

export const serverNow = (): number => Date.now() + aheadMs;
