/** Sends requests in the org's current session, and once more in another one if it has expired. */
import type { Clock } from '@lockstep/foundation/clock';
import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { Auth, SalesforceSession } from './auth.ts';
import { errorCodeOf } from './faults.ts';
import type { Ask, Purpose, SalesforceRequest } from './request.ts';
import type { Answer, Download, HttpRequest, Transport } from './transport.ts';

interface SessionDeps {
  transport: Transport;
  auth: Auth;
  clock: Clock;
  log: AppLog;
  onRequest: ((usage: { purpose: Purpose }) => void) | undefined;
}

interface SessionRequests {
  exchange: Ask;
  download: (request: SalesforceRequest, signal: AbortSignal) => Promise<Download>;
}

/** How one kind of request is sent, and what of its result is the answer. */
interface Way<Received> {
  send: (origin: URL, request: HttpRequest, signal: AbortSignal) => Promise<Received>;
  answerOf: (received: Received) => Answer;
}

export function openSessionRequests(deps: SessionDeps): SessionRequests {
  const { transport } = deps;
  const exchange: Way<Answer> = {
    send: (origin, request, signal) => transport.exchange(origin, request, signal),
    answerOf: (answer) => answer,
  };
  const download: Way<Download> = {
    send: (origin, request, signal) => transport.download(origin, request, signal),
    answerOf: ({ answer }) => answer,
  };
  return {
    exchange: (request, signal) => sendInSession(deps, exchange, request, signal),
    download: (request, signal) => sendInSession(deps, download, request, signal),
  };
}

async function sendInSession<Received>(
  deps: SessionDeps,
  way: Way<Received>,
  request: SalesforceRequest,
  signal: AbortSignal,
): Promise<Received> {
  const { auth } = deps;
  const session = await auth.session(signal);
  const received = await sendAs(deps, way, request, session, signal);
  const answer = way.answerOf(received);
  if (answer.status !== 401) return received;
  if (!isExpired(answer)) {
    auth.drop(session); // fixed scopes and policies only apply to new sessions
    return received;
  }
  const renewed = await auth.renewed(session, signal);
  return renewed ? sendAs(deps, way, request, renewed, signal) : received;
}

async function sendAs<Received>(
  { auth, clock, log, onRequest }: SessionDeps,
  { send, answerOf }: Way<Received>,
  { purpose, accept = 'application/json', ...request }: SalesforceRequest,
  by: SalesforceSession,
  signal: AbortSignal,
): Promise<Received> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${by.token}`,
    accept,
    'accept-encoding': 'gzip',
    // It appears in the org's event log, so an administrator can tell what the requests are for.
    'sforce-call-options': `client=lockstep/${purpose}`,
  };
  if (request.body !== undefined) headers['content-type'] = 'application/json; charset=UTF-8';
  signal.throwIfAborted();
  onRequest?.({ purpose });
  const sentAt = clock.now();
  const received = await send(by.instance, { ...request, headers }, signal).catch((error: unknown) => {
    if (mayHaveMoved(error)) auth.drop(by); // the next sign-in says where the org is
    throw error;
  });
  const { host, status } = answerOf(received);
  log.debug('salesforce answered', { host, status, kind: purpose, tookMs: clock.now() - sentAt });
  return received;
}

/**
 * Nobody answers at the address, or it sends requests elsewhere, as after a move of the org. A slow answer is no such
 * sign.
 */
const mayHaveMoved = (error: unknown): boolean =>
  error instanceof Fault &&
  (error.code === 'NET-04' ||
    ['ENOTFOUND', 'ECONNREFUSED', 'EHOSTUNREACH'].includes(error.safe.reason ?? ''));

/** 401 answers that a new token would get as well until a person acts: the request is not repeated at once. */
const refusedForGood = [
  'Connected app is not attached to Agent',
  'This session is not valid for use with the REST API',
];

const isExpired = ({ text }: Answer): boolean =>
  errorCodeOf(text) === 'INVALID_SESSION_ID' && !refusedForGood.some((words) => text.includes(words));
