/** The events of a sync, across restarts of the server. */
import { systemClock } from '@lockstep/foundation/clock';
import { Fault } from '../core/faults.ts';
import { RequestError } from '../core/request-error.ts';
import type { ApiClient, ApiEvent } from './api-client.ts';
import type { Context } from './arguments.ts';
import { findApiAgain } from './find-server.ts';

const connectAgainEveryMs = 1_000;

/**
 * Each connection begins with everything as it is, so that nothing is missed in between.
 *
 * @throws what cannot pass by itself: the sync is gone, the key is not valid any more; the signal's reason
 */
export async function* liveEvents(
  first: ApiClient,
  path: string,
  context: Context,
  signal: AbortSignal,
): AsyncIterable<ApiEvent> {
  let isAway = false;
  for (let api: ApiClient | null = first; ; api = null) {
    try {
      for await (const event of (api ?? (await findApiAgain(context))).events(path, signal)) {
        isAway = false;
        yield event;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!passesByItself(error)) throw error;
    }
    if (!isAway)
      context.output.say('The server has ended the connection; it is asked again until it answers.');
    isAway = true;
    await systemClock.sleep(connectAgainEveryMs, signal);
  }
}

/** Nothing runs at the address, or its database or a balancer in front of it does not answer. */
function passesByItself(error: unknown): boolean {
  if (error instanceof Fault) return error.code === 'SYS-20';
  if (!(error instanceof RequestError)) return false;
  return error.label === 'SYS-11' || error.kind === 'unexpected' || error.kind === 'database refused';
}
