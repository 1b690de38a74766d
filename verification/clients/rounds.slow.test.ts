/**
 * The rounds of `npm run client-rounds`. Without those of sf, which take two minutes: its recipe is in
 * sf-page.slow.test.ts.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makeBoth } from './outcome.ts';
import { complaints } from './report.ts';
import { clientRounds, missingFor } from './rounds.ts';
import { openSides } from './sides.ts';

const sides = await openSides();
after(() => sides[Symbol.asyncDispose]());

for (const round of clientRounds.filter(({ name }) => !name.startsWith('sf'))) {
  test(`${round.name} gets the same answers through the proxy as from the org itself`, {
    skip: missingFor(round) ?? false,
  }, async () => {
    const outcome = await makeBoth(round, sides);
    assert.deepEqual(complaints(outcome), []);
    assert.ok(outcome.compared.length >= 10, 'the program told of its steps');
  });
}
