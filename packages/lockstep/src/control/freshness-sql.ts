import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

/** Statements of the freshness (freshness.ts). */

/** Adds an age to each object's hour, at most one in 50 seconds. Also deletes what is more than a month old. */
export const addAges = (tx: Tx, syncId: SyncId, ages: readonly { sobject: string; seconds: number }[]) =>
  tx.query(sql`
  WITH old AS (
    DELETE FROM lockstep.freshness WHERE sync_id = ${syncId} AND hour < clock_timestamp() - interval '30 days'
  )
  INSERT INTO lockstep.freshness AS f (sync_id, hour, sobject, ages)
  SELECT s.sync_id, date_trunc('hour', clock_timestamp()), a.sobject, ARRAY[a.seconds]
    FROM unnest(${ages.map((one) => one.sobject)}::text[], ${ages.map((one) => one.seconds)}::integer[])
           AS a (sobject, seconds)
    JOIN lockstep.sync s ON s.sync_id = ${syncId}
   ORDER BY a.sobject
  ON CONFLICT (sync_id, hour, sobject)
  DO UPDATE SET ages = f.ages || excluded.ages, sampled_at = excluded.sampled_at
   WHERE f.sampled_at < clock_timestamp() - interval '50 seconds'`);

export type FreshnessRow = {
  /** Null: all hours together. */
  hour: string | null;
  sobject: string;
  samples: number;
  p50: number;
  p95: number;
  max: number;
};

/** One for each object, or for each object and hour, the newest hour first. */
export const selectFreshness = (
  tx: Tx,
  syncId: SyncId,
  {
    since,
    sobject,
    isByHour,
    after,
    limit,
  }: {
    since: string;
    sobject: string | null;
    isByHour: boolean;
    after: Pick<FreshnessRow, 'hour' | 'sobject'> | null;
    limit: number;
  },
) =>
  tx.query<FreshnessRow>(sql`
  SELECT hour, sobject, count(*) AS samples,
         percentile_disc(0.5) WITHIN GROUP (ORDER BY age) AS p50,
         percentile_disc(0.95) WITHIN GROUP (ORDER BY age) AS p95,
         max(age) AS max
    FROM (SELECT CASE WHEN ${isByHour} THEN f.hour END AS hour, f.sobject, age
            FROM lockstep.freshness f CROSS JOIN unnest(f.ages) AS age
           WHERE f.sync_id = ${syncId} AND f.hour >= date_trunc('hour', ${since}::timestamptz)
             AND f.hour >= clock_timestamp() - interval '30 days'
             AND (${sobject}::text IS NULL OR lower(f.sobject) = lower(${sobject}))) AS sample
   WHERE ${after?.sobject ?? null}::text IS NULL
      OR hour < ${after?.hour ?? null}::timestamptz
      OR (hour IS NOT DISTINCT FROM ${after?.hour ?? null}::timestamptz AND sobject > ${after?.sobject ?? ''})
   GROUP BY hour, sobject
   ORDER BY hour DESC, sobject LIMIT ${limit}`);
