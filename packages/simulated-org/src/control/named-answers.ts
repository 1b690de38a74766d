import { type Answer, errorAnswer } from '../http/answer.ts';
import {
  concurrencyExceeded,
  limitExceeded,
  notFound,
  OrgError,
  refused,
  sessionInvalid,
  unexpected,
  versionRetired,
} from '../http/errors.ts';
import { errorAt, type SoqlErrorCode } from '../soql/errors.ts';

/**
 * Refusals that Salesforce gives for reasons of its own, by name. No recorded answer confirms the texts of
 * TOO_MANY_REQUESTS, EXCEEDED_ID_LIMIT and INVALID_REPLICATION_DATE.
 */
export const namedAnswers = [
  'SERVER_UNAVAILABLE',
  'HTML_503',
  'UNKNOWN_EXCEPTION',
  'QUERY_TIMEOUT',
  'QUERY_TOO_COMPLICATED',
  'REQUEST_LIMIT_EXCEEDED',
  'CONCURRENT_REQUESTS',
  'TOO_MANY_REQUESTS',
  'UNABLE_TO_LOCK_ROW',
  'INVALID_SESSION_ID',
  'INVALID_GRANT',
  'INVALID_QUERY_LOCATOR',
  'INVALID_FIELD',
  'INVALID_TYPE',
  'NOT_FOUND',
  'UNSUPPORTED_API_VERSION',
  'URI_TOO_LONG',
  'HEADERS_TOO_LARGE',
  'EXCEEDED_ID_LIMIT',
  'INVALID_REPLICATION_DATE',
  'ERROR_WITH_200',
] as const;
export type NamedAnswer = (typeof namedAnswers)[number];

export interface About {
  /** The field or sobject. */
  name: string;
  /** The query of the request, if it is one. */
  soql: string | undefined;
  /** The sobject on which a field is missing. */
  sobject: string;
  retryAfterSeconds: number;
}

const unavailablePage = `<!DOCTYPE html>
<html><head><title>Service Unavailable</title></head>
<body><h1>We are down for maintenance.</h1><p>Sorry for the inconvenience. We'll be back shortly.</p></body></html>
`;

const html = (status: number, body: string): Answer => ({
  status,
  headers: { 'Content-Type': 'text/html;charset=UTF-8' },
  body,
});

const emptyWith = (status: number): Answer => ({ status, body: null });

const makers: Record<NamedAnswer, (about: About) => Answer> = {
  SERVER_UNAVAILABLE: () => errorAnswer(new OrgError(503, 'SERVER_UNAVAILABLE', 'Server Unavailable')),
  HTML_503: () => html(503, unavailablePage),
  UNKNOWN_EXCEPTION: () => errorAnswer(unexpected()),
  QUERY_TIMEOUT: () => errorAnswer(refused('QUERY_TIMEOUT', 'Your query request was running for too long.')),
  QUERY_TOO_COMPLICATED: () =>
    errorAnswer(
      refused(
        'QUERY_TOO_COMPLICATED',
        'Query is either selecting too many fields or the filter conditions are too complicated.',
      ),
    ),
  REQUEST_LIMIT_EXCEEDED: () => errorAnswer(limitExceeded()),
  CONCURRENT_REQUESTS: () => errorAnswer(concurrencyExceeded()),
  TOO_MANY_REQUESTS: ({ retryAfterSeconds }) => ({
    ...errorAnswer(new OrgError(429, 'TOO_MANY_REQUESTS', 'Too many requests.')),
    headers: { 'Retry-After': String(retryAfterSeconds) },
  }),
  UNABLE_TO_LOCK_ROW: () =>
    errorAnswer(refused('UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record', [])),
  INVALID_SESSION_ID: () => errorAnswer(sessionInvalid()),
  INVALID_GRANT: () => ({
    status: 400,
    body: '{"error":"invalid_grant","error_description":"expired access/refresh token"}',
  }),
  INVALID_QUERY_LOCATOR: () => errorAnswer(refused('INVALID_QUERY_LOCATOR', 'invalid query locator')),
  INVALID_FIELD: (about) =>
    errorAnswer(
      pointedAt(
        about,
        'INVALID_FIELD',
        `No such column '${about.name}' on entity '${about.sobject}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
        `No such column '${about.name}' on sobject of type ${about.sobject}`,
      ),
    ),
  INVALID_TYPE: (about) =>
    errorAnswer(
      pointedAt(
        about,
        'INVALID_TYPE',
        `sObject type '${about.name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
        `sObject type '${about.name}' is not supported.`,
      ),
    ),
  NOT_FOUND: () => errorAnswer(notFound()),
  UNSUPPORTED_API_VERSION: () => errorAnswer(versionRetired()),
  URI_TOO_LONG: () => emptyWith(414),
  HEADERS_TOO_LARGE: () => emptyWith(431),
  EXCEEDED_ID_LIMIT: () =>
    errorAnswer(refused('EXCEEDED_ID_LIMIT', 'More than 600000 ids changed between the two dates.')),
  INVALID_REPLICATION_DATE: () =>
    errorAnswer(refused('INVALID_REPLICATION_DATE', 'startDate cannot be more than 15 days ago')),
  ERROR_WITH_200: () => ({ ...errorAnswer(unexpected()), status: 200 }),
};

export const namedAnswer = (name: NamedAnswer, about: About): Answer => makers[name](about);

/** In a query the text points at the position of the name; elsewhere there is none. */
function pointedAt({ soql, name }: About, code: SoqlErrorCode, inQuery: string, elsewhere: string): OrgError {
  if (soql === undefined) return refused(code, elsewhere);
  return refused(code, errorAt(soql, placeOf(soql, name), code, inQuery).message);
}

/** The position of the name as a whole word, in any case; the start of the query if it is not there. */
function placeOf(soql: string, name: string): number {
  const wanted = name.toLowerCase();
  const words = [...soql.matchAll(/\w+/g)];
  return words.find(([word]) => word.toLowerCase() === wanted)?.index ?? 0;
}
