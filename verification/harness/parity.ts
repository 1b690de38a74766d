import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { type AppliedCheck, openAppliedCheck } from './applied-check.ts';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from './end-to-end-harness.ts';
import type { TestOrg } from './org.ts';
import { parseAnswer, type RawAnswer, requestText, sendRaw } from './proxy-harness.ts';

/**
 * Two identical orgs, one behind the proxy and one asked directly: both get the same requests, byte for byte, and must
 * answer with the same bytes. Both clocks stand at the same instant, and both counts of daily requests are reset to the
 * same number before each request, so stamps, dates and limits compare like everything else.
 */
export interface Parity extends AsyncDisposable {
  /** Has its org behind the proxy. No worker runs: the org sees only callers and the proxy's own requests. */
  harness: EndToEndHarness;
  direct: TestOrg;
  appliedCheck: AppliedCheck;
  token: string;
  /** Values kept from earlier answers, by name. */
  known: Record<Side, Map<string, string>>;
}

type AppliedHeader = 'yes' | 'no' | 'poll';
type Side = 'direct' | 'proxied';

/** One request, its expected answer, and how both orgs are prepared for it. */
export interface Case {
  /** A sentence that says what passes through the proxy. */
  name: string;
  /**
   * Method and path, which begins at `/services` or else below the version. `{name}` stands for a value kept from an
   * earlier answer; also in `headers` and `body`.
   */
  ask: string;
  /** Uses one of the proxy's other two addresses: the sync's Id in the host name, or the org's host in the path. */
  by?: 'host' | 'named host';
  /** Sent in addition to the demo user's token, unless they contain a token. */
  headers?: readonly string[];
  /** Without a token. */
  anonymous?: true;
  /** Text and bytes are sent as is, anything else as JSON. */
  body?: string | Buffer | object;
  status: number;
  /** For a write: the proxy's `Lockstep-Applied`. */
  applied?: AppliedHeader;
  /** Values to keep from the answer for later requests: the pattern's first group, by name. */
  keep?: Readonly<Record<string, RegExp>>;
  /** Repeats the request until the answer matches. */
  until?: RegExp;
  before?: (org: TestOrg) => Promise<unknown>;
  after?: (org: TestOrg) => Promise<unknown>;
  differs?: readonly Difference[];
}

/**
 * What may differ between twin orgs, and why. Without any, a case's answers must be equal.
 *
 * - `address`: the org names itself in the answer, and two programs cannot listen at one address.
 * - `entity tag`: it is made from PostgreSQL's Id of the transaction that wrote the row.
 * - `working time`: a job reports how many real milliseconds it took, and the length of that number is in the
 *   Content-Length.
 * - `estimate`: a query plan's estimates come from PostgreSQL's statistics, which autovacuum may gather at any time.
 */
type Difference = 'address' | 'entity tag' | 'working time' | 'estimate';

export async function openParity(options: { records: number; sobjects: readonly string[] }): Promise<Parity> {
  await using undo = new AsyncDisposableStack();
  let twin: TestOrg | undefined;
  const harness = undo.use(
    await openEndToEndHarness({
      org: { records: options.records, lockTimeoutMs: 300 },
      sobjects: options.sobjects,
      async prepare(org) {
        twin = await org.twin();
      },
    }),
  );
  assert(twin);
  const direct = undo.use(twin);
  const to = new Date(Math.ceil(Date.now() / 1000) * 1000).toISOString();
  for (const org of [direct, harness.org]) {
    await org.control('/clock/rate', { rate: 0 });
    await org.control('/clock/set', { to });
  }
  // The proxy's polls of bulk jobs would count as requests at unpredictable times: they hang before they are counted.
  await harness.org.control('/faults', {
    match: { client: 'lockstep/poll' },
    times: null,
    effect: { hang: 'before' },
  });
  const token = await direct.token('demo');
  assert.equal(await harness.org.token('demo'), token);
  const appliedCheck = await openAppliedCheck(harness);
  const ends = undo.move();
  return {
    harness,
    direct,
    appliedCheck,
    token,
    known: { direct: new Map(), proxied: new Map() },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** One test for each case, in order; the twin orgs are removed after the last. */
export function compareCases(parity: Parity, cases: readonly Case[]): void {
  after(() => parity[Symbol.asyncDispose]());
  for (const one of cases) test(one.name, () => compareCase(parity, one));
}

async function compareCase(parity: Parity, one: Case): Promise<void> {
  const direct = await answerOf(parity, 'direct', one);
  const proxied = await answerOf(parity, 'proxied', one);
  const both = `${one.ask}\n\n--- direct\n${shown(direct)}\n\n--- through the proxy\n${shown(proxied)}\n`;
  assert.equal(direct.status, one.status, both);
  assert.equal(
    comparable(parity, 'proxied', one, proxied),
    comparable(parity, 'direct', one, direct),
    `The answers differ: ${both}`,
  );
  const bytes = one.differs ? [] : [proxied.body, direct.body].map((body) => body.toString('latin1'));
  assert.equal(bytes[0], bytes[1], `The bodies differ: ${both}`);
  const ownHeaders = proxied.lines.filter((line) => /^lockstep-/i.test(line));
  const isUnknown = one.applied === 'poll' && direct.status >= 500;
  const expected = [
    ...(one.applied ? [`Lockstep-Applied: ${one.applied}`] : []),
    ...(isUnknown ? ['Lockstep-Outcome: unknown'] : []),
  ];
  assert.deepEqual(ownHeaders, expected, both);
  if (ownHeaders.includes('Lockstep-Applied: yes')) {
    const [method = '', path = ''] = filledFrom(parity.known.proxied)(one.ask).split(' ');
    const body = bytesOf(one.body, filledFrom(parity.known.proxied))?.toString() ?? '';
    await parity.appliedCheck.check({ method, path, body }, proxied.body);
  }
}

/** Prepares one of the two orgs as the case says, and sends it the request. */
async function answerOf(parity: Parity, side: Side, one: Case): Promise<RawAnswer> {
  const org = side === 'direct' ? parity.direct : parity.harness.org;
  const { known } = parity;
  // The proxy asks about a caller whose token the org has not accepted lately, which would count as a request.
  await sendRaw(...addressed(parity, side, { name: 'known', ask: 'GET /limits', status: 200 }));
  for (;;) {
    await org.control('/limits', { dailyUsed: 100 });
    await one.before?.(org);
    const first = await sendRaw(...addressed(parity, side, one));
    const answer = first.status === 100 ? parseAnswer(first.body) : first;
    await one.after?.(org);
    const text = answer.body.toString();
    if (one.until && !one.until.test(text)) continue;
    for (const [name, pattern] of Object.entries(one.keep ?? {})) {
      const [, found] = pattern.exec(`${answer.lines.join('\n')}\n\n${text}`) ?? [];
      assert(found !== undefined, `${name} is in the answer:\n${shown(answer)}`);
      known[side].set(name, found);
    }
    return answer;
  }
}

function addressed({ harness, direct, token, known }: Parity, side: Side, one: Case): [number, Buffer] {
  const filled = filledFrom(known[side]);
  const [method = '', ...rest] = filled(one.ask).split(' ');
  const path = rest.join(' ');
  const address =
    side === 'direct' ? { host: new URL(direct.url).host, prefix: '' } : proxyAddress(harness, one);
  const { host, prefix } = address;
  const target = `${prefix}${path.startsWith('/services') ? '' : dataPath}${path}`;
  const isJson = typeof one.body === 'object' && !Buffer.isBuffer(one.body);
  const body = bytesOf(one.body, filled);
  const headers = [...(isJson ? ['Content-Type: application/json'] : []), ...(one.headers ?? []).map(filled)];
  const has = (name: RegExp) => headers.some((line) => name.test(line));
  if (body && !has(/^transfer-encoding:/i)) headers.push(`Content-Length: ${body.length}`);
  const bearer = one.anonymous === true || has(/^authorization:/i) ? null : token;
  const head = requestText(method, target, { host, headers, bearer });
  const port = Number(new URL(side === 'direct' ? direct.url : harness.base).port);
  return [port, Buffer.concat([Buffer.from(head), ...(body ? [body] : [])])];
}

function proxyAddress({ base, org }: EndToEndHarness, { by }: Case): { host: string; prefix: string } {
  const { host, port, pathname } = new URL(base);
  if (by === 'host') return { host: `${pathname.slice(1)}.localhost:${port}`, prefix: '' };
  return { host, prefix: by === 'named host' ? `${pathname}/${new URL(org.url).host}` : pathname };
}

const filledFrom = (known: ReadonlyMap<string, string>) => (text: string) =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => known.get(name) ?? whole);

function bytesOf(body: Case['body'], filled: (text: string) => string): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(filled(typeof body === 'string' ? body : JSON.stringify(body)));
}

/** Headers that belong to one connection, or that the proxy removes or adds. */
const apart =
  /^(?:connection|keep-alive|transfer-encoding|set-cookie|strict-transport-security|lockstep-applied|lockstep-outcome):/i;

/** Status line, headers and body as text, without what may differ. */
function comparable(parity: Parity, side: Side, { differs = [] }: Case, answer: RawAnswer): string {
  const lines = answer.lines.filter((line) => !apart.test(line));
  let text = [answer.statusLine, ...lines, '', readable(answer.body)].join('\n');
  if (differs.includes('address')) {
    const { url } = side === 'direct' ? parity.direct : parity.harness.org;
    text = text.replaceAll(url, '{address}');
  }
  if (differs.includes('entity tag')) text = text.replaceAll(/"[\w+/]{27}="/g, '{entity tag}');
  if (differs.includes('working time') || differs.includes('estimate')) {
    assert.equal(Number(answer.header('Content-Length')), answer.body.length);
    text = text.replace(/^Content-Length: \d+$/m, '');
  }
  if (differs.includes('working time')) {
    text = text.replaceAll(/("\w+ProcessingTime":)\d+/g, '$1{working time}');
  }
  if (differs.includes('estimate')) {
    text = text.replaceAll(/("(?:\w*ardinality|relativeCost)":)[\d.]+/g, '$1{estimate}');
  }
  return text;
}

function shown({ statusLine, lines, body }: RawAnswer): string {
  const text = readable(body);
  return [statusLine, ...lines, '', text.length > 4_000 ? `${text.slice(0, 4_000)}…` : text].join('\n');
}

function readable(body: Buffer): string {
  const text = body.toString();
  const isText = Buffer.from(text).equals(body);
  return isText ? text : `${body.length} bytes, SHA-256 ${createHash('sha256').update(body).digest('hex')}`;
}
