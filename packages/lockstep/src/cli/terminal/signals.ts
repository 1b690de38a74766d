/**
 * The first SIGINT, SIGTERM or SIGHUP asks for a clean end. Ctrl-C reaches the whole process group and npm forwards it
 * once more, so one keypress may arrive twice. A signal that comes more than a second later ends the process at once.
 */
import { systemClock } from '@lockstep/foundation/clock';
import { exitCodes } from './exit-codes.ts';

const repeatsWithinMs = 1_000;

export function stopOnSignals(say: (line: string) => void): AbortSignal {
  const stop = new AbortController();
  let firstAt = 0;
  const onSignal = () => {
    const now = systemClock.now();
    if (!stop.signal.aborted) {
      firstAt = now;
      stop.abort();
    } else if (now - firstAt > repeatsWithinMs) {
      say('Stopped at once. Unfinished work resumes at the next start.');
      process.exit(exitCodes.interrupted);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return stop.signal;
}

/** Resolves when the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
