import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import type { Config } from '../config.ts';
import {
  type Control,
  controlDatabase,
  findKey,
  type Key,
  openControl,
  readSyncIds,
} from '../control/index.ts';
import { type Certificate, readCertificate } from '../core/certificate.ts';
import type { AppLog } from '../core/log-fields.ts';
import { ownVersion } from '../core/version.ts';
import { preferredPort, rememberPort } from '../operations/ports.ts';
import { claimRunFile, type RunFileClaim } from '../operations/run-file.ts';
import {
  createDatabase,
  databaseFault,
  type EmbeddedOptions,
  type EmbeddedPostgres,
  publicDatabasesText,
  readPublicDatabases,
  refusePooler,
  restrictReaders,
  revokePublicConnect,
  selectDatabase,
  selectDatabaseName,
  selectMissingAttributes,
  selectOtherUse,
  startEmbedded,
} from '../postgres/index.ts';
import { prepareDirectory } from './directory.ts';
import { openLogFiles } from './log-files.ts';

export interface DatabaseServer {
  /** For a login that may create databases and roles. */
  adminUrl: string;
  /** The one that comes with Lockstep, in the data directory. */
  isEmbedded: boolean;
}

/** What is set up before the control database is opened: directory, log, database server. */
export interface ServerBase extends AsyncDisposable {
  config: Config;
  log: AppLog;
  server: DatabaseServer;
  controlUrl: string;
  postgresPort: number | undefined;
  runFile: RunFileClaim;
  /** Of the proxy and of the API; without one they speak http. */
  certificates: { proxy: Certificate | undefined; api: Certificate | undefined };
  say: (line: string) => void;
  /** Rejects if the database server has stopped for good; never resolves. */
  lost: Promise<never>;
}

/** @throws Fault `CFG-02`, `SYS-07`, `SYS-08`, `SYS-10`; a RequestError if another server runs on the directory */
export async function openServerBase(config: Config, say: (line: string) => void): Promise<ServerBase> {
  const { dataDir } = config;
  const certificates = {
    proxy: config.proxyCertificate && (await readCertificate(config.proxyCertificate)),
    api: config.apiCertificate && (await readCertificate(config.apiCertificate)),
  };
  await using undo = new AsyncDisposableStack();
  await prepareDirectory(dataDir);
  const runFile = await claimRunFile(dataDir);
  undo.defer(() => runFile.release());
  const { log } = undo.use(await openLogFiles(dataDir, config.logLevel));
  log.info('server starts', { version: ownVersion() });
  const { leave, ...database } = await openServer(config, log, say);
  undo.defer(leave);
  const ends = undo.move();
  return {
    config,
    log,
    ...database,
    runFile,
    certificates,
    say,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

async function openServer(config: Config, log: AppLog, say: (line: string) => void) {
  const { databaseUrl: own } = config;
  if (own !== undefined) {
    const server = { adminUrl: own, isEmbedded: false };
    const lost = new Promise<never>(() => undefined);
    return { server, controlUrl: own, postgresPort: undefined, lost, leave: () => Promise.resolve() };
  }
  const onRestart = (port: number) => {
    log.error('the database server had ended and was started again', { port });
    say(restartedText(port));
  };
  const embedded = await startOwnServer(config, { say, onRestart });
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

/** Starts the embedded server, or joins it, on the port of last time if that is free. @throws as startEmbedded */
export async function startOwnServer(
  { dataDir, postgresPort: requested, postgresHost: host }: Config,
  tell: Pick<EmbeddedOptions, 'say' | 'onRestart'>,
): Promise<EmbeddedPostgres> {
  const port = await preferredPort(dataDir, 'postgres', requested);
  const embedded = await startEmbedded({ dataDir, host, preferredPort: port, ...tell });
  await rememberPort(dataDir, 'postgres', requested, embedded.port);
  return embedded;
}

export const restartedText = (port: number): string =>
  `The database server had ended; it was started again on 127.0.0.1:${port}.`;

/**
 * Called before anything is written, so that a start without the key of existing credentials changes nothing. On the
 * embedded server it first makes the control database if that is missing; then there are no credentials yet.
 * @throws Fault `KEY-01`, `KEY-04`; `DB-20`: the operator's server is behind a pooler
 */
export async function findKeyFor({ config, server, controlUrl }: ServerBase): Promise<Key> {
  if (server.isEmbedded) await makeControlDatabase(server.adminUrl);
  else await refusePooler(controlUrl);
  return findKey(controlUrl, config.key);
}

/** The control database. If nobody else uses it, other logins can no longer connect to it. */
export async function openControlFor(base: ServerBase, key: Key): Promise<Control> {
  const { log, controlUrl } = base;
  const control = await openControl({
    url: controlUrl,
    key,
    applicationName: 'lockstep',
    clock: systemClock,
    log,
  });
  try {
    await closeControlDatabase(base, control);
    await reportMissingAttributes(base, control);
    await restrictReaders(control.db, await readSyncIds(control), (database) =>
      openDatabase({
        url: databaseUrl(controlUrl, { database }),
        applicationName: 'lockstep start',
        connectionsMax: 1,
      }),
    );
    return control;
  } catch (error) {
    await control.end();
    throw databaseFault(error, control.host) ?? error;
  }
}

/** The rights of a database that others use are changed only if the operator says so. */
async function closeControlDatabase({ config, say }: ServerBase, { db }: Control): Promise<void> {
  const [own] = await selectDatabaseName(db);
  const [others] = await selectOtherUse(db, 'lockstep');
  if (own && (config.closesDatabase || !others?.used)) await revokePublicConnect(db, own.name);
  const open = await readPublicDatabases(db);
  if (open.length > 0) say(publicDatabasesText(open));
}

/** Existing syncs run without them. */
async function reportMissingAttributes({ say }: ServerBase, { db }: Control): Promise<void> {
  const [own] = await selectMissingAttributes(db);
  if (!own || own.missing.length === 0) return;
  const missing = own.missing.join(' and ');
  say(`The login ${own.login} of DATABASE_URL lacks ${missing}, so no sync can be created.`);
  say(`  next: as an administrator, ALTER ROLE "${own.login}" ${own.missing.join(' ')}`);
}

async function makeControlDatabase(adminUrl: string): Promise<void> {
  const admin = openDatabase({ url: adminUrl, applicationName: 'lockstep start', connectionsMax: 1 });
  try {
    const [existing] = await selectDatabase(admin, controlDatabase);
    if (!existing) await createDatabase(admin, controlDatabase);
  } finally {
    await admin.end();
  }
}
