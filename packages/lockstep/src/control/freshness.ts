/** How far the tables of a sync were behind Salesforce: sampled each minute while a worker runs it, kept for 30 days. */
import type { SyncId } from '../core/ids.ts';
import type { Control } from './database.ts';
import { addAges, selectFreshness } from './freshness-sql.ts';

export interface Freshness {
  /** The beginning of the hour, as the server prints it; null: all hours together. */
  hour: string | null;
  sobject: string;
  samples: number;
  /** Seconds: half of the samples are not older, 95 % are not, none is. */
  p50: number;
  p95: number;
  max: number;
}

/** Adds how old each object is now; if somebody else has just done so, it does nothing. */
export async function recordAges(
  { db }: Control,
  syncId: SyncId,
  ages: readonly { sobject: string; seconds: number }[],
): Promise<void> {
  if (ages.length > 0) await addAges(db, syncId, ages);
}

/**
 * One for each object, or for each object and hour, the newest hour first.
 *
 * @param asked  `after`: the last one that the caller has seen
 */
export const readFreshness = (
  { db }: Control,
  syncId: SyncId,
  asked: {
    since: string;
    sobject?: string | undefined;
    isByHour: boolean;
    after: Pick<Freshness, 'hour' | 'sobject'> | null;
    limit: number;
  },
): Promise<Freshness[]> => selectFreshness(db, syncId, { ...asked, sobject: asked.sobject ?? null });
