import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import type { LogFields } from '../core/log-fields.ts';

/** Node's and the resolver's codes. */
const nameUnknown = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME']);
const noAnswer = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ENOENT', // no socket in the folder that is named as host
]);
/** The driver gives no code for these. */
const connectionWords = /timeout|terminated|connection error|not queryable|does not support SSL/i;

/**
 * What a failure of a connection or of the server as a whole means to a person; undefined for an error of one
 * statement, which its caller understands better. Holds the code only: the driver's message and detail can carry
 * values, so the error itself is not kept as the cause.
 *
 * @param host  as a person knows the server: `host` or `host:port`, never with user or password
 */
export function databaseFault(error: unknown, host: string): Fault | undefined {
  const state = sqlState(error); // EPIPE has the form of a SQLSTATE; no SQLSTATE begins with E
  if (state !== undefined && !state.startsWith('E')) return serverFault(state, host);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string') {
    if (nameUnknown.has(code)) return new Fault('DB-01', { host });
    if (noAnswer.has(code)) return new Fault('DB-02', { host, reason: code });
    if (/CERT|TLS|SSL|SELF_SIGNED/.test(code)) return new Fault('DB-02', { host, reason: code });
  }
  const words = typeof message === 'string' && code === undefined ? connectionWords.exec(message) : null;
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
    case '55000': // the database exists and takes no connections
      return new Fault('DB-02', { host, reason: state, sqlState: state });
    default:
      return /^(57P0\d|08)/.test(state)
        ? new Fault('DB-02', { host, reason: state, sqlState: state })
        : undefined;
  }
}

/** What a page meets in a table that is not as planned. */
const tableChangedStates = new Set([
  '42P01', // the table is gone
  '42703', // a column is gone
  '42804', // a column of another type
  '42883', // one that cannot be compared with its value
  '42P10', // no unique index on the Id
  '42P22', // an Id that does not compare by byte
  '428C9', // a column that computes itself
  '55000', // a view, or a key that is checked late, in its place
]);

/**
 * Whether a page may have failed because somebody has changed its table; restoreTable finds out. To be asked before
 * {@link databaseFault}, for which 55000 is a database that takes no connections.
 */
export const isTableChanged = (error: unknown): boolean => tableChangedStates.has(sqlState(error) ?? '');

/**
 * Whether an error that one table has met concerns that table alone: whatever the server says of a statement, but for
 * what it says of itself, of the connection or of the login. A right may be missing on one table only.
 */
export const isOfOneTable = (error: unknown): boolean =>
  !(error instanceof Fault) &&
  sqlState(error) !== undefined &&
  (isTableChanged(error) || sqlState(error) === '42501' || databaseFault(error, '') === undefined);

/** What a log line may say of an error: its code, never its text, which can quote a record. */
export function failureFields(error: unknown): Pick<LogFields, 'code' | 'sqlState'> {
  if (error instanceof Fault) return { code: error.code };
  const state = sqlState(error);
  return state === undefined ? {} : { sqlState: state };
}
