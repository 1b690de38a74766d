/**
 * Pages of named origins may use the proxy from a browser (Fetch standard, 3.2). The proxy answers for itself: the
 * org's own list of origins is for pages that call Salesforce directly.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

const allowOrigin = 'Access-Control-Allow-Origin';
const preflightSeconds = 600;
const methods = 'GET, HEAD, POST, PATCH, PUT, DELETE';
/** What a page may read of an answer besides the few headers that browsers show it in any case. */
const exposed = [
  'Lockstep-Applied',
  'Lockstep-Outcome',
  'Lockstep-Error',
  'ETag',
  'Location',
  'Retry-After',
  'Sforce-Limit-Info',
  'Sforce-Locator',
  'Sforce-NumberOfRecords',
  'Warning',
].join(', ');

/**
 * Lets the page read the answer if its origin is among `origins`, and answers a preflight, which carries no token.
 * True: the request has been answered.
 */
export function answerCors(
  origins: readonly string[],
  { method, headers }: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { origin } = headers;
  if (origin === undefined || !origins.includes(origin)) return false;
  response.setHeader(allowOrigin, origin);
  const isPreflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
  if (!isPreflight) {
    response.setHeader('Access-Control-Expose-Headers', exposed);
    return false;
  }
  response.setHeader('Vary', 'Origin, Access-Control-Request-Headers');
  response.setHeader('Access-Control-Allow-Methods', methods);
  response.setHeader('Access-Control-Allow-Headers', headers['access-control-request-headers'] ?? '');
  response.setHeader('Access-Control-Max-Age', preflightSeconds);
  response.writeHead(204).end();
  return true;
}

/** Whether the answer is for a page that may use the proxy. */
export const isForPage = (response: ServerResponse): boolean => response.hasHeader(allowOrigin);
