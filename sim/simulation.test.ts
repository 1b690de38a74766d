/** The short form of the simulation, for every test run; `npm run sim` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asBuilt } from './keeping.ts';
import { mutants } from './mutants.ts';
import { profileOf, profiles, usual } from './profile.ts';
import { simulate } from './simulation.ts';

const replay = (seed: number) => `replay: npm run sim -- --seed ${seed} --trace`;

test('over many seeds no promise is broken, whatever the load', async () => {
  for (let seed = 1; seed <= 40 * Object.keys(profiles).length; seed++) {
    const { violations } = await simulate({ seed, profile: profileOf(seed), keeping: asBuilt });
    assert.deepEqual(violations, [], replay(seed));
  }
});

test('a seed gives the same run each time', async () => {
  const run = () =>
    simulate({ seed: 7, profile: profiles.mortal ?? usual, keeping: asBuilt, isTraced: true });
  const [first, second] = [await run(), await run()];
  assert.ok(first.requests > 50);
  assert.deepEqual(first.journal.lines, second.journal.lines);
});

for (const name of ['blind upsert', 'no fence left', 'cursors start now']) {
  test(`the simulation finds a wrong rule: ${name}`, async () => {
    const mutant = mutants[name];
    assert.ok(mutant);
    for (let seed = 1; seed <= 30; seed++) {
      const { violations } = await simulate({ seed, ...mutant });
      if (violations.length > 0) return;
    }
    assert.fail('not found in 30 seeds');
  });
}
