/**
 * The one rule that merges readings of a record, in whatever order they arrive. This pure function is the reference;
 * the product runs the rule as SQL (`postgres/merge-statement.ts`, `postgres/patch-statement.ts`, for records set aside
 * `postgres/set-aside-sql.ts`), and tests check that they agree.
 *
 * A reading includes every commit acknowledged before `lo` was taken and nothing committed after `hi` was. Both are
 * tickets from the destination's own sequence, so comparing them needs no clock.
 *
 * A fence describes the reading that a record was last stored from. It is kept only while some reading is under way
 * that began before that one ended. Without a fence every open reading began later, so the new one is stored.
 */
export interface Reading {
  lo: number;
  hi: number;
  /** SystemModstamp in seconds; null for a record that an answer did not contain. */
  stamp: number | null;
  deleted: boolean;
}

export interface Fence extends Reading {
  /** The row was patched by a reading of some of its columns, so it may lack what an older full reading contains. */
  partial: boolean;
}

export type Verdict =
  /** The reading is newer: write it (or skip the write if the row already equals it). */
  | 'store'
  /** Row and reading are equal: nothing to do. */
  | 'nothing'
  /** The row is newer: drop the reading. */
  | 'stale'
  /** The order is unknown: keep the row and read the record again by its Id. */
  | 'dirty';

/** The stamp of a record may go back by this much between commits, so only a greater difference proves an order. */
export const stampSlackSeconds = 2;

/**
 * @param holdsTheSame  what the fence describes has the same values as the reading. Of a record that is set aside the
 *                      mirror does not have them: its row is an older one, and proves nothing
 */
export function decide(reading: Reading, fence: Fence | null, holdsTheSame: boolean): Verdict {
  if (fence === null || reading.lo >= fence.hi) return 'store';
  const drop = fence.partial ? 'dirty' : 'stale';
  if (reading.hi <= fence.lo) return drop;
  const apart = reading.stamp === null || fence.stamp === null ? 0 : reading.stamp - fence.stamp;
  if (apart > stampSlackSeconds) return 'store';
  if (holdsTheSame) return 'nothing';
  return apart < -stampSlackSeconds ? drop : 'dirty';
}

/** What a reading of some columns says about a record: these columns and its stamp, or that it was absent. */
export interface PartialReading {
  lo: number;
  hi: number;
  stamp: number | null;
  isAbsent: boolean;
  /** The row has every change that was stamped before this second; null: the record is set aside, so nothing is known. */
  settledUntil: number | null;
}

/**
 * The same for a reading of some of a record's columns. It patches a row only if nothing but these columns can differ.
 * Equal stamps prove that once the mirror has every change of that second; before that, the row may still lack another
 * change of the same second. In any other case the record is read again in full. An absence alone never removes a row.
 *
 * @param row           the current row; null: there is none
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
  if (holdsTheSame) return 'store';
  if (reading.settledUntil === null) return 'dirty';
  return reading.stamp === null || reading.stamp < reading.settledUntil ? 'store' : 'dirty';
}

/** How many rows may vanish at once before a person is asked: more suggests a lost permission, not deletions. */
export const removalsMax = (rows: number): number => Math.max(20, Math.ceil(0.02 * rows));
