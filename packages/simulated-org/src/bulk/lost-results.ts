import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { ResultFiles } from './result-files.ts';
import { changeJob, partsOf } from './storage.ts';

/**
 * Files may be lost where the database is not, by a crash of the machine or a clean-up: such a job says so rather than
 * serve a part of its rows. Files that no finished job has are removed. To be done before the first request.
 */
export async function settleResults(tx: Tx, results: ResultFiles, now: number): Promise<void> {
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
