import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterval } from './interval.ts';

test('an interval is read with its unit', () => {
  const read = Object.fromEntries(
    ['3s', '500ms', '0.5s', '1m', '5m', ' 0.2s ', '1.25s'].map((text) => [text, parseInterval(text)]),
  );
  assert.deepEqual(read, {
    '3s': 3_000,
    '500ms': 500,
    '0.5s': 500,
    '1m': 60_000,
    '5m': 300_000,
    ' 0.2s ': 200,
    '1.25s': 1_250,
  });
});

test('an interval that is malformed or out of range is refused, and the fault states the valid range', () => {
  for (const text of [
    '0',
    '0s',
    '-1s',
    '3',
    'fast',
    '',
    '199ms',
    '5.001m',
    '301s',
    '1e3ms',
    '3 s s',
    'Infinitys',
  ]) {
    assert.throws(
      () => parseInterval(text),
      (error: Error & { code?: unknown; next?: unknown }) => {
        assert.equal(error.code, 'LIM-05');
        assert.match(String(error.next), /0\.2 s to 300 s/);
        return true;
      },
      text,
    );
  }
});
