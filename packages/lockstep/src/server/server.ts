/**
 * Starts the parts of a server and runs them, for `start` and `demo`: database server, control database, workers, mail,
 * proxy. In two steps, so that the demo can make its org and its sync before a worker claims the sync. Everything stops
 * in reverse order.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { systemClock } from '@lockstep/foundation/clock';
import { type Control, listenForChanges, runExpiry, runLeases, runMail } from '../control/index.ts';
import { type EngineDeps, openSyncs, runSync } from '../engine/index.ts';
import { openApiServer } from './api-server.ts';
import { openProxyServer } from './proxy-server.ts';
import type { ServerBase } from './server-base.ts';

export interface RunningServer extends AsyncDisposable {
  proxyUrl: string;
  metricsUrl: string;
  apiUrl: string;
  /** Says where the console is. It may hold a secret: for a terminal or a file's name only. */
  greeting: string;
  /** Rejects if a part fails; never resolves. */
  failed: Promise<never>;
}

export interface ServerOptions extends Pick<EngineDeps, 'allowHosts' | 'onComplete'> {
  /** What is said is seen on a terminal, and kept nowhere. */
  isSeen: boolean;
  /** The demo's simulated org. */
  org?: { url: string; pid: number | undefined };
}

/** Prints two lines when a sync begins to wait, one when it resumes. */
function problemOn(say: (line: string) => void): NonNullable<EngineDeps['onSyncProblem']> {
  return ({ name, fault }) => {
    if (!fault) return say(`${name} resumes.`);
    say(`${name} waits: ${fault.code} ${fault.message}`);
    say(`  next: ${fault.next}`);
  };
}

/** Runs workers, mail and proxy until disposed; requests under way are finished first. */
export async function startServer(
  base: ServerBase,
  control: Control,
  options: ServerOptions,
): Promise<RunningServer> {
  const { config, log, runFile, say } = base;
  const { org, isSeen: _, ...tell } = options;
  const onSyncProblem = problemOn(say);
  const deps: EngineDeps = { control, clock: systemClock, log, owner: workerId(), onSyncProblem, ...tell };
  const stop = new AbortController();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined); // not unhandled: callers wait for it themselves
  base.lost.catch(broken.reject);
  const watch = (part: Promise<void>) =>
    part.catch((error: unknown) => {
      log.error('a part of the server ended', { where: error instanceof Error ? error.name : 'unknown' });
      broken.reject(error);
    });

  await using undo = new AsyncDisposableStack();
  const syncs = openSyncs(deps);
  undo.defer(() => syncs.end());
  const refresh = (error: unknown) =>
    log.warn('settings not read', { where: error instanceof Error ? error.name : 'unknown' });
  const running = [
    runLeases(
      control,
      { workerId: deps.owner, onClaim: (sync, signal) => runSync({ ...deps, syncs }, sync, signal) },
      stop.signal,
    ),
    listenForChanges(control, (id) => void syncs.refresh(id).catch(refresh), stop.signal),
    runMail(control, config.mail, stop.signal),
    runExpiry(control, stop.signal),
  ].map(watch);
  undo.defer(async () => {
    stop.abort();
    await Promise.all(running);
  });
  const proxyServer = undo.use(await openProxyServer(base, control, { deps, syncs }));
  const api = undo.use(
    await openApiServer(base, control, { ...options, proxyServer, isDemo: org !== undefined }),
  );
  await runFile.publish({
    controlUrl: base.controlUrl,
    proxyUrl: proxyServer.proxyUrl,
    apiUrl: api.url,
    apiKey: api.localKey,
    ...(base.postgresPort !== undefined && { postgresPort: base.postgresPort }),
    ...(org && { orgUrl: org.url, orgPid: org.pid }),
  });
  const ends = undo.move();
  return {
    proxyUrl: proxyServer.proxyUrl,
    metricsUrl: proxyServer.metricsUrl,
    apiUrl: api.url,
    greeting: api.greeting,
    failed: broken.promise,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Short, because it is part of an application name, which PostgreSQL truncates at 63 bytes. */
const workerId = () =>
  `${hostname()
    .replaceAll(/[^\w.-]/g, '')
    .slice(0, 16)}-${process.pid}-${randomBytes(4).toString('hex')}`;
