import { relative } from 'node:path';
import { type Random, seededRandom } from '@lockstep/foundation/random';
import * as fc from 'fast-check';

/**
 * Tests of generated cases. Whatever such a test finds, its message ends with the command line that finds it again:
 * TEST_SEED gives the generated cases, and TEST_PATH the one that failed. If a file has several properties, TEST_PATH
 * fits only one of them; --test-name-pattern chooses its test.
 */

/** Fails if the property does not hold for all generated cases; these are others in each run, unless TEST_SEED is set. */
export function assertProperty<Ts>(
  property: fc.IAsyncProperty<Ts>,
  options?: fc.Parameters<Ts>,
): Promise<void>;
export function assertProperty<Ts>(property: fc.IProperty<Ts>, options?: fc.Parameters<Ts>): void;
export function assertProperty<Ts>(
  property: fc.IAsyncProperty<Ts> | fc.IProperty<Ts>,
  options: fc.Parameters<Ts> = {},
): Promise<void> | void {
  const seed = givenSeed();
  const path = process.env.TEST_PATH;
  return fc.assert(property, {
    ...options,
    ...(seed !== null && { seed }),
    ...(path !== undefined && { path }),
    reporter: report,
  });
}

function report<Ts>(details: fc.RunDetails<Ts>): void {
  if (!details.failed) return;
  const { seed, counterexamplePath, errorInstance } = details;
  const replay = replayLine(seed, counterexamplePath ?? undefined);
  throw new Error(`${fc.defaultReportMessage(details)}\n${replay}`, { cause: errorInstance });
}

/** Runs a test with random numbers that are the same in each run, unless TEST_SEED is set. */
export async function withSeed(usualSeed: number, run: (random: Random) => Promise<void>): Promise<void> {
  const seed = givenSeed() ?? usualSeed;
  try {
    await run(seededRandom(seed));
  } catch (cause) {
    throw new Error(replayLine(seed), { cause });
  }
}

/** Runs a test `count` times, with random numbers from seed 1 on, or from TEST_SEED on. */
export async function withSeeds(count: number, run: (random: Random) => Promise<void> | void): Promise<void> {
  const first = givenSeed() ?? 1;
  for (let seed = first; seed < first + count; seed++) {
    try {
      await run(seededRandom(seed));
    } catch (cause) {
      throw new Error(replayLine(seed), { cause });
    }
  }
}

function givenSeed(): number | null {
  const { TEST_SEED: text } = process.env;
  if (text === undefined) return null;
  const seed = Number(text);
  if (!Number.isSafeInteger(seed)) throw new Error(`TEST_SEED must be a whole number, not ${text}`);
  return seed;
}

/** The file that runs is the test's own, because `node --test` gives each file a process. */
function replayLine(seed: number, path?: string): string {
  const [, file = ''] = process.argv;
  const variables = [`TEST_SEED=${seed}`, ...(path === undefined ? [] : [`TEST_PATH=${path}`])];
  return `To see it again: ${variables.join(' ')} npm test -- ${relative(process.cwd(), file)}`;
}
