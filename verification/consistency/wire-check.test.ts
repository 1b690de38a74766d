import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientAnswer, outcomeOf, wireViolation } from './wire-check.ts';
import type { WireAnswer } from './wire-tap.ts';

const body = Buffer.from('{"id":"001"}');
const headers = ['Date', 'Mon, 02 Mar 2026 08:00:00 GMT', 'Content-Length', '12', 'Connection', 'keep-alive'];
const sent: WireAnswer = { status: 201, headers, body, isWhole: true };
const torn: WireAnswer = { ...sent, body: body.subarray(0, 5), isWhole: false };

const answer = (change: Partial<ClientAnswer & { kind: 'answer' }>, ...more: string[]): ClientAnswer => ({
  kind: 'answer',
  status: 201,
  headers: [...headers.slice(0, 4), ...more],
  body,
  ...change,
});
const yes = answer({}, 'Lockstep-Applied', 'yes');
const lost = answer({ status: 504 }, 'Lockstep-Error', 'PRX-04', 'Lockstep-Outcome', 'unknown');
const away = answer({ status: 503 }, 'Lockstep-Error', 'PRX-12');

test('an answer says what became of its write', () => {
  for (const applied of ['yes', 'pending', 'poll', 'no'] as const)
    assert.equal(outcomeOf(answer({}, 'Lockstep-Applied', applied)), applied);
  assert.equal(outcomeOf(lost), 'unknown');
  assert.equal(outcomeOf({ kind: 'none' }), 'unknown');
  assert.equal(outcomeOf(away), 'refused');
});

test('neither an unchanged answer nor one that never came is a violation', () => {
  assert.equal(wireViolation(yes, sent), undefined);
  assert.equal(wireViolation(lost, torn), undefined);
  assert.equal(wireViolation(lost, undefined), undefined);
  assert.equal(wireViolation(away, undefined), undefined);
  assert.equal(wireViolation({ kind: 'none' }, sent), undefined);
});

test('a server error is forwarded as it is, and its outcome is unknown', () => {
  const failed: WireAnswer = { ...sent, status: 500 };
  const told = answer({ status: 500 }, 'Lockstep-Applied', 'poll', 'Lockstep-Outcome', 'unknown');
  assert.equal(wireViolation(told, failed), undefined);
  assert.match(wireViolation(told, sent)?.what ?? '', /the org answered 201, and the client was told/);
  assert.match(wireViolation(told, { ...failed, body: Buffer.from('{}') })?.what ?? '', /the body/);
});

test('a changed status, body or header is detected', () => {
  const promised = 'an answer is the one that the org has sent';
  const others: readonly [ClientAnswer, RegExp][] = [
    [answer({ status: 200 }, 'Lockstep-Applied', 'yes'), /the status 200 was 201/],
    [answer({ body: Buffer.from('{"id":"002"}') }, 'Lockstep-Applied', 'yes'), /the body/],
    [answer({}, 'Lockstep-Applied', 'yes', 'X-Own', '1'), /the headers/],
    [answer({ headers: headers.slice(2) }, 'Lockstep-Applied', 'yes'), /the headers/],
    [away, /the org answered 201, the proxy itself 503/],
  ];
  for (const [other, what] of others) {
    const violation = wireViolation(other, sent);
    assert.equal(violation?.promised, promised);
    assert.match(violation?.what ?? '', what);
  }
});

test('a known outcome reported as unknown, and an unknown one reported as known, are detected', () => {
  const promised = 'an outcome is unknown only if the answer is';
  for (const [given, wire] of [
    [lost, sent],
    [yes, torn],
    [yes, undefined],
  ] as const)
    assert.equal(wireViolation(given, wire)?.promised, promised);
});
