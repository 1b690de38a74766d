import type { TestOrg } from './org.ts';
import { openStage, type Stage } from './stage.ts';

/** Two objects that were copied, for faults that concern one of them: the other one has to go on. */
export async function openPair(org: TestOrg): Promise<Stage> {
  const stage = await openStage({ org, sobjects: ['Account', 'Lead'] });
  await stage.copy();
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
