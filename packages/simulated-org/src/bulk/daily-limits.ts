import type { Clock } from '@lockstep/foundation/clock';
import { refused } from '../http/errors.ts';
import { JobFailure } from './refusals.ts';

/**
 * What the org's bulk jobs may use per day of its clock: query jobs, batches of ingest jobs and the size of results.
 * A restart resets the counts. The maxima may be changed at any time.
 */
const dayMs = 86_400_000;
export const batchRecordsMax = 10_000;

export class BulkLimits {
  queryJobsMax = 10_000;
  ingestBatchesMax = 15_000;
  resultKilobytesMax = 1_000_000_000;
  private readonly clock: Clock;
  private day = 0;
  private counted = { queryJobs: 0, ingestBatches: 0, resultBytes: 0 };

  constructor(clock: Clock) {
    this.clock = clock;
  }

  private get today() {
    const today = Math.floor(this.clock.now() / dayMs);
    if (today !== this.day) {
      this.day = today;
      this.counted = { queryJobs: 0, ingestBatches: 0, resultBytes: 0 };
    }
    return this.counted;
  }

  /** As `/limits` reports them. */
  get report() {
    const { queryJobs, ingestBatches, resultBytes } = this.today;
    const entry = (max: number, used: number) => ({ Max: max, Remaining: Math.max(0, max - used) });
    return {
      DailyBulkApiBatches: entry(this.ingestBatchesMax, ingestBatches),
      DailyBulkV2QueryFileStorageMB: entry(
        Math.floor(this.resultKilobytesMax / 1024),
        Math.ceil(resultBytes / 1024 / 1024),
      ),
      DailyBulkV2QueryJobs: entry(this.queryJobsMax, queryJobs),
    };
  }

  /** @throws {@link OrgError} if the day's query jobs are used up */
  requireQueryJob(): void {
    const { queryJobs, resultBytes } = this.today;
    if (queryJobs >= this.queryJobsMax) {
      throw exceeded(
        `Max bulk v2 query jobs (${this.queryJobsMax}) per 24 hrs has been reached (${queryJobs + 1})`,
      );
    }
    if (resultBytes >= this.resultKilobytesMax * 1024) {
      throw exceeded(
        `Max bulk v2 query result size stored (${this.resultKilobytesMax}) kb per 24 hrs has been exceeded`,
      );
    }
  }

  countQueryJob(): void {
    this.today.queryJobs += 1;
  }

  countResult(bytes: number): void {
    this.today.resultBytes += bytes;
  }

  /** @throws {@link OrgError} if the day's ingest batches are used up */
  requireIngestBatch(): void {
    if (this.today.ingestBatches >= this.ingestBatchesMax) throw exceeded(noBatches);
  }

  /** @throws {@link JobFailure} if the day has no batch left for a job's next 10,000 records */
  spendIngestBatch(): void {
    if (this.today.ingestBatches >= this.ingestBatchesMax)
      throw new JobFailure(`ExceededQuota : ${noBatches}`);
    this.today.ingestBatches += 1;
  }
}

const noBatches = 'ApiBatchItems Limit exceeded.';
const exceeded = (message: string) => refused('LIMIT_EXCEEDED', message);
