/**
 * Turns Salesforce's refusals into faults. Only the error code of an error body is kept: its message may echo the
 * query, whose literals are customer data.
 */
import { Fault } from '../core/faults.ts';
import { needsViewAllData } from '../core/object-restrictions.ts';
import { type Answer, secondsOfHttpDate } from './transport.ts';

type Refusal = Pick<Answer, 'host' | 'status' | 'headers' | 'text' | 'serverNow'>;

/**
 * Salesforce's codes for an object that cannot be read page by page, whatever the user's rights: it cannot be queried
 * ("entity type X does not support query"), or only with a filter ("Implementation restriction: X requires a filter
 * by a single Id"). The messages are in the user's language, so they are no help; our queries are never malformed.
 */
const refusalsOfPaging = new Set([
  'INVALID_TYPE_FOR_OPERATION',
  'MALFORMED_QUERY',
  'EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION',
]);

/** Codes that recur until somebody changes the query, the object or the user's rights. */
const refusalsOfObject = new Set([
  'INVALID_TYPE',
  'INVALID_FIELD',
  'NOT_FOUND',
  'QUERY_TOO_COMPLICATED',
  'API_DISABLED_FOR_ORG',
]);

/**
 * The fault of an answer that is not a success.
 *
 * @param stream the sobject that was asked for, if the request was about one. Only then may the fault be `SCH-06` or
 *               `PERM-02`, whose `reason` is Salesforce's code: `INVALID_FIELD` means that the description is out of
 *               date.
 */
export function faultOf(answer: Refusal, stream?: string): Fault {
  const { host, status } = answer;
  const code = errorCodeOf(answer.text);
  const reason = code ?? `status ${status}`;
  if (status === 401) return new Fault('SF-02', { reason, host });
  if (code === 'REQUEST_LIMIT_EXCEEDED') return new Fault('LIM-01', { reason });
  if (code === 'API_CURRENTLY_DISABLED' || (code === 'API_DISABLED_FOR_ORG' && stream === undefined))
    return new Fault('PERM-01', { reason });
  if (status === 429 || status === 503) return new Fault('LIM-06', { status, ...waitAsked(answer) });
  if (stream !== undefined && code !== null && refusalsOfPaging.has(code) && status < 500) {
    if (needsViewAllData(stream)) return new Fault('PERM-06', { stream, reason });
    return new Fault('SCH-06', { stream, reason: `cannot be read page by page (${code})` });
  }
  const isRefusal = code !== null && (refusalsOfObject.has(code) || code.startsWith('INSUFFICIENT_ACCESS'));
  if (stream !== undefined && isRefusal && status < 500) return new Fault('PERM-02', { stream, reason });
  return new Fault('NET-01', { host, reason, status });
}

/** A query names a field that does not exist, or that its user may not see any more. */
export const isUnknownField = ({ code, safe }: Fault): boolean =>
  code === 'PERM-02' && safe.reason === 'INVALID_FIELD';

/** A query selects too much for Salesforce: fewer fields in a query may do. */
export const isTooMuch = ({ code, safe }: Fault): boolean =>
  (code === 'PERM-02' && safe.reason === 'QUERY_TOO_COMPLICATED') ||
  (code === 'NET-01' && (safe.status === 414 || safe.status === 431));

/** The code of an error body: `[{"errorCode": …}]` of REST, `{"errorCode": …}` of the newer APIs. */
export const errorCodeOf = (text: string): string | null => errorCodeIn(parseJsonOrUndefined(text));

/** The same of a body that is parsed. */
export function errorCodeIn(body: unknown): string | null {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (typeof first !== 'object' || first === null || !('errorCode' in first)) return null;
  const { errorCode } = first;
  return typeof errorCode === 'string' && /^[A-Z][A-Z0-9_]{2,79}$/.test(errorCode) ? errorCode : null;
}

/** Undefined for anything but JSON, such as a gateway's HTML page. */
export function parseJsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the parser's message would quote the text
  }
}

/** Retry-After: seconds, or a date, which is compared with the `Date` of the same answer. */
function waitAsked({ headers, serverNow }: Refusal): { waitMs?: number } {
  const asked = headers['retry-after'];
  if (typeof asked !== 'string') return {};
  if (/^\d{1,6}$/.test(asked)) return { waitMs: Number(asked) * 1000 };
  const until = secondsOfHttpDate(asked);
  return until === null || serverNow === null ? {} : { waitMs: Math.max(0, until - serverNow) * 1000 };
}
