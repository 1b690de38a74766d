/** A request of a caller to one record, with the caller's own token: at the proxy in front of Salesforce. */
import { Agent, request } from 'undici';

export interface CallerRequest {
  /** Of the proxy, with the sync. */
  baseUrl: string;
  token: string;
  method: 'GET' | 'PATCH';
  /** Under `/services/`. */
  path: string;
  headers?: Record<string, string>;
  body?: object;
}

export interface CallerAnswer {
  status: number;
  /** The first value of each, by its name in lower case. */
  header(name: string): string | null;
  /** Null: not JSON. */
  json: unknown;
}

const timeoutMs = 25_000;

/** One attempt. The proxy is of this server, so the name in its certificate, which is its public one, is not checked. */
export async function sendAsCaller(
  { baseUrl, token, method, path, headers, body }: CallerRequest,
  signal: AbortSignal,
): Promise<CallerAnswer> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const answer = await request(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
      dispatcher,
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      header: (name) => [answer.headers[name]].flat()[0] ?? null,
      json: fromJson(text),
    };
  } finally {
    await dispatcher.close();
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
