import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 400 });
after(() => org[Symbol.asyncDispose]());

const jobs = '/services/data/v62.0/jobs/query';

async function start(): Promise<{ status: number; id: string }> {
  const body = { operation: 'query', query: 'SELECT Id, Name FROM Account' };
  const { status, json } = await org.request('POST', jobs, { body });
  return { status, id: (json as { id: string }).id };
}

async function stateOf(id: string): Promise<{ state: string; errorMessage?: string }> {
  for (;;) {
    const state = (await org.request('GET', `${jobs}/${id}`)).json as { state: string };
    if (!['UploadComplete', 'InProgress'].includes(state.state)) return state;
    await sleep(20);
  }
}

test('the next query job fails as requested, and the one after it does not', async () => {
  await org.control('/jobs/fault', { next: 'query', fault: { kind: 'fail', errorMessage: 'No more' } });
  const failed = await stateOf((await start()).id);
  assert.deepEqual([failed.state, failed.errorMessage], ['Failed', 'No more']);
  assert.equal((await stateOf((await start()).id)).state, 'JobComplete');
});

test('a job loses its results until the fault is lifted', async () => {
  const { id } = await start();
  await stateOf(id);
  await org.control('/jobs/fault', { job: id, fault: { kind: 'lose-results' } });
  assert.equal((await org.request('GET', `${jobs}/${id}/results`)).status, 404);
  await org.control('/jobs/lift', { job: id });
  assert.equal((await org.request('GET', `${jobs}/${id}/results`)).status, 200);
});

test('no more jobs can be created than a day allows', async () => {
  const report = await org.control<{ DailyBulkV2QueryJobs: { Max: number } }>('/jobs/limits', {
    queryJobsMax: 0,
  });
  assert.equal(report.DailyBulkV2QueryJobs.Max, 0);
  assert.equal((await start()).status, 400);
});

test('a fault for no job, or for two, is refused', async () => {
  const fault = { kind: 'stay' };
  await assert.rejects(org.control('/jobs/fault', { fault }), /either job or next/);
  await assert.rejects(org.control('/jobs/fault', { job: 'x', fault }), /x/);
  await assert.rejects(org.control('/jobs/fault', { next: 'query', fault: { kind: 'burn' } }), /kind/);
});
