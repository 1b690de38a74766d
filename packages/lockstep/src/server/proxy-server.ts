/** The proxy as `start` and `demo` run it, and its metrics server. */

import { systemClock } from '@lockstep/foundation/clock';
import { openDatabase } from '@lockstep/foundation/database';
import type { Config } from '../config.ts';
import type { Control } from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { type EngineDeps, type OpenSyncs, proxiedSync, readSyncGauges } from '../engine/index.ts';
import { preferredPort, rememberPort } from '../operations/ports.ts';
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
  const metricsServer = await listening('metrics', config, say, (at) => startMetrics(metrics, at));
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
  const proxy = await listening('proxy', config, say, (at) =>
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
  const ends = undo.move();
  return {
    proxyUrl: proxy.url,
    metricsUrl: metricsServer.url,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Listens on the port of last time if that is free, and says so if it takes another one. */
async function listening<Listener extends { port: number }>(
  part: 'proxy' | 'metrics',
  config: Config,
  say: (line: string) => void,
  start: (at: { host: string; port: number }) => Promise<Listener>,
): Promise<Listener> {
  const [host, requested] =
    part === 'proxy' ? [config.proxyHost, config.proxyPort] : [config.metricsHost, config.metricsPort];
  const what = part === 'proxy' ? 'The proxy' : 'The metrics server';
  const port = await preferredPort(config.dataDir, part, requested);
  try {
    const listener = await start({ host, port });
    if (port !== 0 && listener.port !== port)
      say(`${what} listens on port ${listener.port}, because ${port} is taken.`);
    await rememberPort(config.dataDir, part, requested, listener.port);
    return listener;
  } catch (error) {
    const { code, syscall } = error as { code?: unknown; syscall?: unknown };
    if (syscall !== 'listen' && syscall !== 'getaddrinfo') throw error;
    const option = `LOCKSTEP_${part.toUpperCase()}`;
    throw new RequestError(`${what} cannot listen on ${host}, port ${port} (${String(code)})`, {
      kind: 'unexpected',
      next: `Correct ${option}_HOST or ${option}_PORT: lockstep help config`,
    });
  }
}
