/**
 * When a Bulk job is asked about, and when it hangs. Pure. The times in it may be those of another worker's clock, and
 * no worker may have asked for hours.
 */
import type { BulkJob } from '../cursors/bulk.ts';

const firstAskMs = 1_000;
const askMsMax = 60_000;
/** A job that reads nothing for so long hangs. */
const silentMsMax = 60 * 60_000;
/** If nobody has asked for so long, nothing is known of the time before. Longer than a rest after a failure. */
const unwatchedMsMax = 45 * 60_000;

/** How it is watched from its creation on. */
export const watchFrom = (now: number): Pick<BulkJob, 'createdAt' | 'askAt' | 'records' | 'advancedAt'> => ({
  createdAt: now,
  askAt: now + firstAskMs,
  records: 0,
  advancedAt: now,
});

export const isAskDue = ({ askAt }: BulkJob, now: number): boolean => now >= askAt || askAt - now > askMsMax;

/** @returns the job after an answer that it still reads, or null: it hangs */
export function watchOn(job: BulkJob, records: number, now: number): BulkJob | null {
  const isUnwatched = now - job.askAt > unwatchedMsMax;
  const hasAdvanced = records !== job.records || isUnwatched || job.advancedAt > now;
  const advancedAt = hasAdvanced ? now : job.advancedAt;
  if (now - advancedAt >= silentMsMax) return null;
  const askAt = now + Math.min(askMsMax, Math.max(firstAskMs, now - job.createdAt));
  return { ...job, records, askAt, advancedAt };
}
