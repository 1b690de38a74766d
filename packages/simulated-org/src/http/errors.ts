import { sqlState } from '@lockstep/foundation/database';
import { SoqlError } from '../soql/index.ts';

/**
 * How the org refuses a request: a status and Salesforce's array of message, errorCode and, for errors of a
 * record, fields. A text that no recorded answer confirms is defined once, here.
 */
export interface ErrorEntry {
  message: string;
  errorCode: string;
  fields?: readonly string[];
}

export class OrgError extends Error {
  override readonly name = 'OrgError';
  readonly status: number;
  readonly entry: ErrorEntry;

  constructor(status: number, errorCode: string, message: string, fields?: readonly string[]) {
    super(errorCode);
    this.status = status;
    this.entry = { message, errorCode, ...(fields && { fields }) };
  }
}

/** The request itself cannot be read: with several records, no single one is to blame. */
export class MalformedRequest extends OrgError {}

export const notFound = (message = 'The requested resource does not exist') =>
  new OrgError(404, 'NOT_FOUND', message);

export const noSuchExternalId = (name: string) =>
  notFound(`Provided external ID field does not exist or is not accessible: ${name}`);

export const entityDeleted = () => new OrgError(404, 'ENTITY_IS_DELETED', 'entity is deleted', []);

export const noSuchColumn = (name: string, sobject: string) =>
  new MalformedRequest(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${sobject}`);

export const methodNotAllowed = (method: string, allowed: readonly string[]) =>
  new OrgError(
    405,
    'METHOD_NOT_ALLOWED',
    `HTTP Method '${method}' not allowed. Allowed are ${allowed.join(',')}`,
  );

export const sessionInvalid = () => new OrgError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');

export const limitExceeded = () =>
  new OrgError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');

export const concurrencyExceeded = () =>
  new OrgError(403, 'REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.');

/** The status is documented. No recorded answer confirms the rest. */
export const versionRetired = () =>
  new OrgError(410, 'UNSUPPORTED_API_VERSION', 'The requested API version is retired or is not supported.');

export const unexpected = () =>
  new OrgError(
    500,
    'UNKNOWN_EXCEPTION',
    'An unexpected error occurred. Please include this ErrorId if you contact support: 1234-5678 (-1234)',
  );

export const parserError = (message: string) => new MalformedRequest(400, 'JSON_PARSER_ERROR', message);

export const tooLarge = () => new OrgError(413, 'REQUEST_ENTITY_TOO_LARGE', 'The request is too large.');

export const unsupportedMedia = (message: string) => new OrgError(415, 'UNSUPPORTED_MEDIA_TYPE', message);

export const refused = (errorCode: string, message: string, fields?: readonly string[]) =>
  new OrgError(400, errorCode, message, fields);

/** Names the records if they are known: `… or 1 records: 001…`. */
export function rowLocked(ids: readonly string[] = []): OrgError {
  const which = ids.length === 0 ? '' : ` or ${ids.length} records: ${ids.join(',')}`;
  return refused('UNABLE_TO_LOCK_ROW', `unable to obtain exclusive access to this record${which}`, []);
}

/** The database gave up waiting for a row lock, or broke a deadlock. */
export const isLockFailure = (error: unknown): boolean => ['55P03', '40P01'].includes(sqlState(error) ?? '');

/**
 * Two transactions wrote the same value concurrently: the record that has it is unknown.
 *
 * @param detail  PostgreSQL's, in its language: `Key (lower(("Code__c" COLLATE …)))=(x) already exists.`
 */
const duplicateValue = (detail: string) => {
  const field = /\((?:lower)?\(*"?(\w+)/.exec(detail)?.[1];
  const message = `duplicate value found: ${field ?? '<unknown>'} duplicates value on record with id: <unknown>`;
  return refused('DUPLICATE_VALUE', message, field === undefined ? [] : [field]);
};

/** A field that the user does not see, or one that the org should have filled in but had no value for. */
const fieldMissing = (name: string) =>
  refused('REQUIRED_FIELD_MISSING', `Required fields are missing: [${name}]`, [name]);

/**
 * Turns an error into the org's answer. Undefined for what no client can cause: that is a defect of the simulator.
 * Database errors are told apart by class: 22 a value that does not fit, 54 a statement too complex, 53, 57 and 08 a
 * server that is full, stopping or gone.
 */
export function asOrgError(error: unknown): OrgError | undefined {
  if (error instanceof OrgError) return error;
  if (error instanceof SoqlError) return refused(error.code, error.message);
  const state = sqlState(error);
  if (state === undefined) {
    return isLostConnection(error)
      ? new OrgError(503, 'SERVER_UNAVAILABLE', 'Server Unavailable')
      : undefined;
  }
  if (isLockFailure(error)) return rowLocked();
  // A field or an sobject was deleted while the request ran.
  if (state === '42703' || state === '42P01')
    return refused('INVALID_FIELD', 'The definition changed while the request was running.');
  if (state === '57014') return refused('QUERY_TIMEOUT', 'Your query request was running for too long.');
  if (state === '23502') return fieldMissing((error as { column?: string }).column ?? '');
  if (state === '23505') return duplicateValue((error as { detail?: string }).detail ?? '');
  if (state.startsWith('22'))
    return refused('NUMBER_OUTSIDE_VALID_RANGE', 'value outside of valid range', []);
  if (state.startsWith('54'))
    return refused(
      'QUERY_TOO_COMPLICATED',
      'Query is either selecting too many fields or the filter conditions are too complicated.',
    );
  if (/^(53|57|08)/.test(state)) return new OrgError(503, 'SERVER_UNAVAILABLE', 'Server Unavailable');
  return undefined;
}

const isLostConnection = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && /^(ECONN|EPIPE|ENOTFOUND|ETIMEDOUT)/.test(code)) return true;
  return (
    error instanceof Error &&
    /^(Connection terminated|timeout exceeded when trying to connect)/.test(error.message)
  );
};
