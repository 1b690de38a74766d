import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondsOf, soqlTime } from './stamps.ts';

test('a stamp becomes whole seconds since 1970, and the same time in a query', () => {
  assert.equal(secondsOf('1970-01-01T00:00:01.999+0000'), 1);
  assert.equal(soqlTime(secondsOf('2026-11-24T08:00:00.000+0000')), '2026-11-24T08:00:00Z');
  assert.equal(soqlTime(secondsOf('1969-12-31T23:59:59.500+0000')), '1969-12-31T23:59:59Z');
});
