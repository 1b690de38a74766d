/**
 * The one rule by which readings of a record are merged, whatever order they arrive in. Pure, and the reference: the
 * product runs it as SQL (`postgres/merge-statement.ts`, `postgres/patch-statement.ts`), and tests hold the two equal.
 *
 * A reading holds every commit acknowledged before `lo` was taken and nothing committed after `hi` was. Both are
 * tickets of the destination's own sequence, so they compare without a clock.
 *
 * A fence stands for the reading that a record was last taken from, and only as long as some reading is under way
 * that began before it ended. Where no fence stands, every open reading began later, and the new one is stored.
 */
export interface Reading {
  lo: number;
  hi: number;
  /** SystemModstamp in seconds; null for a record that an answer did not contain. */
  stamp: number | null;
  deleted: boolean;
}

export interface Fence extends Reading {
  /** The row was patched by a reading of some of its columns, so it may miss what an older full reading holds. */
  partial: boolean;
}

export type Verdict =
  /** The reading is newer: write it (or save the write where the row is equal already). */
  | 'store'
  /** Both hold the same: nothing to do. */
  | 'nothing'
  /** What is stored is newer: drop the reading. */
  | 'stale'
  /** Cannot be told from here: keep the row, read the record again by its Id. */
  | 'dirty';

/** Stamps of one record may go back by this much between commits, so only a greater distance proves an order. */
export const stampSlackSeconds = 2;

export function decide(reading: Reading, fence: Fence | null, holdsTheSame: boolean): Verdict {
  if (fence === null || reading.lo >= fence.hi) return 'store';
  const drop = fence.partial ? 'dirty' : 'stale';
  if (reading.hi <= fence.lo) return drop;
  const apart = reading.stamp === null || fence.stamp === null ? 0 : reading.stamp - fence.stamp;
  if (apart > stampSlackSeconds) return 'store';
  if (holdsTheSame) return 'nothing';
  return apart < -stampSlackSeconds ? drop : 'dirty';
}

/** What a reading of a few columns says of a record: these, its stamp, or that it was asked for and did not come. */
export interface PartialReading {
  lo: number;
  hi: number;
  stamp: number | null;
  isAbsent: boolean;
  /** The mirror holds every change that was stamped before this second. */
  settledUntil: number;
}

/**
 * The same for a reading of some of a record's columns. It patches a row only where nothing but these columns can
 * differ, which equal stamps tell once the mirror holds every change of that second: before that, another change of the
 * same second may stand between the two. Whatever else it finds is read again in full. An absence is never more than
 * a suspicion.
 *
 * @param row           the row as it stands; null: there is none
 * @param holdsTheSame  the row has the same stamp and the same values in these columns
 */
export function decidePartial(
  reading: PartialReading,
  fence: Fence | null,
  row: { stamp: number | null } | null,
  holdsTheSame: boolean,
): Verdict {
  if (reading.isAbsent && row === null) return 'nothing';
  if (fence !== null && reading.lo < fence.hi) {
    if (reading.hi <= fence.lo && !fence.partial) return 'stale';
    return holdsTheSame ? 'nothing' : 'dirty';
  }
  if (reading.isAbsent || row === null || row.stamp !== reading.stamp) return 'dirty';
  const isSettled = reading.stamp === null || reading.stamp < reading.settledUntil;
  return holdsTheSame || isSettled ? 'store' : 'dirty';
}

/** Rows that may vanish from Salesforce at once without anybody being asked: more is rather a permission that went. */
export const removalsMax = (rows: number): number => Math.max(20, Math.ceil(0.02 * rows));
