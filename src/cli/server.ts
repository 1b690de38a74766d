/**
 * Builds the rooms and runs them, for `start` and `demo`: database server, control database, workers, mail, proxy.
 * In two steps, so that the demo can make its org and its sync before a worker claims it. Everything ends in the
 * reverse order.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '../config.ts';
import {
  type Control,
  findKey,
  type Key,
  listenForChanges,
  openControl,
  runLeases,
  runMail,
} from '../control/index.ts';
import type { AppLog } from '../core/log-fields.ts';
import { type EngineDeps, openSyncs, runSync } from '../engine/index.ts';
import { systemClock } from '../lib/clock.ts';
import { databaseUrl, openDatabase } from '../lib/database.ts';
import { ident, sql } from '../lib/sql.ts';
import { databaseFault, revokePublicConnect, startEmbedded } from '../postgres/index.ts';
import { type Certificate, readCertificate } from '../proxy/index.ts';
import { prepareDirectory } from './directory.ts';
import { openFront } from './front.ts';
import { openLogFiles } from './log-files.ts';
import type { DatabaseServer } from './org-database.ts';
import { claimRunFile, type RunFileClaim } from './run-file.ts';
import { controlDatabase } from './running.ts';

/** What stands before the control database is open: directory, log, database server. */
export interface Ground extends AsyncDisposable {
  config: Config;
  log: AppLog;
  server: DatabaseServer;
  controlUrl: string;
  postgresPort: number | undefined;
  runFile: RunFileClaim;
  /** Of the proxy; without one it speaks http. */
  certificate: Certificate | undefined;
  say: (line: string) => void;
  /** Rejects where the database server has ended for good; never resolves. */
  lost: Promise<never>;
}

/** @throws Fault `CFG-02`, `SYS-07`, `SYS-08`, `SYS-10`; a CommandError where another server runs on the directory */
export async function openGround(config: Config, say: (line: string) => void): Promise<Ground> {
  const { dataDir } = config;
  const certificate = config.proxyCertificate && (await readCertificate(config.proxyCertificate));
  await using undo = new AsyncDisposableStack();
  await prepareDirectory(dataDir);
  const runFile = await claimRunFile(dataDir);
  undo.defer(() => runFile.release());
  const { log } = undo.use(await openLogFiles(dataDir, config.logLevel));
  const { leave, ...database } = await openServer(config, log, say);
  undo.defer(leave);
  const ends = undo.move();
  return {
    config,
    log,
    ...database,
    runFile,
    certificate,
    say,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

async function openServer(
  { databaseUrl: own, dataDir, postgresPort: preferredPort }: Config,
  log: AppLog,
  say: (line: string) => void,
) {
  if (own !== undefined) {
    const server = { adminUrl: own, isEmbedded: false };
    const lost = new Promise<never>(() => undefined);
    return { server, controlUrl: own, postgresPort: undefined, lost, leave: () => Promise.resolve() };
  }
  const onRestart = (port: number) => {
    log.error('the database server had ended and was started again', { port });
    say(restarted(port));
  };
  const embedded = await startEmbedded({ dataDir, preferredPort, say, onRestart });
  const { url, port: postgresPort, lost } = embedded;
  const controlUrl = databaseUrl(url, { database: controlDatabase });
  return {
    server: { adminUrl: url, isEmbedded: true },
    controlUrl,
    postgresPort,
    lost,
    leave: () => embedded.leave(),
  };
}

export const restarted = (port: number): string =>
  `The database server had ended; it was started again on 127.0.0.1:${port}.`;

/**
 * Comes before anything is written, so that a start without the key of existing credentials leaves all as it was. The
 * control database is made where it is missing on the embedded server: then nothing can be sealed.
 * @throws Fault `KEY-01`, `KEY-04`
 */
export async function findKeyOf({ config, server, controlUrl }: Ground): Promise<Key> {
  if (server.isEmbedded) await makeControlDatabase(server.adminUrl);
  return findKey(controlUrl, config.key);
}

/** The control database, closed to everybody else's login. */
export async function openControlOf({ log, controlUrl }: Ground, key: Key): Promise<Control> {
  const control = await openControl({
    url: controlUrl,
    key,
    applicationName: 'lockstep',
    clock: systemClock,
    log,
  });
  try {
    const [own] = await control.db.query<{ name: string }>(sql`SELECT current_database() AS name`);
    await revokePublicConnect(control.db, own?.name ?? controlDatabase);
    return control;
  } catch (error) {
    await control.end();
    throw databaseFault(error, control.host) ?? error;
  }
}

async function makeControlDatabase(adminUrl: string): Promise<void> {
  const admin = openDatabase({ url: adminUrl, applicationName: 'lockstep start', connectionsMax: 1 });
  try {
    const [exists] = await admin.query(
      sql`SELECT FROM pg_catalog.pg_database WHERE datname = ${controlDatabase}`,
    );
    if (!exists)
      await admin.query(sql`CREATE DATABASE ${ident(controlDatabase)} TEMPLATE template0 ENCODING 'UTF8'`);
  } finally {
    await admin.end();
  }
}

export interface RunningServer extends AsyncDisposable {
  proxyUrl: string;
  metricsUrl: string;
  /** Rejects where a part ended that should run on; never resolves. */
  broken: Promise<never>;
}

export interface ServerOptions extends Pick<EngineDeps, 'allowHosts' | 'onComplete'> {
  /** The demo's. */
  org?: { url: string; pid: number | undefined };
}

/** Two lines when a sync begins to wait, one when it goes on. */
function troubleOn(say: (line: string) => void): NonNullable<EngineDeps['onTrouble']> {
  return ({ name, fault }) => {
    if (!fault) return say(`${name} goes on.`);
    say(`${name} waits: ${fault.code} ${fault.message}`);
    say(`  next: ${fault.next}`);
  };
}

/** Workers, mail and proxy, until disposed of: then requests under way are finished first. */
export async function startServer(
  ground: Ground,
  control: Control,
  options: ServerOptions,
): Promise<RunningServer> {
  const { config, log, runFile, say } = ground;
  const { org, ...tell } = options;
  const onTrouble = troubleOn(say);
  const deps: EngineDeps = { control, clock: systemClock, log, owner: workerId(), onTrouble, ...tell };
  const stop = new AbortController();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined); // whoever waits for it sees it
  ground.lost.catch(broken.reject);
  const keep = (part: Promise<void>) =>
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
  ].map(keep);
  undo.defer(async () => {
    stop.abort();
    await Promise.all(running);
  });
  const front = undo.use(await openFront(ground, control, { deps, syncs }));
  await runFile.publish({
    controlUrl: ground.controlUrl,
    proxyUrl: front.proxyUrl,
    ...(ground.postgresPort !== undefined && { postgresPort: ground.postgresPort }),
    ...(org && { orgUrl: org.url, orgPid: org.pid }),
  });
  const ends = undo.move();
  return {
    proxyUrl: front.proxyUrl,
    metricsUrl: front.metricsUrl,
    broken: broken.promise,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Short, because it is part of an application name, which PostgreSQL cuts at 63 bytes. */
const workerId = () =>
  `${hostname()
    .replaceAll(/[^\w.-]/g, '')
    .slice(0, 16)}-${process.pid}-${randomBytes(4).toString('hex')}`;
