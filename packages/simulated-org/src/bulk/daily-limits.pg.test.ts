import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { openBulkHarness } from './test-harness.ts';
import { errorOf, ingestJobs, queryJobs } from './test-jobs.ts';

const harness = await openBulkHarness(300);
after(() => harness[Symbol.asyncDispose]());

const { bulkLimits } = harness.org;
const query = queryJobs(harness);
const ingest = ingestJobs(harness);
const users = { operation: 'query', query: 'SELECT Id FROM User' };
const leads = { object: 'Lead', operation: 'insert' };

interface Limit {
  Max: number;
  Remaining: number;
}
const limits = async () =>
  (await harness.request('GET', '/services/data/v62.0/limits')).json as Record<string, Limit>;

test('query jobs beyond the daily limit are refused until the next day', async () => {
  assert.deepEqual((await limits()).DailyBulkV2QueryJobs, { Max: 10_000, Remaining: 10_000 });
  bulkLimits.queryJobsMax = 2;
  const kept = await query.completed(users.query);
  await query.completed(users.query);
  assert.deepEqual((await limits()).DailyBulkV2QueryJobs, { Max: 2, Remaining: 0 });
  assert.equal((await limits()).DailyBulkV2QueryFileStorageMB?.Remaining, 976_561);

  const refused = await harness.request('POST', query.jobs, { body: users });
  assert.equal(refused.status, 400);
  assert.equal(errorOf(refused)?.errorCode, 'LIMIT_EXCEEDED');
  assert.match(
    errorOf(refused)?.message ?? '',
    /^Max bulk v2 query jobs \(2\) per 24 hrs has been reached \(\d+\)$/,
  );
  assert.equal((await query.results(kept)).status, 200);

  harness.passDays(1);
  await query.completed(users.query);
  assert.deepEqual((await limits()).DailyBulkV2QueryJobs, { Max: 2, Remaining: 1 });
  bulkLimits.queryJobsMax = 10_000;
});

test("the size of a day's results has its own limit", async () => {
  bulkLimits.resultKilobytesMax = 0;
  const refused = await harness.request('POST', query.jobs, { body: users });
  assert.deepEqual(errorOf(refused), {
    message: 'Max bulk v2 query result size stored (0) kb per 24 hrs has been exceeded',
    errorCode: 'LIMIT_EXCEEDED',
  });
  bulkLimits.resultKilobytesMax = 1_000_000_000;
});

test("a job and its results are kept for seven days by the org's clock and then deleted", async () => {
  const id = await query.completed(users.query);
  harness.passDays(6.9);
  assert.equal((await query.results(id)).status, 200);
  harness.passDays(0.2);
  assert.equal((await query.results(id)).status, 404);
  assert.equal((await harness.request('GET', `${query.jobs}/${id}`)).status, 404);
  const list = (await harness.request('GET', query.jobs)).json as { records: unknown[] };
  assert.deepEqual(list.records, []);

  // The worker deletes such jobs whenever it has nothing else to do.
  const next = await query.completed(users.query);
  harness.org.jobs.wake('query');
  const { folder } = harness.org.results;
  while (readdirSync(folder).some((name) => !name.startsWith(next))) await query.reached(next, 'JobComplete');
});

test('an sobject that the Bulk API does not support is refused by both kinds of job', async () => {
  const account = harness.org.sobjects.get('account');
  assert.ok(account);
  const sobjects = new Map(harness.org.sobjects);
  sobjects.set('account', { ...account, bulk: false });
  const { sobjects: whole } = harness.org;
  Object.assign(harness.org, { sobjects, views: new Map() });
  const expected = {
    message: "Entity 'Account' is not supported by the Bulk API.",
    errorCode: 'INVALIDENTITY',
  };
  const asked = await harness.request('POST', query.jobs, {
    body: { operation: 'query', query: 'SELECT Id FROM Account' },
  });
  assert.deepEqual([asked.status, errorOf(asked)], [400, expected]);
  const brought = await harness.request('POST', ingest.jobs, { body: { ...leads, object: 'Account' } });
  assert.deepEqual([brought.status, errorOf(brought)], [400, expected]);
  Object.assign(harness.org, { sobjects: whole, views: new Map() });
});
