/**
 * Runs the simulation. Use: npm run simulation -- --seeds N [--from S]
 *
 *   --seeds N          runs N seeds (default 1,000), from 1 or from S on; the last line is {"seeds":…,"violations":…}
 *   --load NAME        runs all seeds under the load of that name, instead of each under the next one
 *   --mutants          instead looks for each known wrong rule in up to 1,500 seeds (or --seeds N); the last line is
 *                      {"mutants":{NAME:first_failing_seed}}, null if it was not found
 *   --seed S --trace   runs one seed and prints everything that happens in it
 *   --mutant NAME      with --seed: runs under the wrong rule of that name
 *   --postgres         runs processes on a real server's destination, which is compared with the one in memory after
 *                      each call: the server that TEST_POSTGRES_URL names, or one made for the run
 */
import { parseArgs } from 'node:util';
import { runCommand, say, whole } from '@lockstep/harness/command';
import { asBuilt } from './merge-policy.ts';
import { type Mutant, mutants } from './mutants.ts';
import { profileOf, profiles } from './profile.ts';
import { type RunOptions, simulate } from './simulation.ts';
import { SqlDestination } from './sql-destination.ts';

/** A mutant that survives this many seeds shows too rarely under its load. */
const mutantSeedsMax = '1500';
/** How many violations are printed with their journal; the others are only counted. */
const storiesMax = 3;
const linesMax = 60;

const options = {
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    load: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    trace: { type: 'boolean', default: false },
    postgres: { type: 'boolean', default: false },
  },
} as const;

/** The destination that all seeds run on, and the load and the wrong rule that they run under, if any. */
interface Setting {
  load?: string | undefined;
  mutant?: string | undefined;
  sqlDestination?: SqlDestination | undefined;
}

/** What a seed runs: its load under the rule as built, or a mutant under the mutant's load. */
function optionsOf(seed: number, { load, mutant: name, sqlDestination }: Setting): RunOptions {
  if (name === undefined) {
    const profile = load === undefined ? profileOf(seed) : profiles[load];
    if (!profile) throw new Error(`no load has this name; there are: ${Object.keys(profiles).join(', ')}`);
    return { seed, profile, mergePolicy: asBuilt, sqlDestination };
  }
  const mutant = mutants[name];
  if (!mutant) throw new Error(`no mutant has this name; there are: ${Object.keys(mutants).join(', ')}`);
  return { seed, ...mutant, sqlDestination };
}

/** Runs the seed once more, and prints what happened to the record. */
async function tell(seed: number, setting: Setting): Promise<void> {
  const { violations, journal } = await simulate({ ...optionsOf(seed, setting), isTraced: true });
  const [violation] = violations;
  if (!violation) return say(`seed ${seed}: no violation`);
  const { invariant, id, what } = violation;
  say(`seed ${seed}: invariant violated: ${invariant}${id === null ? '' : ` (${id})`}: ${what}`);
  for (const line of journal.linesAbout(id ?? '').slice(-linesMax)) say(line);
  const { load, mutant, sqlDestination } = setting;
  const under = mutant === undefined ? load && ` --load '${load}'` : ` --mutant '${mutant}'`;
  say(
    `replay: npm run simulation -- --seed ${seed}${under ?? ''}${sqlDestination ? ' --postgres' : ''} --trace`,
  );
}

async function runSeeds(from: number, count: number, setting: Setting): Promise<number> {
  let violations = 0;
  for (let seed = from; seed < from + count; seed++) {
    const run = await simulate(optionsOf(seed, setting));
    if (run.violations.length === 0) continue;
    if (++violations <= storiesMax) await tell(seed, setting);
    else say(`seed ${seed}: ${run.violations[0]?.invariant}`);
  }
  return violations;
}

/** Refuses a load under which the right rule also breaks a promise: it proves nothing about the wrong one. */
async function refuseLoad(name: string, seed: number): Promise<void> {
  const { profile, isOfLoad } = mutants[name] as Mutant;
  if (isOfLoad) return;
  const { violations } = await simulate({ seed, profile, mergePolicy: asBuilt });
  if (violations.length > 0)
    throw new Error(`${name}: under its load the right rule breaks seed ${seed} too`);
}

async function firstFailing(mutant: string, from: number, count: number): Promise<number | null> {
  for (let seed = from; seed < from + count; seed++) {
    const { violations } = await simulate(optionsOf(seed, { mutant }));
    if (violations.length === 0) continue;
    await refuseLoad(mutant, seed);
    return seed;
  }
  return null;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs(options);
  // Thousands of faults are thrown and never printed: their stacks would cost a tenth of the time.
  if (!values.trace) Error.stackTraceLimit = 0;
  const from = whole(values.from);
  if (values.mutants) return findMutants(from, whole(values.seeds ?? mutantSeedsMax));
  await using destination = values.postgres ? await SqlDestination.open() : null;
  const setting = { load: values.load, mutant: values.mutant, sqlDestination: destination ?? undefined };
  if (values.seed !== undefined) return runOne(whole(values.seed), setting, values.trace);
  const count = whole(values.seeds ?? '1000');
  const violations = await runSeeds(from, count, setting);
  say(JSON.stringify({ seeds: count, violations }));
  return violations === 0;
}

async function runOne(seed: number, setting: Setting, isTraced: boolean): Promise<boolean> {
  if (!isTraced) await tell(seed, setting);
  const { violations, journal } = await simulate({ ...optionsOf(seed, setting), isTraced: true });
  if (isTraced) for (const line of journal.linesAbout(null)) say(line);
  say(JSON.stringify({ seeds: 1, violations: Math.min(1, violations.length) }));
  return violations.length === 0;
}

async function findMutants(from: number, count: number): Promise<boolean> {
  const found: Record<string, number | null> = {};
  for (const name of Object.keys(mutants)) {
    const seed = await firstFailing(name, from, count);
    found[name] = seed;
    say(`${name}: ${seed === null ? `not found in ${count} seeds` : `found with seed ${seed}`}`);
  }
  say(JSON.stringify({ mutants: found }));
  return !Object.values(found).includes(null);
}

await runCommand(main);
