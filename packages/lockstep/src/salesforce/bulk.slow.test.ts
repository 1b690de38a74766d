/** A Bulk job from its creation to its last record, in the simulated org. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { openLog } from '@lockstep/foundation/log';
import { startOrg } from '@lockstep/harness/org';
import { idAt } from '../core/csv-slice.ts';
import type { OrgId } from '../core/ids.ts';
import {
  abortQueryJob,
  type BulkJobName,
  type BulkRefusal,
  createQueryJob,
  listResultPages,
  readQueryJob,
  readResultPage,
} from './bulk.ts';
import { openSalesforce, type Salesforce } from './client.ts';
import { ownSessionStore } from './session-store.ts';

const { signal } = new AbortController();
const org = await startOrg({ records: 3_000 });
const open = (apiVersion = '62.0') => {
  const { clientId, clientSecret } = org.credentials.integration;
  return openSalesforce({
    store: ownSessionStore({
      loginUrl: org.url,
      credential: { flow: 'client credentials', clientId, clientSecret },
    }),
    allowHosts: [new URL(org.url).host],
    expectOrgId: org.orgId as OrgId,
    apiVersion,
    clock: systemClock,
    log: openLog({ write: () => undefined }),
  });
};
const salesforce = open();
after(async () => {
  await salesforce.close();
  await org[Symbol.asyncDispose]();
});

const fields = ['Id', 'LastName', 'Description'];
const contacts = { soql: `SELECT ${fields.join(', ')} FROM Contact`, includeDeleted: false };

const refusedBy = (answer: object): BulkRefusal | null =>
  'refused' in answer ? (answer.refused as BulkRefusal) : null;

async function created(by: Salesforce, query = contacts): Promise<BulkJobName> {
  const answer = await createQueryJob(by, query, signal);
  assert.ok('job' in answer, JSON.stringify(answer));
  return answer.job;
}

async function completed(by: Salesforce, query = contacts): Promise<{ job: BulkJobName; records: number }> {
  const job = await created(by, query);
  for (;;) {
    const answer = await readQueryJob(by, job, signal);
    assert.ok('state' in answer && ['waiting', 'running', 'complete'].includes(answer.state));
    if (answer.state === 'complete') return { job, records: answer.records };
  }
}

/** The Ids of all result pages, and how many records each has. */
async function readAll(by: Salesforce, job: BulkJobName, pageRows: number) {
  const paths: string[] = [];
  let next: string | null = null;
  do {
    const listed = await listResultPages(by, job, { next, pageRows }, signal);
    assert.ok('paths' in listed);
    paths.push(...listed.paths);
    ({ next } = listed);
  } while (next !== null);
  const isChain = paths.length === 1;
  const ids: string[] = [];
  const counts: number[] = [];
  for (let path = paths.shift() ?? null; path !== null; path = paths.shift() ?? null) {
    const page = await readResultPage(by, job, { path, fields, sliceRows: 50 }, signal);
    assert.ok('slices' in page);
    let received = 0;
    for await (const slice of page.slices) {
      received += slice.starts.length;
      ids.push(...slice.starts.map((_, nth) => idAt(slice, nth)));
    }
    assert.equal(page.records, received);
    counts.push(received);
    if (isChain && page.next !== null) paths.push(page.next);
  }
  return { ids, counts };
}

async function countInOrg(): Promise<number> {
  const soql = encodeURIComponent('SELECT COUNT() FROM Contact');
  const { json } = await org.request('GET', `/services/data/v62.0/query?q=${soql}`);
  return (json as { totalSize: number }).totalSize;
}

for (const apiVersion of ['62.0', '57.0'])
  test(`version ${apiVersion} gives every record once, in pages of the requested size`, async () => {
    const by = open(apiVersion);
    const { job, records } = await completed(by);
    assert.equal(records, await countInOrg());
    const { ids, counts } = await readAll(by, job, 130);
    assert.equal(new Set(ids).size, records);
    assert.equal(ids.length, records);
    assert.ok(counts.length > 3 && counts.slice(0, -1).every((count) => count === 130), counts.join());
    await by.close();
  });

test('a job without records has none and needs no page', async () => {
  const { records } = await completed(salesforce, {
    ...contacts,
    soql: `${contacts.soql} WHERE LastName = 'nobody'`,
  });
  assert.equal(records, 0);
});

test('what Bulk cannot read is refused when the job is created', async () => {
  const refusal = async (soql: string) =>
    refusedBy(await createQueryJob(salesforce, { soql, includeDeleted: false }, signal));
  assert.deepEqual(await refusal('SELECT Id, MailingAddress FROM Contact'), {
    kind: 'unsupported',
    reason: 'API_ERROR',
  });
  assert.deepEqual(await refusal('SELECT Id FROM CaseStatus'), {
    kind: 'unsupported',
    reason: 'INVALIDENTITY',
  });
  assert.deepEqual(await refusal('SELECT Id, Gone__c FROM Contact'), {
    kind: 'lost',
    reason: 'INVALID_FIELD',
  });
});

test('when no more jobs may be made today, a new one is refused for that', async () => {
  await org.control('/jobs/limits', { queryJobsMax: 0 });
  const answer = await createQueryJob(salesforce, contacts, signal);
  assert.equal(refusedBy(answer)?.kind, 'exhausted');
  await org.control('/jobs/limits', { queryJobsMax: 10_000 });
});

test('a job whose version is no longer spoken, whose results are gone, or that is gone itself is lost', async () => {
  const { job } = await completed(salesforce);
  const lost = async (of: BulkJobName) => {
    const list = await listResultPages(salesforce, of, { next: null, pageRows: 100 }, signal);
    const path = `${of.dataPath}/jobs/query/${of.id}/results?locator=MTAw`;
    const page = await readResultPage(salesforce, of, { path, fields, sliceRows: 50 }, signal);
    return [refusedBy(list), refusedBy(page)].map(
      (refusal) => refusal && `${refusal.kind} ${refusal.reason}`,
    );
  };
  const other = { ...job, dataPath: '/services/data/v61.0' };
  assert.deepEqual(await lost(other), ['lost API_VERSION_MISMATCH', 'lost API_VERSION_MISMATCH']);
  await org.control('/jobs/fault', { job: job.id, fault: { kind: 'expire-locators' } });
  assert.deepEqual(await lost(job), [null, 'lost INVALID_QUERY_LOCATOR']);
  await org.control('/jobs/fault', { job: job.id, fault: { kind: 'lose-results' } });
  assert.deepEqual(await lost(job), ['lost NOT_FOUND', 'lost NOT_FOUND']);
  const gone = { ...job, id: '750000000000zzzAAA' };
  assert.deepEqual(refusedBy(await readQueryJob(salesforce, gone, signal)), {
    kind: 'lost',
    reason: 'NOT_FOUND',
  });
});

test('a job that hangs is given up, and giving up one that has ended does no harm', async () => {
  await org.control('/jobs/fault', { next: 'query', fault: { kind: 'stay' } });
  const job = await created(salesforce);
  const stateOf = async () => {
    const answer = await readQueryJob(salesforce, job, signal);
    return 'state' in answer ? answer.state : answer.refused.kind;
  };
  while ((await stateOf()) === 'waiting') await systemClock.sleep(20);
  assert.equal(await stateOf(), 'running');
  await abortQueryJob(salesforce, job, signal);
  assert.equal(await stateOf(), 'aborted');
  await abortQueryJob(salesforce, job, signal);
  assert.equal(await stateOf(), 'aborted');
});

test('a job that fails says why by a word', async () => {
  const errorMessage = 'InternalServerError : Retried more than fifteen times';
  await org.control('/jobs/fault', { next: 'query', fault: { kind: 'fail', errorMessage } });
  const job = await created(salesforce);
  for (;;) {
    const answer = await readQueryJob(salesforce, job, signal);
    assert.ok('state' in answer);
    if (answer.state === 'waiting' || answer.state === 'running') continue;
    assert.deepEqual([answer.state, answer.reason], ['failed', 'InternalServerError']);
    break;
  }
});
