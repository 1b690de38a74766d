import { z } from 'zod';
import type { JobFault } from '../bulk/job-faults.ts';
import type { Org } from '../org.ts';
import { type EndpointGroup, endpoint } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { idOf } from './writes.ts';

/** What goes wrong with bulk jobs, and how many of them a day allows. */
const jobFault = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('fail'), errorMessage: z.string() })
    .describe('Ends in the state Failed, with this message.'),
  z.strictObject({ kind: z.literal('stay') }).describe('Stays InProgress until the fault is lifted.'),
  z
    .strictObject({ kind: z.literal('abort') })
    .describe('Ends in the state Aborted, as if somebody else had aborted it.'),
  z.strictObject({ kind: z.literal('expire-locators') }).describe('Every locator of its results is refused.'),
  z.strictObject({ kind: z.literal('lose-results') }).describe('Its results answer 404.'),
  z.strictObject({ kind: z.literal('reorder-columns') }).describe('Its columns come in reverse order.'),
  z
    .strictObject({ kind: z.literal('miscount'), by: z.int() })
    .describe('Sforce-NumberOfRecords is too high by this number, or too low if it is negative.'),
]) satisfies z.ZodType<JobFault>;

const faultBody = z.strictObject({
  job: z.string().optional().describe('The Id of a job.'),
  next: z.enum(['query', 'ingest']).optional().describe('Instead: the next job of this kind.'),
  fault: jobFault,
});

function arm({ jobFaults }: Org, { job, next, fault }: z.output<typeof faultBody>): void {
  if (job !== undefined && next === undefined) jobFaults.arm(idOf(job), fault);
  else if (next !== undefined && job === undefined) jobFaults.armNext(next, fault);
  else throw new ControlError(400, 'give either job or next');
}

const limitsBody = z.strictObject({
  queryJobsMax: z.int().min(0).optional().describe('Query jobs per day.'),
  ingestBatchesMax: z.int().min(0).optional().describe('Batches of 10,000 records per day.'),
  resultKilobytesMax: z.int().min(0).optional().describe('Size of the results per day.'),
});

export const bulkEndpoints: EndpointGroup = {
  title: 'Bulk jobs',
  about: 'Several faults may be armed for one job. A restart resets faults and limits.',
  endpoints: [
    endpoint({
      path: '/jobs/fault',
      does: 'Makes a job go wrong: fail, stall, abort, lose results or locators, reorder columns, miscount.',
      body: faultBody,
      example: {
        next: 'query',
        fault: { kind: 'fail', errorMessage: 'InternalServerError : retries exhausted' },
      },
      run: arm,
    }),
    endpoint({
      path: '/jobs/lift',
      does: 'Lifts the faults of one job, or of all.',
      body: z.strictObject({ job: z.string().optional() }),
      example: {},
      run: ({ jobFaults }, { job }) => jobFaults.lift(job === undefined ? undefined : idOf(job)),
    }),
    endpoint({
      path: '/jobs/limits',
      does: 'Sets the daily limits for jobs, batches and bytes; what is left out stays.',
      body: limitsBody,
      example: { queryJobsMax: 10 },
      run({ bulkLimits }, { queryJobsMax, ingestBatchesMax, resultKilobytesMax }) {
        if (queryJobsMax !== undefined) bulkLimits.queryJobsMax = queryJobsMax;
        if (ingestBatchesMax !== undefined) bulkLimits.ingestBatchesMax = ingestBatchesMax;
        if (resultKilobytesMax !== undefined) bulkLimits.resultKilobytesMax = resultKilobytesMax;
        return bulkLimits.report;
      },
    }),
  ],
};
