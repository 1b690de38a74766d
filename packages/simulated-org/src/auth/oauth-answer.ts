import { type Answer, answer } from '../http/answer.ts';
import { type AuthRequest, formOf } from './auth-request.ts';
import type { OAuthError } from './oauth-error.ts';
import { element, xmlHead } from './xml-text.ts';

/** The answers of the OAuth endpoints as JSON, form or XML, whichever the client requests. */
type Format = 'json' | 'urlencoded' | 'xml';

const byType: readonly [type: RegExp, format: Format][] = [
  [/^application\/json$/, 'json'],
  [/^(application|text)\/xml$/, 'xml'],
  [/^application\/x-www-form-urlencoded$/, 'urlencoded'],
];

/**
 * The parameter `format` takes precedence over the Accept header, of which the first known type counts. With neither,
 * a revocation is answered as a form and anything else as JSON, as clients expect.
 */
export function formatOf(request: AuthRequest): Format {
  const named = formOf(request).get('format');
  if (named === 'json' || named === 'urlencoded' || named === 'xml') return named;
  for (const accepted of (request.headers.accept ?? '').split(',')) {
    const type = accepted.split(';')[0]?.trim().toLowerCase() ?? '';
    const known = byType.find(([pattern]) => pattern.test(type));
    if (known) return known[1];
  }
  return request.path.join('/') === 'services/oauth2/revoke' ? 'urlencoded' : 'json';
}

/** Undefined fields are left out. */
export function oauthAnswer(
  request: AuthRequest,
  status: number,
  fields: Readonly<Record<string, string | undefined>>,
): Answer {
  const format = formatOf(request);
  if (format === 'json') return answer(status, fields);
  if (format === 'xml') return xmlAnswer(status, element('OAuth', fields));
  const given = Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return {
    status,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    body: new URLSearchParams(given).toString(),
  };
}

export const xmlAnswer = (status: number, body: string): Answer => ({
  status,
  headers: { 'Content-Type': 'application/xml;charset=UTF-8' },
  body: `${xmlHead}${body}`,
});

export const refusal = (request: AuthRequest, error: OAuthError): Answer =>
  oauthAnswer(request, 400, { error: error.code, error_description: error.description });

/** These URLs refuse a token in plain text. */
export const plainText = (status: number, body: string): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain;charset=UTF-8' },
  body,
});
