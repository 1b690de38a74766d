import type { IncomingHttpHeaders } from 'node:http';
import { tooLarge } from '../http/errors.ts';

/** A request to one of the sign-in URLs. */
export interface AuthRequest {
  method: string;
  /** Decoded: `['services', 'oauth2', 'token']`. */
  path: readonly string[];
  /** From the URL. */
  parameters: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** More than any sign-in form or envelope needs; reading more would delay all other requests. */
const bodyBytesMax = 256 * 1024;

/** @throws {@link OrgError} for a body too large for any sign-in */
export function checkSize(request: AuthRequest): void {
  if (request.body.length > bodyBytesMax) throw tooLarge();
}

/**
 * The parameters of the URL and of a form; the first of a repeated one counts. A body of another type is ignored, as
 * if nothing had been sent.
 */
export function formOf(request: AuthRequest): URLSearchParams {
  const type = request.headers['content-type'] ?? '';
  if (request.method !== 'POST' || !/^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
    return request.parameters;
  return new URLSearchParams([...request.parameters, ...new URLSearchParams(request.body.toString())]);
}

export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^(?:Bearer|OAuth)\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];

/** One cookie of the request. */
export function cookieOf(request: AuthRequest, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [key = '', ...value] = pair.split('=');
    if (key.trim() === name) return value.join('=').trim();
  }
  return undefined;
}
