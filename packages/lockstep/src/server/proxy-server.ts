/** The proxy as `start` and `demo` run it, and its metrics server. */

import { systemClock } from '@lockstep/foundation/clock';
import { openDatabase } from '@lockstep/foundation/database';
import type { Control } from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { type EngineDeps, type OpenSyncs, proxiedSync, readSyncGauges } from '../engine/index.ts';
import { probe } from '../postgres/index.ts';
import { openMetrics, openUpstreams, startMetrics, startProxy } from '../proxy/index.ts';
import type { ServerBase } from './server-base.ts';

export interface ProxyServer extends AsyncDisposable {
  proxyUrl: string;
  metricsUrl: string;
}

/** Runs until disposed; requests under way are finished first. */
export async function openProxyServer(
  { config, log, certificate, say }: ServerBase,
  control: Control,
  { deps, syncs }: { deps: EngineDeps; syncs: OpenSyncs },
): Promise<ProxyServer> {
  await using undo = new AsyncDisposableStack();
  const metrics = openMetrics({ clock: systemClock, gaugesOf: (id) => readSyncGauges(syncs, id) });
  const metricsServer = await listening('METRICS', config.metricsHost, config.metricsPort, (at) =>
    startMetrics(metrics, at),
  );
  undo.defer(() => metricsServer.close());
  // A connection of its own, so that readiness does not depend on what else waits for the control database.
  const readiness = openDatabase({
    url: control.url,
    applicationName: 'lockstep readyz',
    connectionsMax: 1,
    statementTimeoutMs: 2_000,
  });
  undo.defer(() => readiness.end());
  const upstreams = openUpstreams({ allowHosts: deps.allowHosts });
  const proxy = await listening('PROXY', config.proxyHost, config.proxyPort, (at) =>
    startProxy({
      ...at,
      certificate,
      publicHosts: config.proxyPublicHosts,
      corsOrigins: config.corsOrigins,
      trustedProxies: config.trustedProxies,
      clock: systemClock,
      log,
      syncs: { of: (id) => proxiedSync(deps, syncs, id) },
      upstreams,
      reachControl: () => probe(readiness),
      metrics,
    }),
  );
  undo.defer(() => proxy.close());
  const parts = [
    { what: 'The proxy listens', requested: config.proxyPort, port: proxy.port },
    { what: 'The metrics server listens', requested: config.metricsPort, port: metricsServer.port },
  ];
  for (const { what, requested, port } of parts) {
    if (requested !== 0 && port !== requested) say(`${what} on port ${port}, because ${requested} is taken.`);
  }
  const ends = undo.move();
  return {
    proxyUrl: proxy.url,
    metricsUrl: metricsServer.url,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

async function listening<Listener>(
  part: 'PROXY' | 'METRICS',
  host: string,
  port: number,
  start: (at: { host: string; port: number }) => Promise<Listener>,
): Promise<Listener> {
  try {
    return await start({ host, port });
  } catch (error) {
    const { code, syscall } = error as { code?: unknown; syscall?: unknown };
    if (syscall !== 'listen' && syscall !== 'getaddrinfo') throw error;
    const what = part === 'PROXY' ? 'The proxy' : 'The metrics server';
    throw new RequestError(`${what} cannot listen on ${host}, port ${port} (${String(code)})`, {
      kind: 'unexpected',
      next: `Correct LOCKSTEP_${part}_HOST or LOCKSTEP_${part}_PORT: lockstep help config`,
    });
  }
}
