/**
 * The PostgreSQL server that comes with Lockstep: made and started on first use, adopted by every later process,
 * stopped by whichever process leaves last. A process that dies leaves the server running; the next one adopts it.
 *
 * A server that ends under the processes that use it is started again by one of them, on the same port, because
 * everybody knows it by its URL.
 *
 * Each process that uses the server holds one session with a shared advisory lock, its presence. Who leaves gives it
 * up and tries the exclusive lock: nobody else is there exactly if that is served.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import { openDatabase, type Session, sqlState } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
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
import { withStartLock } from './start-lock.ts';

const lookEveryMs = 100;
const retakeEveryMs = 500;
const retakesMax = 60;
const presenceLock = sql`5432::int, 1::int`;

export interface EmbeddedPostgres {
  /** The superuser's, for the database `postgres`. A secret. */
  url: string;
  port: number;
  /** The server was running already. */
  adopted: boolean;
  /** The server's own log. It holds no values. */
  log: string;
  /** Rejects with a {@link Fault} where the server has ended and cannot be started again; never resolves. */
  lost: Promise<never>;
  /** Stops the server if nobody else uses it. Close your own connections first. */
  leave(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Made with mode 0700 where it is missing. */
  dataDir: string;
  /** If taken, the next free one. 0: any free one. */
  preferredPort?: number;
  /** Called, in whole sentences, what a person may want to know. */
  say?: (line: string) => void;
  /** Called when the server had ended and runs again, on the same port. */
  onRestart?: (port: number) => void;
}

/**
 * Starts or adopts the server of a data directory and stays with it until `leave`.
 * @throws {@link Fault} SYS-07: the directory is a newer version's; SYS-08: a cluster of another major; SYS-10: the
 *   server does not start
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  try {
    await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
    for (let attempt = 0; attempt < 20; attempt++) {
      const server = await alone(options.dataDir, () => findOrLaunch(options));
      const presence = await holdPresence(server.url, () => revive(options, server));
      if (presence) return leaveable(server, presence);
      await systemClock.sleep(lookEveryMs); // the last one left just then
    }
  } catch (error) {
    const code = errorCode(error);
    if (error instanceof Fault || code === undefined) throw error;
    throw new Fault('SYS-10', { reason: `The system answered ${code}.` }, { cause: error });
  }
  throw new Fault('SYS-10', { reason: 'It stops again and again.' });
}

/**
 * The superuser's URL of the server that runs on a data directory; undefined: none does, and none is started.
 * @throws {@link Fault} as startEmbedded
 */
export async function findEmbedded(dataDir: string): Promise<string | undefined> {
  if (!(await statIfThere(join(dataDir, 'postgres-password')))) return undefined;
  const folders = await prepareFolders(dataDir, () => undefined);
  const password = await readPassword(folders, true);
  const port = await findRunning(folders, password);
  return port === undefined ? undefined : urlOf(password, port);
}

/** One process at a time. */
const alone = (dataDir: string, work: () => Promise<Server>): Promise<Server> =>
  withStartLock(join(dataDir, 'postgres-start.lock'), work);

/**
 * Starts a server that has ended again, or finds the one that recovers or that another process has started.
 * @throws {@link Fault} SYS-10: it does not start, or not on the port where everybody looks for it
 */
async function revive({ dataDir, onRestart }: EmbeddedOptions, { port, folders }: Server): Promise<void> {
  const server = await alone(dataDir, async () => {
    // Where its files were removed, a new and empty server would look like all data lost.
    if (!(await statIfThere(folders.cluster)))
      throw new FinalFault('SYS-10', { reason: 'Its files are gone.' });
    return findOrLaunch({ dataDir, preferredPort: port }, true);
  });
  if (server.port !== port)
    throw new FinalFault('SYS-10', { reason: `It runs on port ${server.port} now and not on ${port}.` });
  if (!server.adopted) onRestart?.(port);
}

/** Trying again does not help. */
class FinalFault extends Fault {}

interface Server {
  url: string;
  port: number;
  adopted: boolean;
  folders: ClusterFolders;
  programs: Programs;
}

async function findOrLaunch(
  { dataDir, preferredPort = 54_320, say = () => undefined }: EmbeddedOptions,
  onThatPortOnly = false,
): Promise<Server> {
  const folders = await prepareFolders(dataDir, say);
  const programs = await preparePrograms(folders, say);
  const found = (await readIfThere(join(folders.cluster, 'PG_VERSION')))?.trim();
  if (found !== undefined && found !== programs.major) {
    throw new Fault('SYS-08', { reason: `the cluster is of ${found}, this build brings ${programs.major}` });
  }
  const password = await readPassword(folders, found !== undefined);

  const running = await findRunning(folders, password);
  if (running !== undefined) {
    say(`Using the database server that runs already, on 127.0.0.1:${running}.`);
    return { url: urlOf(password, running), port: running, adopted: true, folders, programs };
  }
  if (found === undefined) await makeCluster(folders, programs, password);
  if (onThatPortOnly && !(await isFree(preferredPort)))
    throw new Fault('SYS-10', { reason: `It ended, and its port ${preferredPort} is taken.` });
  const port = await launch(folders, programs, password, preferredPort);
  if (preferredPort !== 0 && port !== preferredPort) {
    say(`The database server listens on 127.0.0.1:${port}, because ${preferredPort} is taken.`);
  }
  await revokeFromPublic(urlOf(password, port));
  return { url: urlOf(password, port), port, adopted: false, folders, programs };
}

/** PUBLIC may connect to these two in a new cluster; a mirror's reader must not. */
async function revokeFromPublic(url: string): Promise<void> {
  const database = openDatabase({ url, applicationName: 'lockstep start', connectionsMax: 1 });
  try {
    await database.query(sql`REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC`);
  } finally {
    await database.end();
  }
}

interface Presence {
  /** Rejects where the server has ended for good. */
  lost: Promise<never>;
  /** Gives the presence up; true if nobody else is there. Then unverified callers wait until `close`. */
  release(): Promise<boolean>;
  close(): Promise<void>;
}

/** Undefined: the server went away meanwhile. Taken anew when the server has ended and was revived. */
async function holdPresence(url: string, revived: () => Promise<void>): Promise<Presence | undefined> {
  const database = openDatabase({ url, applicationName: 'lockstep presence', connectionsMax: 1 });
  const take = async (): Promise<Session | undefined> => {
    let session: Session | undefined;
    try {
      session = await database.session();
      await session.query(sql`SELECT pg_advisory_lock_shared(${presenceLock})`);
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
  lost.promise.catch(() => undefined); // whoever waits for it sees it
  let retaking: Promise<void> = Promise.resolve();
  /** Its processes need some seconds to be gone after the server was killed. */
  const retake = async () => {
    for (let tries = 1; !left.signal.aborted && !session; tries++) {
      try {
        await revived();
        session = await take();
      } catch (error) {
        if (error instanceof FinalFault || tries === retakesMax) throw error;
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
      await retaking.catch(() => undefined); // a server that is starting just now is stopped as well
      try {
        await session?.query(sql`SELECT pg_advisory_unlock_shared(${presenceLock})`);
        const rows = await session?.query<{ alone: boolean }>(
          sql`SELECT pg_try_advisory_lock(${presenceLock}) AS alone`,
        );
        return rows?.[0]?.alone === true;
      } catch {
        return false; // the server is gone
      }
    },
    async close() {
      await session?.close();
      await kept;
      await session?.close(); // one that was taken while we left
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
