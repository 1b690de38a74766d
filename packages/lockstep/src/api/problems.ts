/** How a request of the API fails: problem details (RFC 9457), with code, text and next step from the one catalogue. */
import { type Problem, problemSchema } from '../contract/problem.ts';
import { closestForm } from '../core/closest-form.ts';
import { faults } from '../core/fault-catalogue.ts';
import { Fault, type FaultCode, isFaultCode } from '../core/faults.ts';
import { type ErrorKind, errorKindOf, RequestError } from '../core/request-error.ts';

/** What every route may answer instead. */
export const problemAnswers = {
  '4xx': {
    description: 'The request is refused; nothing was changed.',
    content: { 'application/problem+json': { schema: problemSchema } },
  },
  '5xx': {
    description: 'The server, a database or Salesforce failed.',
    content: { 'application/problem+json': { schema: problemSchema } },
  },
};

const statuses: Record<ErrorKind, number> = {
  usage: 400,
  'not found': 404,
  'not allowed': 403,
  'not healthy': 409,
  'Salesforce refused': 502,
  'database refused': 503,
  'time ran out': 504,
  interrupted: 503,
  unexpected: 500,
};
/** Faults of the API itself. */
const ownStatuses: Record<string, number> = {
  'API-01': 400,
  'API-02': 401,
  'API-03': 421,
  'API-04': 412,
  'API-05': 404,
  'API-06': 422,
  'API-07': 409,
  'API-08': 403,
  'API-09': 429,
  'API-10': 403,
  'API-11': 403,
  'API-12': 404,
  'API-13': 403,
  'API-14': 429,
  'API-15': 403,
  'API-16': 403,
  'API-17': 403,
  'API-18': 403,
  'API-19': 401,
  'API-20': 401,
};

interface FieldError {
  instancePath?: string;
  message?: string;
  params?: { errors?: Issues[] };
}
/** What is wrong with one of the forms that a value may have. */
type Issues = { path: PropertyKey[]; message: string; errors?: Issues[] }[];

/** @param error  anything that a route has thrown; what is not known becomes a fault without its text */
export function problemOf(error: unknown, requestId: string): Problem {
  const { validation, statusCode } = error as { validation?: FieldError[]; statusCode?: unknown };
  if (validation) return ofFault(new Fault('API-01'), requestId, validation.flatMap(fieldErrors));
  if (error instanceof Fault) return ofFault(error, requestId);
  if (error instanceof RequestError) return ofRequestError(error, requestId);
  // What Fastify itself refuses: a body that is no JSON, too large, of another type.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    const reason = error instanceof Error ? error.message : 'refused';
    const errors = [unfit('body', reason)];
    return { ...ofFault(new Fault('API-01'), requestId, errors), status: statusCode };
  }
  return ofFault(new Fault('SYS-15', { reason: error instanceof Error ? error.name : 'unknown' }), requestId);
}

function ofFault(fault: Fault, requestId: string, errors: Problem['errors'] = []): Problem {
  const { code } = fault;
  return {
    type: pageOf(code),
    title: faults[code].title,
    status: statusOf(code),
    detail: fault.message,
    code,
    kind: errorKindOf(code),
    next: fault.next,
    errors,
    lines: [],
    request_id: requestId,
  };
}

/** A credential that is refused and an object that cannot be mirrored are part of what was asked. */
function statusOf(code: FaultCode): number {
  const own = ownStatuses[code];
  if (own !== undefined) return own;
  const kind = errorKindOf(code);
  return kind === 'Salesforce refused' && /^(SF|SCH|ORG|PERM|VER)-/.test(code) ? 422 : statuses[kind];
}

const ofRequestError = (error: RequestError, requestId: string): Problem => {
  const { message, kind, next, label, details, errors } = error;
  return {
    ...(isFaultCode(label)
      ? { type: pageOf(label), title: faults[label].title }
      : { type: 'about:blank', title: message }),
    status: statusOfRefusal(error),
    detail: message,
    code: label,
    kind,
    next,
    errors: [...errors],
    lines: [...details],
    request_id: requestId,
  };
};

/** A database that the request names is part of what was asked; others are the server's. */
function statusOfRefusal({ kind, label, errors: [first] }: RequestError): number {
  if (label === '') return statuses[kind];
  if (!isFaultCode(label)) return 422; // what PostgreSQL says of a query, with its SQLSTATE
  return kind === 'database refused' && first && first.field !== '' ? 422 : statusOf(label);
}

const pageOf = (code: FaultCode) => `/api/v1/errors/${code}`;

/** A member that does not have the form that is asked for. */
const unfit = (field: string, reason: string) => ({ field, reason, code: '', next: '' });

function fieldErrors({ instancePath = '', message = '', params }: FieldError): Problem['errors'] {
  const closest = closestForm(params?.errors ?? []);
  if (!closest) return [unfit(instancePath.replace(/^\//, '').replaceAll('/', '.'), message)];
  const place = instancePath === '/' ? '' : instancePath;
  return closest.flatMap((issue) =>
    fieldErrors({
      instancePath: [place, ...issue.path.map(String)].join('/'),
      message: issue.message,
      params: issue,
    }),
  );
}
