/**
 * For balancers, on the proxy's own port and without authority: `/healthz`, whether the process serves, and `/readyz`,
 * whether it should get requests. Neither is ever passed on.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { orAbort } from '@lockstep/foundation/abort';
import { type Clock, deadline } from '@lockstep/foundation/clock';

export interface Health {
  /** False where something else is asked for. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** From now on the proxy is not ready. True: somebody looks at that, and should see it before connections are refused. */
  drain(): boolean;
}

/** A balancer that looks at all looks more often than this. */
const watchedMs = 60_000;
/** Anybody may ask, so the database is asked no more often than this. */
const keptMs = 1_000;
const waitMs = 2_000;

/** @param isControlThere whether the control database answers; a rejection says no */
export function openHealth(clock: Clock, isControlThere: (signal: AbortSignal) => Promise<unknown>): Health {
  let isDraining = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  let last: { at: number; isThere: Promise<boolean> } | undefined;

  async function look(): Promise<boolean> {
    using late = deadline(clock, waitMs);
    try {
      await orAbort(isControlThere(late), late);
      return true;
    } catch {
      return false;
    }
  }

  async function reasons(): Promise<string[]> {
    if (!last || clock.now() - last.at >= keptMs) last = { at: clock.now(), isThere: look() };
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

/** A list of what is wrong, in plain words; empty where nothing is. */
function send(response: ServerResponse, reasons: readonly string[]): void {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  response.writeHead(reasons.length === 0 ? 200 : 503, headers).end(`${JSON.stringify(reasons)}\n`);
}
