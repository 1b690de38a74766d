/**
 * The PostgreSQL server that comes with Lockstep: created and started on first use, adopted by every later process,
 * stopped by the last process that leaves. A process that dies leaves the server running; the next one adopts it.
 *
 * If the server ends while processes use it, one of them starts it again, on the same port, because all of them know
 * it by its URL.
 *
 * Each process that uses the server holds one session with a shared advisory lock, its presence. A process that leaves
 * gives it up and tries to take the exclusive lock: if it gets it, no other process uses the server.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import { openDatabase, type Session, sqlState } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import {
  controlServer,
  findRunning,
  isFree,
  launch,
  makeCluster,
  readPassword,
  urlOf,
} from './embedded-cluster.ts';
import {
  type ClusterFolders,
  errorCode,
  type Programs,
  prepareFolders,
  preparePrograms,
  readIfThere,
  statIfThere,
} from './embedded-files.ts';
import { revokePublicConnect } from './role-sql.ts';
import { giveUpPresence, takePresence, tryToBeAlone } from './server-sql.ts';
import { withStartLock } from './start-lock.ts';

const lookEveryMs = 100;
const retakeEveryMs = 500;
const retakesMax = 60;

export interface EmbeddedPostgres {
  /** The superuser's, for the database `postgres`. A secret. */
  url: string;
  port: number;
  /** The server was already running. */
  adopted: boolean;
  /** The server's own log. It contains no values. */
  log: string;
  /** Rejects with a {@link Fault} if the server has ended and cannot be started again; never resolves. */
  lost: Promise<never>;
  /** Stops the server if nobody else uses it. Close your own connections first. */
  leave(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Created with mode 0700 if it is missing. */
  dataDir: string;
  /** If it is taken, the next free one. 0: any free one. */
  preferredPort?: number;
  /** An address of this machine where readers may connect from elsewhere; else only this machine reaches the server. */
  host?: string;
  /** Called with whole sentences for the user. */
  say?: (line: string) => void;
  /** Called when the server had ended and was started again, on the same port. */
  onRestart?: (port: number) => void;
}

/**
 * Starts or adopts the server of a data directory and keeps it running until `leave`.
 * @throws {@link Fault} SYS-07: a newer version wrote the directory; SYS-08: a cluster of another major version;
 *   SYS-10: the server does not start
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  try {
    await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
    for (let attempt = 0; attempt < 20; attempt++) {
      const server = await alone(options.dataDir, () => findOrLaunch(options));
      const presence = await holdPresence(server.url, () => revive(options, server));
      if (presence) return leaveable(server, presence);
      await systemClock.sleep(lookEveryMs); // the last process has just left and stopped it
    }
  } catch (error) {
    const code = errorCode(error);
    if (error instanceof Fault || code === undefined) throw error;
    throw new Fault('SYS-10', { reason: `The system reported ${code}.` }, { cause: error });
  }
  throw new Fault('SYS-10', { reason: 'It keeps stopping.' });
}

/**
 * The superuser's URL of the server that runs on a data directory; undefined if none runs. Starts none.
 * @throws {@link Fault} as startEmbedded
 */
export async function findEmbedded(dataDir: string): Promise<string | undefined> {
  if (!(await statIfThere(join(dataDir, 'postgres-password')))) return undefined;
  const folders = await prepareFolders(dataDir, () => undefined);
  const password = await readPassword(folders, true);
  const port = await findRunning(folders, password);
  return port === undefined ? undefined : urlOf(password, port);
}

/** Runs `work` in one process at a time. */
const alone = (dataDir: string, work: () => Promise<Server>): Promise<Server> =>
  withStartLock(join(dataDir, 'postgres-start.lock'), work);

/**
 * Starts the ended server again, or finds it recovering or already started by another process.
 * @throws {@link Fault} SYS-10: it does not start, or not on the port that all processes use
 */
async function revive(
  { dataDir, host, onRestart }: EmbeddedOptions,
  { port, folders }: Server,
): Promise<void> {
  const server = await alone(dataDir, async () => {
    // If its files were removed, a new and empty server would look as if all data were lost.
    if (!(await statIfThere(folders.cluster)))
      throw new ServerLost(new Fault('SYS-10', { reason: 'Its files are gone.' }));
    return findOrLaunch({ dataDir, preferredPort: port, ...(host !== undefined && { host }) }, true);
  });
  if (server.port !== port)
    throw new ServerLost(
      new Fault('SYS-10', { reason: `It runs on port ${server.port} now and not on ${port}.` }),
    );
  if (!server.adopted) onRestart?.(port);
}

/** Trying again does not bring the server back. */
class ServerLost extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message, { cause: fault });
    this.fault = fault;
  }
}

interface Server {
  url: string;
  port: number;
  adopted: boolean;
  folders: ClusterFolders;
  programs: Programs;
}

async function findOrLaunch(
  { dataDir, preferredPort = 54_320, host = '127.0.0.1', say = () => undefined }: EmbeddedOptions,
  onThatPortOnly = false,
): Promise<Server> {
  const folders = await prepareFolders(dataDir, say);
  const programs = await preparePrograms(folders, say);
  const found = (await readIfThere(join(folders.cluster, 'PG_VERSION')))?.trim();
  if (found !== undefined && found !== programs.major) {
    throw new Fault('SYS-08', {
      reason: `the cluster has version ${found}, this build contains ${programs.major}`,
    });
  }
  const password = await readPassword(folders, found !== undefined);

  const running = await findRunning(folders, password);
  if (running !== undefined) {
    say(`Using the database server that is already running on 127.0.0.1:${running}.`);
    return { url: urlOf(password, running), port: running, adopted: true, folders, programs };
  }
  if (found === undefined) await makeCluster(folders, programs, password);
  if (onThatPortOnly && !(await isFree(preferredPort)))
    throw new Fault('SYS-10', { reason: `It ended, and its port ${preferredPort} is taken.` });
  const port = await launch(folders, programs, password, { host, preferredPort });
  if (preferredPort !== 0 && port !== preferredPort) {
    say(`The database server listens on 127.0.0.1:${port}, because ${preferredPort} is taken.`);
  }
  await revokeFromPublic(urlOf(password, port));
  return { url: urlOf(password, port), port, adopted: false, folders, programs };
}

/** In a new cluster PUBLIC may connect to these two databases; a mirror's reader must not. */
async function revokeFromPublic(url: string): Promise<void> {
  const database = openDatabase({ url, applicationName: 'lockstep start', connectionsMax: 1 });
  try {
    await revokePublicConnect(database, 'postgres', 'template1');
  } finally {
    await database.end();
  }
}

interface Presence {
  /** Rejects if the server has ended for good. */
  lost: Promise<never>;
  /** Gives the presence up; true if no other process uses the server. Processes that arrive then wait until `close`. */
  release(): Promise<boolean>;
  close(): Promise<void>;
}

/** Takes the presence, and takes it again after a revival. Undefined: the server has ended meanwhile. */
async function holdPresence(url: string, revived: () => Promise<void>): Promise<Presence | undefined> {
  const database = openDatabase({ url, applicationName: 'lockstep presence', connectionsMax: 1 });
  const take = async (): Promise<Session | undefined> => {
    let session: Session | undefined;
    try {
      session = await database.session();
      await takePresence(session);
      return session;
    } catch (error) {
      await session?.close();
      const state = sqlState(error);
      if (state === undefined || /^(57P0|08)/.test(state)) return undefined; // the connection, not the statement
      throw error;
    }
  };
  let session = await take();
  if (!session) return undefined;

  const left = new AbortController();
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined); // those who await it see the rejection
  let retaking: Promise<void> = Promise.resolve();
  /** After the server was killed, its processes may take some seconds to end. */
  const retake = async () => {
    for (let tries = 1; !left.signal.aborted && !session; tries++) {
      try {
        await revived();
        session = await take();
      } catch (error) {
        if (error instanceof ServerLost) throw error.fault;
        if (tries === retakesMax) throw error;
      }
      if (!session) await systemClock.sleep(retakeEveryMs, left.signal);
    }
  };
  const keep = async () => {
    while (!left.signal.aborted) {
      await session?.closed;
      session = undefined;
      retaking = retake();
      await retaking;
    }
  };
  const kept = keep().catch((error: unknown) => {
    if (!left.signal.aborted) lost.reject(error);
  });
  return {
    lost: lost.promise,
    async release() {
      left.abort();
      await retaking.catch(() => undefined); // so that a server that is just starting is stopped as well
      try {
        const last = session;
        if (!last) return false;
        await giveUpPresence(last);
        const [taken] = await tryToBeAlone(last);
        return taken?.alone === true;
      } catch {
        return false; // the server is gone
      }
    },
    async close() {
      await session?.close();
      await kept;
      await session?.close(); // one that was taken while we were leaving
      await database.end();
    },
  };
}

function leaveable({ folders, programs, ...server }: Server, presence: Presence): EmbeddedPostgres {
  const leave = async () => {
    if (await presence.release()) {
      const done = await controlServer(folders, programs, ['stop', '-m', 'fast']);
      if (done.code !== 0) await controlServer(folders, programs, ['stop', '-m', 'immediate']);
    }
    await presence.close();
  };
  let leaving: Promise<void> | undefined;
  return {
    ...server,
    log: folders.log,
    lost: presence.lost,
    leave() {
      leaving ??= leave();
      return leaving;
    },
  };
}
