/**
 * Which headers pass the proxy: all but a fixed few, with their order, case and repetitions kept. Lists are Node's raw
 * headers: alternating names and values.
 */

/** They concern one connection, not the message (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The caller, the route and the browser session do not concern Salesforce. Host is set anew, and our own server has
 * already answered Expect.
 */
const droppedFromRequest = new Set(['cookie', 'expect', 'forwarded', 'host', 'via']);
/** What a browser should remember of a host concerns Salesforce's, not ours. */
const droppedFromAnswer = new Set(['alt-svc', 'set-cookie', 'strict-transport-security']);

/** A caller may name any header in Connection; these must stay with the message all the same. */
const neverHopByHop = new Set(['authorization', 'content-length', 'content-type', 'content-encoding']);

/** @param forPage  we have answered for Salesforce whether the page may read the answer */
export const requestHeaders = (raw: readonly string[], forPage = false): string[] =>
  without(
    raw,
    (name) =>
      droppedFromRequest.has(name) || name.startsWith('x-forwarded-') || (forPage && name === 'origin'),
  );

/** The same headers with this token in place of what the caller has sent. */
export const withToken = (raw: readonly string[], token: string): string[] =>
  raw.map((part, at) =>
    at % 2 === 1 && raw[at - 1]?.toLowerCase() === 'authorization' ? `Bearer ${token}` : part,
  );

export const answerHeaders = (raw: readonly string[]): string[] =>
  without(raw, (name) => droppedFromAnswer.has(name) || name.startsWith('lockstep-'));

/** All values of one header; `name` in lower case. */
export function headerValues(raw: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() === name) values.push(raw[at + 1] ?? '');
  }
  return values;
}

function without(raw: readonly string[], isDropped: (name: string) => boolean): string[] {
  const named = new Set(
    headerValues(raw, 'connection')
      .flatMap((value) => value.toLowerCase().split(','))
      .map((name) => name.trim())
      .filter((name) => !neverHopByHop.has(name)),
  );
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? '';
    if (hopByHop.has(name) || named.has(name) || isDropped(name)) continue;
    kept.push(raw[at] ?? '', raw[at + 1] ?? '');
  }
  return kept;
}
