/** All checks of a database that a person owns, before a mirror is made in it. */
import type { Clock } from '@lockstep/foundation/clock';
import { openDatabase } from '@lockstep/foundation/database';
import type { OwnDestination } from '../core/own-database.ts';
import { type Check, runChecks } from './check-step.ts';
import { networkChecks } from './network-checks.ts';
import { addressOf } from './own-address.ts';
import { capacityChecks, type Seen, serverChecks } from './server-checks.ts';
import { dropCheckTables, tableChecks, type WantedMirror } from './table-checks.ts';

const connectTimeoutMs = 5_000;
const statementTimeoutMs = 10_000;

/** What is made for a check is dropped again. Database errors that no check expects are thrown unchanged. */
export async function checkDestination(
  to: OwnDestination,
  wanted: WantedMirror,
  clock: Clock,
  signal: AbortSignal,
): Promise<Check[]> {
  const db = openDatabase({
    ...addressOf(to, to.writer),
    applicationName: 'lockstep check',
    connectionsMax: 1,
    connectTimeoutMs,
    statementTimeoutMs,
  });
  const seen: Seen = { db, facts: null };
  const steps = [
    ...networkChecks(to, clock, signal),
    ...serverChecks(to, seen),
    ...tableChecks(to, wanted, seen),
    ...capacityChecks(to, seen, clock),
  ];
  try {
    return await runChecks(steps, clock, signal);
  } finally {
    if (seen.facts && !seen.facts.is_replica) await dropCheckTables(db, to.schema).catch(() => undefined);
    await db.end();
  }
}
