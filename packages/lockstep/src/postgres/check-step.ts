/** One line of a check list, and how a list is worked through. */
import type { Clock } from '@lockstep/foundation/clock';
import type { Fault } from '../core/faults.ts';

/** In the order in which they are made. */
export const checkNames = [
  'name',
  'tunnel',
  'tcp',
  'tls',
  'sign-in',
  'version',
  'primary',
  'encoding',
  'pooler',
  'schema',
  'create table',
  'write',
  'grants',
  'reader',
  'round trip',
  'clock',
  'time zone',
  'connections',
] as const;
export type CheckName = (typeof checkNames)[number];

export interface Check {
  name: CheckName;
  state: 'passed' | 'failed' | 'skipped';
  /** Why it failed. */
  fault: Fault | null;
  says: string;
  /** The statement that repairs it, for the database's owner; null: no statement does. */
  sql: string | null;
  ms: number;
}

/** What a step has found: that all is well, what is wrong, or that it is not asked for. */
export type Found = { says: string } | { fault: Fault; sql: string | null } | { isNotAsked: string };

export interface CheckStep {
  name: CheckName;
  /** It is skipped unless these have passed. */
  needs: readonly CheckName[];
  look: () => Promise<Found>;
}

/** Goes on after a failure with what does not depend on it. */
export async function runChecks(
  steps: readonly CheckStep[],
  clock: Clock,
  signal: AbortSignal,
): Promise<Check[]> {
  const passed = new Set<CheckName>();
  const checks: Check[] = [];
  for (const { name, needs, look } of steps) {
    signal.throwIfAborted();
    const missing = needs.find((one) => !passed.has(one));
    if (missing !== undefined) {
      checks.push({ name, ...skipped(`It needs ${missing}, which has not passed.`), ms: 0 });
      continue;
    }
    const began = clock.now();
    const found = await look();
    const ms = clock.now() - began;
    if (!('fault' in found)) passed.add(name);
    checks.push({ name, ...viewOf(found), ms });
  }
  return checks;
}

const skipped = (says: string) => ({ state: 'skipped' as const, fault: null, says, sql: null });

function viewOf(found: Found): Pick<Check, 'state' | 'fault' | 'says' | 'sql'> {
  if ('isNotAsked' in found) return skipped(found.isNotAsked);
  if ('says' in found) return { state: 'passed', fault: null, says: found.says, sql: null };
  return { state: 'failed', fault: found.fault, says: found.fault.message, sql: found.sql };
}
