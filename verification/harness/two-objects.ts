import assert from 'node:assert/strict';
import { after } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from './clock-harness.ts';
import { startOrg, type TestOrg } from './org.ts';

/** Two backfilled objects, for faults that concern one of them: the other must go on. */
export async function openPair(org: TestOrg): Promise<ClockHarness> {
  const harness = await openClockHarness({ org, sobjects: ['Account', 'Lead'] });
  await harness.finishBackfill();
  return harness;
}

/** One pair for a whole test file, removed at its end. */
export async function openPairOfFile(): Promise<ClockHarness> {
  const org = await startOrg({ records: 300 });
  const harness = await openPair(org);
  after(async () => {
    await harness[Symbol.asyncDispose]();
    await org[Symbol.asyncDispose]();
  });
  return harness;
}

/** Writes one record of each object, for the next reading to bring, or not. */
export async function writeBoth(
  harness: ClockHarness,
  name: string,
): Promise<{ account: string; lead: string }> {
  const [account = '', lead = ''] = await harness.write([
    { create: 'Account', values: { Name: name } },
    { create: 'Lead', values: { LastName: name, Company: name } },
  ]);
  return { account, lead };
}

export const accountName = async (harness: ClockHarness, id: string) =>
  (await harness.row('account', id))?.name;
export const leadCompany = async (harness: ClockHarness, id: string) =>
  (await harness.row('lead', id))?.company;

/** The problems that the mirror reports. */
export const problems = (harness: ClockHarness) =>
  harness.mirror.query<{ sobject: string; kind: string; code: string; explanation: string }>(
    sql`SELECT sobject, kind, code, explanation FROM _lockstep.problems ORDER BY sobject, kind`,
  );

/** The only problem reported, which must be one with the table of accounts. */
export async function onlyAccountProblem(
  harness: ClockHarness,
): Promise<{ code: string; explanation: string }> {
  const [problem, ...others] = await problems(harness);
  assert.ok(problem, 'a problem is reported');
  assert.deepEqual(others, []);
  assert.deepEqual([problem.sobject, problem.kind], ['Account', 'table']);
  return problem;
}

const stepMs = 1_000;
const stepsMax = 1_000;

/** Lets time pass until `isSo`. Work besides the requests takes real time, and `pass` does not wait for it. */
export async function passUntil(
  harness: ClockHarness,
  what: string,
  isSo: () => Promise<boolean>,
): Promise<void> {
  for (let steps = 0; steps < stepsMax; steps++) {
    if (await isSo()) return;
    await harness.pass(stepMs);
  }
  assert.fail(`waited in vain until ${what}`);
}

/** No problem is reported any more, and everything is as in the org. */
export async function expectRepaired(harness: ClockHarness): Promise<void> {
  await passUntil(harness, 'no problem is reported', async () => (await problems(harness)).length === 0);
  await harness.finishBackfill();
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
}
