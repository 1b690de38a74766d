/** The short form of the simulation, for every test run; `npm run sim` is the long one. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { asBuilt } from './keeping.ts';
import { mutants } from './mutants.ts';
import { profiles, usual } from './profile.ts';
import { simulate } from './simulation.ts';

/** A process of its own: the test runner watches every promise, and a run makes a million of them. */
async function sim(...options: string[]): Promise<{ text: string; last: unknown }> {
  const file = new URL('./main.ts', import.meta.url).pathname;
  const { stdout: text } = await promisify(execFile)(process.execPath, [file, ...options]).catch(
    (failed: { stdout: string }) => failed,
  );
  return { text, last: JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as unknown };
}

test('over many seeds no promise is broken, whatever the load', async () => {
  const { text, last } = await sim('--seeds', '240');
  assert.deepEqual(last, { seeds: 240, violations: 0 }, text);
});

test('a seed gives the same run each time', async () => {
  const run = () =>
    simulate({ seed: 7, profile: profiles.mortal ?? usual, keeping: asBuilt, isTraced: true });
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

test('a violation is told with its seed, what touched the record, and the line that replays it', async () => {
  const { text } = await sim('--seed', '2', '--mutant', 'blind upsert');
  assert.match(text, /^seed 2: it does not hold that /);
  assert.match(text, /commit: A \d+, B \d+/);
  assert.match(text, /BROKEN: /);
  assert.match(text, /replay: npm run sim -- --seed 2 --mutant 'blind upsert' --trace/);
});
