import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utcOffset } from './people.ts';

test('the offset of a time zone is its winter offset, in both hemispheres', () => {
  const hour = 3_600_000;
  for (const now of [Date.UTC(2026, 0, 15), Date.UTC(2026, 6, 15)]) {
    assert.equal(utcOffset('America/Los_Angeles', now), -8 * hour);
    assert.equal(utcOffset('Europe/Berlin', now), hour);
    assert.equal(utcOffset('Europe/London', now), 0);
    assert.equal(utcOffset('Asia/Kolkata', now), 5.5 * hour);
    assert.equal(utcOffset('Australia/Sydney', now), 10 * hour);
  }
});

test('an unknown zone counts as UTC', () => {
  assert.equal(utcOffset('Mars/Phobos', 0), 0);
  assert.equal(utcOffset('', 0), 0);
});
