import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExact } from '@lockstep/foundation/exact-json';
import { type Comparison, differences } from './test-comparison.ts';

const known = '001Da00000xnAk6IAE';
const isKnownId = (id: string) => id === known;
const compare = (recorded: string, given: string, how: Partial<Comparison> = {}) =>
  differences(parseExact(recorded), parseExact(given), { isKnownId, ...how });

test('a value, a number’s digits, a missing key and the order of keys are differences', () => {
  assert.deepEqual(compare('{"a":1.0,"b":null}', '{"a":1.0,"b":null}'), []);
  assert.deepEqual(compare('{"a":1.0}', '{"a":1}'), ['$.a: recorded 1.0, given 1']);
  assert.deepEqual(compare('{"a":"x"}', '{"a":null}'), ['$.a: recorded "x", given null']);
  assert.deepEqual(compare('{"a":1,"b":2}', '{"a":1,"c":3}'), ['$: keys missing [b], keys added [c]']);
  assert.deepEqual(compare('{"a":1,"b":2}', '{"b":2,"a":1}'), [
    '$: keys recorded in the order [a, b], given as [b, a]',
  ]);
  assert.deepEqual(compare('[1,2]', '[1]'), ['$: recorded 2 entries, given 1']);
});

test('a known Id must be equal, and a new one must have the same form', () => {
  const other = '001Da00000xnAjrIAE';
  assert.equal(compare(`{"Id":"${known}"}`, `{"Id":"${other}"}`).length, 1);
  assert.deepEqual(compare(`{"Id":"${other}"}`, `{"Id":"${known}"}`), []);
  assert.equal(compare(`{"Id":"${other}"}`, '{"Id":"003Da00000xnAjrIAE"}').length, 1);
});

test('records are compared in any order, and so are the two keys of an error', () => {
  const record = (id: string) => `{"attributes":{"url":"/sobjects/Account/${id}"},"Name":"${id}"}`;
  assert.deepEqual(compare(`[${record('a')},${record('b')}]`, `[${record('b')},${record('a')}]`), []);
  assert.equal(compare(`[${record('a')}]`, `[${record('b')}]`).length, 2);
  assert.deepEqual(compare('{"errorCode":"X","message":"m"}', '{"message":"m","errorCode":"X"}'), []);
});

test('a cut recording is compared by what it shows, and a shape by keys and types', () => {
  assert.deepEqual(compare('{"a":1}', '{"a":1,"b":2}', { isCut: true }), []);
  assert.equal(compare('{"a":1}', '{"b":2}', { isCut: true }).length, 1);
  assert.deepEqual(compare('{"a":1,"b":"x"}', '{"b":"y","a":2}', { isShape: true }), []);
  assert.equal(compare('{"a":1}', '{"a":"1"}', { isShape: true }).length, 1);
});
