/** The short form of the simulation, for every test run; `npm run simulation` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asBuilt } from './merge-policy.ts';
import { mutants } from './mutants.ts';
import { profiles, usual } from './profile.ts';
import { simulate } from './simulation.ts';
import { sim } from './simulation-process.ts';

test('no promise is broken over many seeds, whatever the load', async () => {
  const { text, last } = await sim('--seeds', '240');
  assert.deepEqual(last, { seeds: 240, violations: 0 }, text);
});

test('a seed gives the same run each time', async () => {
  const run = () =>
    simulate({ seed: 7, profile: profiles.mortal ?? usual, mergePolicy: asBuilt, isTraced: true });
  const [first, second] = [await run(), await run()];
  assert.ok(first.requests > 50);
  assert.deepEqual(first.journal.lines, second.journal.lines);
});

test('the simulation finds every rule that is known to be wrong', async () => {
  const { text, last } = await sim('--mutants');
  const found = (last as { mutants: Record<string, number | null> }).mutants;
  assert.deepEqual(Object.keys(found), Object.keys(mutants));
  assert.ok(!Object.values(found).includes(null), text);
});

test('a violation is printed with its seed, what happened to the record, and the command that replays it', async () => {
  const { text } = await sim('--seed', '2', '--mutant', 'blind upsert');
  assert.match(text, /^seed 2: invariant violated: /);
  assert.match(text, /commit: A \d+, B \d+/);
  assert.match(text, /BROKEN: /);
  assert.match(text, /replay: npm run simulation -- --seed 2 --mutant 'blind upsert' --trace/);
});
