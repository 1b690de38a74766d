import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { assertProperty, withSeed, withSeeds } from './property.ts';

delete process.env.TEST_SEED; // may be set for another test of this run
delete process.env.TEST_PATH;

const self = 'npm test -- verification/harness/property.test.ts';

test('a property that fails says which command line finds the same case again', async () => {
  const isSmall = (n: number) => assert.ok(n < 1_000);
  const expected = new RegExp(`TEST_SEED=-?\\d+ TEST_PATH=[\\d:]+ ${self}$`, 'm');
  assert.throws(() => assertProperty(fc.property(fc.nat(), isSmall)), expected);
  await assert.rejects(assertProperty(fc.asyncProperty(fc.nat(), async (n) => isSmall(n))), expected);
});

test('a test with random numbers that fails says which seed it had', async () => {
  const refuse = () => Promise.reject(new Error('too large'));
  await assert.rejects(withSeed(7, refuse), new RegExp(`TEST_SEED=7 ${self}$`));
  const third = withSeeds(5, fails(3));
  await assert.rejects(third, new RegExp(`TEST_SEED=3 ${self}$`));
});

/** Fails at the given call. */
function fails(call: number): () => void {
  let calls = 0;
  return () => {
    calls++;
    assert.notEqual(calls, call);
  };
}
