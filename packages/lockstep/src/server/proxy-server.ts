/** The proxy as `start` and `demo` run it, and its metrics server. */

import { systemClock } from '@lockstep/foundation/clock';
import { openDatabase } from '@lockstep/foundation/database';
import { type Control, recordProxiedRequest } from '../control/index.ts';
import { type EngineDeps, keyedDeps, type OpenSyncs, proxiedSync, readSyncGauges } from '../engine/index.ts';
import { probe } from '../postgres/index.ts';
import { openMetrics, openUpstreams, startMetrics, startProxy } from '../proxy/index.ts';
import { listenAsConfigured } from './listen-as-configured.ts';
import type { ServerBase } from './server-base.ts';

export interface ProxyServer extends AsyncDisposable {
  proxyUrl: string;
  metricsUrl: string;
}

/** Runs until disposed; requests under way are finished first. */
export async function openProxyServer(
  { config, log, certificates, say }: ServerBase,
  control: Control,
  { deps, syncs }: { deps: EngineDeps; syncs: OpenSyncs },
): Promise<ProxyServer> {
  await using undo = new AsyncDisposableStack();
  const metrics = openMetrics({ clock: systemClock, gaugesOf: (id) => readSyncGauges(syncs, id) });
  const metricsServer = await listenAsConfigured('metrics', config, say, (at) => startMetrics(metrics, at));
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
  const proxy = await listenAsConfigured('proxy', config, say, (at) =>
    startProxy({
      ...at,
      certificate: certificates.proxy,
      publicHosts: config.proxyPublicHosts,
      corsOrigins: config.corsOrigins,
      trustedProxies: config.trustedProxies,
      clock: systemClock,
      log,
      syncs: { of: (id) => proxiedSync(deps, syncs, id) },
      keyed: keyedDeps(control, syncs),
      upstreams,
      reachControl: () => probe(readiness),
      metrics,
      onRequest: (sync, request) => recordProxiedRequest(control, sync, request),
    }),
  );
  undo.defer(() => proxy.close());
  const ends = undo.move();
  return {
    proxyUrl: proxy.url,
    metricsUrl: metricsServer.url,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}
