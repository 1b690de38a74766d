/** How long the phases of one request took; each is filled in when it ends. */
export interface RequestTimes {
  /** Until its turn came. */
  queuedMs: number;
  /** From the first byte sent to Salesforce to the last byte of the answer that we waited for. */
  upstreamMs: number;
  /** Reading back what was written, without storing it. */
  readBackMs: number;
  /** Storing what was read. */
  applyMs: number;
}

export const zeroTimes = (): RequestTimes => ({ queuedMs: 0, upstreamMs: 0, readBackMs: 0, applyMs: 0 });
