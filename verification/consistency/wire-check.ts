import type { Guarantee, Outcome } from './history.ts';
import type { WireAnswer } from './wire-tap.ts';

/** A client's answer, or that there was none. */
export type ClientAnswer =
  | { kind: 'answer'; status: number; headers: readonly string[]; body: Buffer }
  /** The connection broke, or the client left. */
  | { kind: 'none' };

/** Headers that concern one connection, the host or no API client: the proxy does not pass them on. */
const ownOfConnection = new Set([
  'alt-svc',
  'connection',
  'keep-alive',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
]);

export function headerOf(headers: readonly string[], name: string): string | undefined {
  const place = headers.findIndex((one, at) => at % 2 === 0 && one.toLowerCase() === name);
  return place < 0 ? undefined : headers[place + 1];
}

/** What the answer says of its write. */
export function outcomeOf(answer: ClientAnswer): Outcome {
  if (answer.kind === 'none') return 'unknown';
  if (headerOf(answer.headers, 'lockstep-outcome') === 'unknown') return 'unknown';
  if (headerOf(answer.headers, 'lockstep-error') !== undefined) return 'refused';
  const applied = headerOf(answer.headers, 'lockstep-applied');
  const known = ['yes', 'pending', 'poll', 'no'] as const;
  return known.find((one) => one === applied) ?? 'no';
}

/**
 * Checks that the client has exactly what the org has sent, byte for byte: a complete answer is forwarded, one that did
 * not arrive completely is reported as unknown, never as success or failure. Undefined if all is well.
 *
 * @param wire  undefined if nothing came from the org
 */
export function wireViolation(
  answer: ClientAnswer,
  wire: WireAnswer | undefined,
): { promised: Guarantee; what: string } | undefined {
  if (answer.kind === 'none') return undefined;
  const unequal = (what: string) =>
    ({ promised: 'an answer is the one that the org has sent', what }) as const;
  const outcome = outcomeOf(answer);
  // A server error may follow a commit: it is forwarded like any answer, and its outcome is unknown.
  if (outcome === 'unknown' && (!wire?.isWhole || wire.status < 500)) {
    if (!wire?.isWhole) return undefined;
    const what = `the org answered ${wire.status}, and the client was told that the outcome is unknown`;
    return { promised: 'an outcome is unknown only if the answer is', what };
  }
  if (outcome === 'refused') {
    return wire && unequal(`the org answered ${wire.status}, the proxy itself ${answer.status}`);
  }
  if (!wire?.isWhole) {
    const what = `the client has the answer ${answer.status}, of which the org has sent ${wire ? 'a part' : 'nothing'}`;
    return { promised: 'an outcome is unknown only if the answer is', what };
  }
  if (answer.status !== wire.status) return unequal(`the status ${answer.status} was ${wire.status}`);
  if (!answer.body.equals(wire.body)) {
    return unequal(`the body's ${answer.body.length} bytes differ from the org's ${wire.body.length}`);
  }
  const [given, was] = [comparable(answer.headers), comparable(wire.headers)];
  return given === was ? undefined : unequal(`the headers\n${given}\nwere\n${was}`);
}

function comparable(headers: readonly string[]): string {
  const lines: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]?.toLowerCase() ?? '';
    if (ownOfConnection.has(name) || name.startsWith('lockstep-')) continue;
    lines.push(`${headers[at]}: ${headers[at + 1]}`);
  }
  return lines.join('\n');
}
