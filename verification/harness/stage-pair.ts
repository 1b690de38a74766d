import assert from 'node:assert/strict';
import { after } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg, type TestOrg } from './org.ts';
import { openStage, type Stage } from './stage.ts';

/** Two objects that were copied, for faults that concern one of them: the other one has to go on. */
export async function openPair(org: TestOrg): Promise<Stage> {
  const stage = await openStage({ org, sobjects: ['Account', 'Lead'] });
  await stage.copy();
  return stage;
}

/** One pair for a whole test file, which ends with it. */
export async function openPairOfFile(): Promise<Stage> {
  const org = await startOrg({ records: 300 });
  const stage = await openPair(org);
  after(async () => {
    await stage[Symbol.asyncDispose]();
    await org[Symbol.asyncDispose]();
  });
  return stage;
}

/** One of each object, written now: what the next reading brings, or does not. */
export async function writeBoth(stage: Stage, name: string): Promise<{ account: string; lead: string }> {
  const [account = '', lead = ''] = await stage.write([
    { create: 'Account', values: { Name: name } },
    { create: 'Lead', values: { LastName: name, Company: name } },
  ]);
  return { account, lead };
}

export const accountName = async (stage: Stage, id: string) => (await stage.row('account', id))?.name;
export const leadCompany = async (stage: Stage, id: string) => (await stage.row('lead', id))?.company;

/** What is told of objects that something is wrong with. */
export const problems = (stage: Stage) =>
  stage.mirror.query<{ sobject: string; kind: string; code: string; explanation: string }>(
    sql`SELECT sobject, kind, code, explanation FROM _lockstep.problems ORDER BY sobject, kind`,
  );

/** The only thing that is told: what is wrong with the table of accounts. */
export async function toldOfAccounts(stage: Stage): Promise<{ code: string; explanation: string }> {
  const [problem, ...others] = await problems(stage);
  assert.ok(problem, 'a problem is told');
  assert.deepEqual(others, []);
  assert.deepEqual([problem.sobject, problem.kind], ['Account', 'table']);
  return problem;
}

const stepMs = 1_000;
const stepsMax = 1_000;

/** Lets time pass until it is so. What is done beside the requests takes real time, which nobody else waits for. */
export async function passUntil(stage: Stage, what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let steps = 0; steps < stepsMax; steps++) {
    if (await isSo()) return;
    await stage.pass(stepMs);
  }
  assert.fail(`it does not come about that ${what}`);
}

/** Nothing is told any more, and everything is as in the org. */
export async function expectRepaired(stage: Stage): Promise<void> {
  await passUntil(stage, 'no problem is told', async () => (await problems(stage)).length === 0);
  await stage.copy();
  await stage.settle();
  await stage.expectConverged();
  await stage.expectRest();
}
