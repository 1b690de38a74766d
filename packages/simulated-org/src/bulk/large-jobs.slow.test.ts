import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startOrg } from '@lockstep/harness/org';
import { readCsv } from './test-csv.ts';
import { openBulkHarness } from './test-harness.ts';
import { errorOf, ingestJobs, type JobInfo } from './test-jobs.ts';

const data = '/services/data/v62.0';

test('10,000 records are loaded by one job and read back by another', async () => {
  await using org = await startOrg({ records: 400 });
  const { jobs, create, patch, reached, part } = ingestJobs(org);
  const count = 10_000;
  const csv = [
    'LastName,FirstName',
    ...Array.from({ length: count }, (_, i) => `Bulk ${i},"a ""${i}"""`),
  ].join('\n');
  const { id } = await create({ object: 'Contact', operation: 'insert' });
  const sent = await fetch(`${org.url}${jobs}/${id}/batches`, {
    method: 'PUT',
    headers: {
      Authorization: `Bearer ${await org.token('demo')}`,
      'Content-Type': 'text/csv; charset=UTF-8',
      'Content-Encoding': 'gzip',
    },
    body: gzipSync(csv),
  });
  assert.equal(sent.status, 201);
  await patch(id, 'UploadComplete');
  const done = await reached(id, 'JobComplete');
  assert.deepEqual([done.numberRecordsProcessed, done.numberRecordsFailed], [count, 0]);

  const query = await org.request('POST', `${data}/jobs/query`, {
    body: {
      operation: 'query',
      query: "SELECT Id, LastName, FirstName FROM Contact WHERE LastName LIKE 'Bulk %'",
    },
  });
  const place = `${data}/jobs/query/${(query.json as JobInfo).id}`;
  while (((await org.request('GET', place)).json as JobInfo).state !== 'JobComplete');
  const rows = readCsv((await org.request('GET', `${place}/results`)).text).slice(1);
  const made = readCsv(await part(id, 'successfulResults')).slice(1);
  assert.equal(rows.length, count);
  assert.deepEqual(
    rows.toSorted((a, b) => (a[0] ?? '').localeCompare(b[0] ?? '')),
    made
      .map(([rowId = '', , last = '', first = '']) => [rowId, last, first])
      .toSorted((a, b) => (a[0] ?? '').localeCompare(b[0] ?? '')),
  );
});

test("every ten thousand records use one of the day's batches, and a job that runs out of them fails at that record", async () => {
  await using harness = await openBulkHarness(300);
  const { bulkLimits } = harness.org;
  const ingest = ingestJobs(harness);
  const leads = { object: 'Lead', operation: 'insert' };
  const batchesLeft = async () => {
    const { json } = await harness.request('GET', `${data}/limits`);
    return (json as { DailyBulkApiBatches: { Remaining: number } }).DailyBulkApiBatches.Remaining;
  };
  const before = await batchesLeft();
  await ingest.run(leads, 'LastName,Company\na,b\n');
  assert.equal(await batchesLeft(), before - 1);

  bulkLimits.ingestBatchesMax = 15_000 - before + 2;
  const job = await ingest.run({ object: 'Lead', operation: 'delete' }, `Id\n${'none\n'.repeat(10_001)}`);
  assert.deepEqual([job.state, job.numberRecordsProcessed], ['Failed', 10_000]);
  assert.equal(job.errorMessage, 'ExceededQuota : ApiBatchItems Limit exceeded.');
  assert.equal(await ingest.part(job.id, 'unprocessedrecords'), '"Id"\nnone\n');

  const refused = await harness.request('POST', ingest.jobs, { body: leads });
  assert.deepEqual(errorOf(refused), {
    message: 'ApiBatchItems Limit exceeded.',
    errorCode: 'LIMIT_EXCEEDED',
  });
});
