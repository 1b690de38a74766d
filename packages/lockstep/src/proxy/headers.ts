/**
 * Which headers cross the proxy: all but a fixed few, in their order, their case and their number. Lists are as
 * Node gives them, names and values in turn.
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
 * Who asks, by which way, with which browser session: none of it is for Salesforce. Host is written anew, and
 * Expect has been answered by our own server.
 */
const droppedFromRequest = new Set(['cookie', 'expect', 'forwarded', 'host', 'via']);
const droppedFromAnswer = new Set(['set-cookie']);

/** A caller may name any header in Connection, which would take these away from the message. */
const neverHopByHop = new Set(['authorization', 'content-length', 'content-type', 'content-encoding']);

export const requestHeaders = (raw: readonly string[]): string[] =>
  without(raw, (name) => droppedFromRequest.has(name) || name.startsWith('x-forwarded-'));

export const answerHeaders = (raw: readonly string[]): string[] =>
  without(raw, (name) => droppedFromAnswer.has(name));

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
