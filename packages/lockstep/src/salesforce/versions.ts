import { z } from 'zod';
import { newestCommon } from '../core/api-version.ts';
import { Fault } from '../core/faults.ts';
import { faultOf, parseJsonOrUndefined } from './faults.ts';
import type { Ask } from './request.ts';

const versionsSchema = z.array(z.object({ version: z.string().regex(/^\d{2,3}\.0$/), label: z.string() }));

/** The versions of its API that the org serves, oldest first. */
export async function readVersions(
  salesforce: { request: Ask },
  signal: AbortSignal,
): Promise<{ version: string; label: string }[]> {
  const answer = await salesforce.request(
    { method: 'GET', path: '/services/data/', purpose: 'setup' },
    signal,
  );
  if (answer.status !== 200) throw faultOf(answer);
  const read = versionsSchema.safeParse(parseJsonOrUndefined(answer.text));
  if (!read.success) throw new Fault('DATA-03', { where: 'the list of API versions' });
  return read.data;
}

/** The newest version that the org and this Lockstep have in common. @throws Fault `VER-01`: there is none */
export async function newestVersion(salesforce: { request: Ask }, signal: AbortSignal): Promise<string> {
  const served = (await readVersions(salesforce, signal)).map(({ version }) => version);
  const newest = newestCommon(served);
  if (newest === null) throw new Fault('VER-01', { reason: served.at(-1) ?? 'none' });
  return newest;
}
