/**
 * For load balancers, on the proxy's own port and without authentication: `/healthz` says whether the process is up,
 * and `/readyz` whether it should get requests. Neither is ever forwarded.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { orAbort } from '@lockstep/foundation/abort';
import { type Clock, deadline } from '@lockstep/foundation/clock';

export interface HealthEndpoints {
  /** False if the request is for something else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** Makes the proxy not ready. True: a balancer checks, and should see this before connections are refused. */
  drain(): boolean;
}

/** A balancer that checks at all checks more often than this. */
const watchedMs = 60_000;
/** Anybody may ask, so the database is asked no more often than this. */
const keptMs = 1_000;
const waitMs = 2_000;

/** @param isControlThere asks the control database; rejects if it does not answer */
export function openHealth(
  clock: Clock,
  isControlThere: (signal: AbortSignal) => Promise<unknown>,
): HealthEndpoints {
  let isDraining = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  let last: { at: number; isThere: Promise<boolean> } | undefined;

  async function check(): Promise<boolean> {
    using late = deadline(clock, waitMs);
    try {
      await orAbort(isControlThere(late), late);
      return true;
    } catch {
      return false;
    }
  }

  async function reasons(): Promise<string[]> {
    if (!last || clock.now() - last.at >= keptMs) last = { at: clock.now(), isThere: check() };
    const isThere = await last.isThere;
    return [
      ...(isDraining ? ['The proxy is being stopped.'] : []),
      ...(isThere ? [] : ['The control database does not answer.']),
    ];
  }

  return {
    answer({ method, url = '' }, response) {
      const [path] = url.split('?');
      if (method !== 'GET' && method !== 'HEAD') return false;
      if (path === '/healthz') {
        send(response, []);
        return true;
      }
      if (path !== '/readyz') return false;
      askedAt = clock.now();
      void reasons().then((found) => send(response, found));
      return true;
    },
    drain() {
      isDraining = true;
      return clock.now() - askedAt < watchedMs;
    },
  };
}

/** Sends a list of what is wrong, in plain words; it is empty if nothing is. */
function send(response: ServerResponse, reasons: readonly string[]): void {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  response.writeHead(reasons.length === 0 ? 200 : 503, headers).end(`${JSON.stringify(reasons)}\n`);
}
