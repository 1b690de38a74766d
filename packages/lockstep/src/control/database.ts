import type { Clock } from '@lockstep/foundation/clock';
import { type Database, openDatabase } from '@lockstep/foundation/database';
import { migrate, NewerSchemaError } from '@lockstep/foundation/migrations';
import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import { databaseFault } from '../postgres/index.ts';
import { type ActivityLog, openActivityLog } from './activity-log.ts';
import { type KeySource, readKey } from './keys.ts';
import { openProxyLog, type ProxyLog } from './proxy-log.ts';
import type { Key } from './sealing.ts';
import { selectSealedSyncs } from './sql.ts';
import { openUsageCounter, type UsageCounter } from './usage.ts';

/** The name of the control database on the embedded server. */
export const controlDatabase = 'lockstep';

/** The control database, opened and migrated. All other functions of this room take it as their first argument. */
export interface Control {
  readonly db: Database;
  /** Of the control database, with user and password: never logged. */
  readonly url: string;
  /** The server's name for people, without user and password. */
  readonly host: string;
  /** The key-encryption key; see {@link keyOf}. */
  readonly key: Key | Fault;
  readonly usage: UsageCounter;
  readonly activity: ActivityLog;
  readonly proxyLog: ProxyLog;
  readonly clock: Clock;
  readonly log: AppLog;
  /** On whose behalf it is used, as the audit log names them; undefined: on nobody's. */
  readonly who?: string;
  /** Writes what is still in memory and closes the connections. */
  end(): Promise<void>;
}

/** The same database, used on somebody's behalf: what is decided through it is recorded as theirs. */
export const onBehalfOf = (control: Control, who: string): Control => ({ ...control, who });

export interface OpenControlOptions {
  url: string;
  /** A fault says why there is no key. Everything that needs no secret still works. */
  key: Key | Fault;
  applicationName: string;
  clock: Clock;
  log: AppLog;
}

/** @throws {@link Fault} `KEY-01`, `KEY-04`: this process runs without the key */
export function keyOf({ key }: Pick<Control, 'key'>): Key {
  if (key instanceof Fault) throw key;
  return key;
}

/**
 * The key that opens the secrets of a control database, read before that database is changed in any way.
 *
 * @throws {@link Fault} of {@link readKey}, and of {@link openControl} if the database does not answer
 */
export async function findKey(url: string, source: KeySource): Promise<Key> {
  const host = hostOf(url);
  const db = openDatabase({ url, applicationName: 'lockstep key', connectionsMax: 1 });
  try {
    return await readKey(source, await selectSealedSyncs(db));
  } catch (error) {
    throw error instanceof Fault ? error : (databaseFault(error, host) ?? error);
  } finally {
    await db.end();
  }
}

/**
 * @throws {@link Fault} `CFG-01`: not a PostgreSQL URL, or no such database; `DB-01`, `DB-02`, `DB-03`, `DB-06`,
 *   `DB-08`: see databaseFault; `SYS-07`: a newer version has created the schema
 */
export async function openControl({
  url,
  key,
  applicationName,
  clock,
  log,
}: OpenControlOptions): Promise<Control> {
  const host = hostOf(url);
  const db = openDatabase({
    url,
    applicationName,
    onIdleError: (code) => log.warn('control connection lost', { host, sqlState: code }),
  });
  try {
    await migrate(db, { schema: 'lockstep', folder: new URL('migrations/', import.meta.url) });
  } catch (error) {
    await db.end();
    if (error instanceof NewerSchemaError) {
      const reason = `control schema ${error.found}, this version knows ${error.known}`;
      throw new Fault('SYS-07', { reason }, { cause: error });
    }
    throw databaseFault(error, host) ?? error;
  }

  const usage = openUsageCounter({ db, clock, log });
  const activity = openActivityLog({ db, clock, log });
  const proxyLog = openProxyLog({ db, clock, log });
  return {
    db,
    url,
    host,
    key,
    usage,
    activity,
    proxyLog,
    clock,
    log,
    async end() {
      await usage.end();
      await activity.end();
      await proxyLog.end();
      await db.end();
    },
  };
}

function hostOf(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new Fault('CFG-01', {
      reason: 'DATABASE_URL does not have the form postgres://user:password@host:port/database.',
    });
  }
  return parsed.host || (parsed.searchParams.get('host') ?? 'localhost');
}

/** For a log line: the SQLSTATE, Node's code or the error's class, never the text. */
export const errorCode = (error: unknown): string => {
  if (error instanceof Fault) return error.code;
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'unknown';
};
