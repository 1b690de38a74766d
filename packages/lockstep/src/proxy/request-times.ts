/** What the parts of answering one request have taken, filled in as they end. */
export interface RequestTimes {
  /** Until it was its turn. */
  queuedMs: number;
  /** From the first byte that left for Salesforce to the last one of its answer that was waited for. */
  upstreamMs: number;
  /** The reading of what was written, and nothing else. */
  readBackMs: number;
  /** Storing what was read. */
  applyMs: number;
}

export const noTimes = (): RequestTimes => ({ queuedMs: 0, upstreamMs: 0, readBackMs: 0, applyMs: 0 });
