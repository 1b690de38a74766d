/** The short form of the simulation on a real server; `npm run simulation -- --seeds N --postgres` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asBuilt } from './merge-policy.ts';
import { mutants } from './mutants.ts';
import { profiles, usual } from './profile.ts';
import { simulate } from './simulation.ts';
import { sim } from './simulation-process.ts';
import { SqlDestination } from './sql-destination.ts';

test('the SQL form of the mirror does what the memory form does, under every load', async () => {
  const seeds = Object.keys(profiles).length;
  const { text, last } = await sim('--seeds', String(seeds), '--postgres');
  assert.deepEqual(last, { seeds, violations: 0 }, text);
});

test('a seed gives the same run on a server as in memory', async () => {
  await using sqlDestination = await SqlDestination.open();
  const options = { seed: 4, profile: profiles.slow ?? usual, mergePolicy: asBuilt, isTraced: true };
  const [onServer, inMemory] = [await simulate({ ...options, sqlDestination }), await simulate(options)];
  const linesOf = ({ journal }: typeof onServer) => journal.lines.filter(({ about }) => about !== 'cursor');
  assert.ok(onServer.requests > 20);
  assert.deepEqual(linesOf(onServer), linesOf(inMemory));
});

test('if the two forms differ, the violation says after which call and how', async () => {
  await using sqlDestination = await SqlDestination.open();
  const wrong = mutants['no fence left'];
  assert.ok(wrong);
  const { violations } = await simulate({ seed: 5, ...wrong, sqlDestination });
  assert.equal(violations[0]?.invariant, 'the SQL form and the memory form agree');
  assert.match(
    violations[0]?.what ?? '',
    /^after applyPage: only the SQL form holds fence 1 00\w+ from \d+ to \d+/,
  );
});
