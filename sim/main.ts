/**
 * Runs the simulation. Use: npm run sim -- --seeds N [--from S]
 *
 *   --seeds N          that many seeds (1,000 unless told), from 1 or from S on; the last line is {"seeds":…,"violations":…}
 *   --mutants          looks for each known wrong rule in up to 1,500 seeds instead (or as many as --seeds says); the
 *                      last line is {"mutants":{NAME:first_failing_seed}}, null where it was not found
 *   --seed S --trace   one seed, with everything that happens in it
 *   --mutant NAME      with --seed: the wrong rule of that name
 */
import { parseArgs } from 'node:util';
import { asBuilt } from './keeping.ts';
import { mutants } from './mutants.ts';
import { profileOf } from './profile.ts';
import { type RunOptions, simulate } from './simulation.ts';

/** A mutant that lives longer than this is too rare for the load it was given. */
const mutantSeedsMax = '1500';
/** So many violations are told with their story; the others are counted. */
const storiesMax = 3;
const linesMax = 60;

const options = {
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
} as const;

const say = (line: string) => void process.stdout.write(`${line}\n`);
const whole = (text: string) => {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`not a whole number: ${text}`);
  return Number(text);
};

/** What a seed runs: its own share of the loads under the rule as built, or a mutant under its load. */
function optionsOf(seed: number, name?: string): RunOptions {
  if (name === undefined) return { seed, profile: profileOf(seed), keeping: asBuilt };
  const mutant = mutants[name];
  if (!mutant) throw new Error(`no mutant has this name; there are: ${Object.keys(mutants).join(', ')}`);
  return { seed, ...mutant };
}

/** Runs the seed once more, and tells what touched the record. */
async function tell(seed: number, name?: string): Promise<void> {
  const { violations, journal } = await simulate({ ...optionsOf(seed, name), isTraced: true });
  const [violation] = violations;
  if (!violation) return say(`seed ${seed}: no violation`);
  const { invariant, id, what } = violation;
  say(`seed ${seed}: it does not hold that ${invariant}${id === null ? '' : ` (${id})`}: ${what}`);
  for (const line of journal.told(id ?? '').slice(-linesMax)) say(line);
  say(`replay: npm run sim -- --seed ${seed}${name === undefined ? '' : ` --mutant '${name}'`} --trace`);
}

async function runSeeds(from: number, count: number): Promise<number> {
  let violations = 0;
  for (let seed = from; seed < from + count; seed++) {
    const run = await simulate(optionsOf(seed));
    if (run.violations.length === 0) continue;
    if (++violations <= storiesMax) await tell(seed);
    else say(`seed ${seed}: ${run.violations[0]?.invariant}`);
  }
  return violations;
}

async function firstFailing(name: string, from: number, count: number): Promise<number | null> {
  for (let seed = from; seed < from + count; seed++) {
    const { violations } = await simulate(optionsOf(seed, name));
    if (violations.length > 0) return seed;
  }
  return null;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs(options);
  // Faults are thrown by the thousand and never looked at: their stacks cost a tenth of the time.
  if (!values.trace) Error.stackTraceLimit = 0;
  const from = whole(values.from);
  if (values.seed !== undefined) {
    const seed = whole(values.seed);
    if (!values.trace) await tell(seed, values.mutant);
    const { violations, journal } = await simulate({ ...optionsOf(seed, values.mutant), isTraced: true });
    if (values.trace) for (const line of journal.told(null)) say(line);
    say(JSON.stringify({ seeds: 1, violations: Math.min(1, violations.length) }));
    return violations.length === 0;
  }
  if (values.mutants) {
    const count = whole(values.seeds ?? mutantSeedsMax);
    const found: Record<string, number | null> = {};
    for (const name of Object.keys(mutants)) {
      found[name] = await firstFailing(name, from, count);
      say(
        `${name}: ${found[name] === null ? `not found in ${count} seeds` : `found with seed ${found[name]}`}`,
      );
    }
    say(JSON.stringify({ mutants: found }));
    return !Object.values(found).includes(null);
  }
  const count = whole(values.seeds ?? '1000');
  const violations = await runSeeds(from, count);
  say(JSON.stringify({ seeds: count, violations }));
  return violations === 0;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
