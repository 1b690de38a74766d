import type { Clock } from '@lockstep/foundation/clock';

const linesPerSecond = 10;

/** Bounds the log lines that anybody can cause: some each second, and the number of those left out. */
export interface LogSampling {
  /** Whether to log this one, and how many were left out before it. */
  next(): { isLogged: boolean; leftOut: number };
}

export function openLogSampling(clock: Clock): LogSampling {
  let second = 0;
  let logged = 0;
  let leftOut = 0;
  return {
    next() {
      const now = Math.floor(clock.now() / 1_000);
      if (now !== second) [second, logged] = [now, 0];
      if (logged >= linesPerSecond) {
        leftOut += 1;
        return { isLogged: false, leftOut: 0 };
      }
      logged += 1;
      const before = leftOut;
      leftOut = 0;
      return { isLogged: true, leftOut: before };
    },
  };
}
