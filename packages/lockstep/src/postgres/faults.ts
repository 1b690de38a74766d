import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import type { LogFields } from '../core/log-fields.ts';
import { RequestError } from '../core/request-error.ts';

/** Codes of Node and of the resolver. */
const nameUnknown = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME']);
const noAnswer = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ENOENT', // no socket in the folder that is given as the host
]);
/** Messages of driver errors that have no code. */
const connectionWords = /timeout|terminated|connection error|not queryable/i;
const noTlsWords = /does not support SSL/i;

/** What a connection through a tunnel fails with. */
const ofTunnels: ReadonlySet<string> = new Set(['DB-02', 'DB-25', 'DB-26', 'DB-27']);

/**
 * The fault for a failure of a connection or of the server as a whole; undefined for an error of one statement, which
 * its caller understands better. Contains the code only: the driver's message and detail can contain values, so the
 * error itself is not kept as the cause.
 *
 * @param host  the server's name for people: `host` or `host:port`, never with user or password
 */
export function databaseFault(error: unknown, host: string): Fault | undefined {
  if (error instanceof Fault) return ofTunnels.has(error.code) ? error : undefined;
  if (error instanceof RequestError) return undefined;
  const state = sqlState(error);
  if (state !== undefined && !state.startsWith('E')) return serverFault(state, host);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string') {
    if (nameUnknown.has(code)) return new Fault('DB-01', { host });
    if (noAnswer.has(code)) return new Fault('DB-02', { host, reason: code });
    if (/CERT|TLS|SSL|SELF_SIGNED/.test(code)) return new Fault('DB-18', { host, reason: code });
  }
  if (typeof message !== 'string' || code !== undefined) return undefined;
  if (noTlsWords.test(message)) return new Fault('DB-18', { host, reason: 'it does not offer TLS' });
  const words = connectionWords.exec(message);
  return words ? new Fault('DB-02', { host, reason: words[0].toLowerCase() }) : undefined;
}

function serverFault(state: string, host: string): Fault | undefined {
  switch (state) {
    case '28P01':
    case '28000':
      return new Fault('DB-03', { host, sqlState: state });
    case '3D000':
      return new Fault('CFG-01', {
        host,
        reason: `The server at ${host} has no database of that name.`,
        sqlState: state,
      });
    case '42501':
      return new Fault('DB-06', { host, reason: 'insufficient privilege', sqlState: state });
    case '53100':
    case '25006':
      return new Fault('DB-08', { host, sqlState: state });
    case '53300':
      return new Fault('DB-02', { host, reason: 'too many connections', sqlState: state });
    case '55000': // the database exists but accepts no connections
      return new Fault('DB-02', { host, reason: state, sqlState: state });
    default:
      return /^(57P0\d|08)/.test(state)
        ? new Fault('DB-02', { host, reason: state, sqlState: state })
        : undefined;
  }
}

/** The errors of a page when its table is not as planned. */
const tableChangedStates = new Set([
  '42P01', // the table is gone
  '42703', // a column is gone
  '42804', // a column of another type
  '42883', // a column type that cannot be compared with the value
  '42P10', // no unique index on the Id
  '42P22', // an Id that does not compare by byte
  '428C9', // a generated column
  '42601', // the same before version 14
  '55000', // a view in the place of the table, or a deferrable primary key
]);

/**
 * Whether a page may have failed because somebody has changed its table; restoreTable finds out. Check this before
 * {@link databaseFault}, for which 55000 is a database that accepts no connections.
 */
export const isTableChanged = (error: unknown): boolean => tableChangedStates.has(sqlState(error) ?? '');

/**
 * Whether an error concerns only the table that met it: any error of a statement, except those about the server itself,
 * the connection or the login. A missing privilege counts, because it may be missing on one table only.
 */
export const concernsOneTable = (error: unknown): boolean =>
  !(error instanceof Fault) &&
  sqlState(error) !== undefined &&
  (isTableChanged(error) || sqlState(error) === '42501' || databaseFault(error, '') === undefined);

/** What a log line may say about an error: its code, never its text, which can quote a record. */
export function failureFields(error: unknown): Pick<LogFields, 'code' | 'sqlState'> {
  if (error instanceof Fault) return { code: error.code };
  const state = sqlState(error);
  return state === undefined ? {} : { sqlState: state };
}
