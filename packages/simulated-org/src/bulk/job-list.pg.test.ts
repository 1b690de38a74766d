import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { recordId } from '../write/ids.ts';
import { errorOf, ingestJobs, type JobInfo, queryJobs } from './test-jobs.ts';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const query = queryJobs(org);
const ingest = ingestJobs(org);

interface List {
  done: boolean;
  records: JobInfo[];
  nextRecordsUrl: string | null;
}
const list = async (path: string) => {
  const answer = await org.request('GET', path);
  assert.equal(answer.status, 200, answer.text);
  return answer.json as List;
};
const idsOf = ({ records }: List) => records.map(({ id }) => id);

test('a list has the jobs of its kind, or of the requested type', async () => {
  const asked = await query.completed('SELECT Id FROM User');
  const { id: brought } = await ingest.create({ object: 'Lead', operation: 'insert' });
  for (const jobs of [query.jobs, ingest.jobs]) {
    assert.deepEqual(idsOf(await list(`${jobs}?jobType=V2Query`)), [asked]);
    assert.deepEqual(idsOf(await list(`${jobs}?jobType=V2Ingest`)), [brought]);
    assert.deepEqual(idsOf(await list(`${jobs}?jobType=Classic`)), []);
  }
  assert.deepEqual(idsOf(await list(query.jobs)), [asked]);
  assert.deepEqual(idsOf(await list(ingest.jobs)), [brought]);
});

test('all jobs are parallel, and none uses PK chunking', async () => {
  const all = idsOf(await list(query.jobs));
  assert.ok(all.length > 0);
  assert.deepEqual(
    idsOf(await list(`${query.jobs}?concurrencyMode=parallel&isPkChunkingEnabled=false`)),
    all,
  );
  assert.deepEqual(idsOf(await list(`${query.jobs}?concurrencyMode=serial`)), []);
  assert.deepEqual(idsOf(await list(`${query.jobs}?isPkChunkingEnabled=true`)), []);
});

test('a list of more than a thousand jobs comes in pages that keep the filter', async () => {
  await query.completed('SELECT Id FROM User');
  const numbers = Array.from({ length: 1200 }, (_, i) => recordId('750', 1_000_000 + i));
  await org.db.query(sql`
    INSERT INTO simulator.bulk_job (id, kind, user_id, operation, object, column_delimiter, line_ending, api_version,
                                    state, created_at, modified_at)
    SELECT made.id, 'query', job.user_id, 'query', 'User', 'COMMA', 'LF', '62.0', 'Failed', job.created_at, job.modified_at
      FROM unnest(${numbers}::text[]) AS made (id), (SELECT * FROM simulator.bulk_job WHERE kind = 'query' LIMIT 1) AS job`);

  const first = await list(`${query.jobs}?concurrencyMode=Parallel&jobType=V2Query`);
  assert.deepEqual([first.done, first.records.length], [false, 1000]);
  assert.match(first.nextRecordsUrl ?? '', /concurrencyMode=Parallel&jobType=V2Query&queryLocator=750/);
  const second = await list(first.nextRecordsUrl ?? '');
  assert.deepEqual([second.done, second.nextRecordsUrl], [true, null]);
  const seen = [...idsOf(first), ...idsOf(second)];
  assert.deepEqual(seen.slice(0, 1200), numbers.toReversed());
  assert.equal(new Set(seen).size, seen.length);
});

test('a value that a list does not know is refused', async () => {
  for (const parameters of [
    'jobType=V3',
    'concurrencyMode=x',
    'isPkChunkingEnabled=1',
    'queryLocator=-1',
    'queryLocator=',
  ]) {
    const answer = await org.request('GET', `${query.jobs}?${parameters}`);
    assert.equal(answer.status, 400, parameters);
    assert.match(errorOf(answer)?.errorCode ?? '', /^INVALID/);
  }
});

test("another user's job cannot be read, changed or deleted, nor its results read", async () => {
  const id = await query.completed('SELECT Id FROM User');
  const { id: open } = await ingest.create({ object: 'Lead', operation: 'insert' });
  const token = await org.token('integration');
  const cases: [method: string, path: string, body?: object][] = [
    ['GET', `${query.jobs}/${id}`],
    ['GET', `${query.jobs}/${id}/results`],
    ['GET', `${query.jobs}/${id}/resultPages`],
    ['PATCH', `${query.jobs}/${id}`, { state: 'Aborted' }],
    ['DELETE', `${query.jobs}/${id}`],
    ['PATCH', `${ingest.jobs}/${open}`, { state: 'UploadComplete' }],
    ['GET', `${ingest.jobs}/${open}/failedResults`],
    ['GET', `${ingest.jobs}/${id}`],
    ['GET', `${query.jobs}/${open}`],
  ];
  for (const [method, path, body] of cases) {
    const answer = await org.request(method, path, { token, ...(body && { body }) });
    assert.equal(answer.status, 404, `${method} ${path}`);
  }
  assert.equal((await query.results(id)).status, 200);
});
