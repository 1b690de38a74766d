import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBulkHarness } from './test-harness.ts';
import { errorOf, ingestJobs, queryJobs } from './test-jobs.ts';

const harness = await openBulkHarness(300);
after(() => harness[Symbol.asyncDispose]());

const { jobFaults } = harness.org;
const query = queryJobs(harness);
const ingest = ingestJobs(harness);
const users = 'SELECT Id, Name FROM User';

test('the next job fails with the requested message, and only that one', async () => {
  jobFaults.armNext('query', { kind: 'fail', errorMessage: 'InvalidBatch : of no reason' });
  const { id } = await query.create(users);
  assert.equal((await query.reached(id, 'Failed')).errorMessage, 'InvalidBatch : of no reason');
  assert.equal((await query.results(id)).status, 400);
  await query.completed(users);

  jobFaults.armNext('ingest', { kind: 'fail', errorMessage: 'InvalidBatch : nor this' });
  const job = await ingest.run({ object: 'Lead', operation: 'insert' }, 'LastName,Company\na,b\n');
  assert.deepEqual([job.state, job.errorMessage], ['Failed', 'InvalidBatch : nor this']);
  assert.equal(await ingest.part(job.id, 'unprocessedrecords'), 'LastName,Company\na,b\n');
});

test('a stalled job stays in progress while others overtake it, and continues when the fault is lifted', async () => {
  jobFaults.armNext('query', { kind: 'stay' });
  const { id } = await query.create(users);
  await query.reached(id, 'InProgress');
  await query.completed(users);
  assert.equal((await query.reached(id, 'InProgress')).numberRecordsProcessed, 0);

  jobFaults.lift(id);
  await query.reached(id, 'JobComplete');
});

test('a stalled job can be aborted', async () => {
  jobFaults.armNext('query', { kind: 'stay' });
  const { id } = await query.create(users);
  await query.reached(id, 'InProgress');
  const answer = await harness.request('PATCH', `${query.jobs}/${id}`, { body: { state: 'Aborted' } });
  assert.equal(answer.status, 200);
  await query.completed(users);
});

test('a job can be aborted as if somebody had requested it', async () => {
  jobFaults.armNext('query', { kind: 'abort' });
  const { id } = await query.create(users);
  await query.reached(id, 'Aborted');
});

test('locators expire and results vanish while the job remains', async () => {
  const id = await query.completed(users);
  const page = await query.results(id, '?maxRecords=1');
  const next = `?maxRecords=1&locator=${page.headers.get('sforce-locator')}`;
  jobFaults.arm(id, { kind: 'expire-locators' });
  assert.equal(errorOf(await query.results(id, next))?.errorCode, 'INVALID_QUERY_LOCATOR');
  assert.equal((await query.results(id)).status, 200);

  jobFaults.arm(id, { kind: 'lose-results' });
  assert.equal((await query.results(id)).status, 404);
  assert.equal((await harness.request('GET', `${query.jobs}/${id}/resultPages`)).status, 404);
  await query.reached(id, 'JobComplete');

  jobFaults.lift(id);
  assert.equal((await query.results(id, next)).status, 200);
});

test('columns come in another order, with a matching header', async () => {
  const straight = (await query.results(await query.completed(`${users} ORDER BY Id`))).text;
  jobFaults.armNext('query', { kind: 'reorder-columns' });
  const turned = (await query.results(await query.completed(`${users} ORDER BY Id`))).text;
  assert.notEqual(turned, straight);
  assert.equal(turned.replaceAll(/^(".*?"),(".*?")$/gm, '$2,$1'), straight);
});

test('the record count in the header can be too high', async () => {
  jobFaults.armNext('query', { kind: 'miscount', by: 2 });
  const id = await query.completed(`${users} LIMIT 1`);
  const answer = await query.results(id);
  assert.equal(answer.headers.get('sforce-numberofrecords'), '3');
  assert.equal(answer.text.trimEnd().split('\n').length, 2);
});

test('faults waiting for the next job are lifted with all others', async () => {
  jobFaults.armNext('query', { kind: 'abort' });
  jobFaults.lift();
  await query.completed(users);
});
