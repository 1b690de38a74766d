import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { ResultFiles } from './result-files.ts';
import { changeJob, partsOf } from './storage.ts';

/**
 * A machine's crash or a clean-up may lose files but not the database: such a job then reports the loss instead of
 * returning part of its rows. Files without a finished job are deleted. Must run before the first request.
 */
export async function reportLostResults(tx: Tx, results: ResultFiles, now: number): Promise<void> {
  const jobs = await tx.query<{ id: string }>(sql`
    SELECT id FROM simulator.bulk_job WHERE kind = 'query' AND state = 'JobComplete'`);
  const whole = new Set<string>();
  for (const { id } of jobs) {
    if (await results.isWhole(id, await partsOf(tx, id))) whole.add(id);
    else await changeJob(tx, id, ['JobComplete'], { state: 'Failed', errorMessage: lost }, now);
  }
  await results.keepOnly(whole);
}

const lost = 'UNKNOWN_EXCEPTION : The results of this job were lost';
