import assert from 'node:assert/strict';
import type { OrgAnswer, OrgRequest, TestOrg } from '@lockstep/harness/org';

/** Bulk jobs as a client with one user sees them, for tests. */
export interface JobInfo {
  id: string;
  state: string;
  [name: string]: unknown;
}

const data = '/services/data/v62.0';

export const errorOf = (answer: { json: unknown }) =>
  (answer.json as { errorCode: string; message: string }[])[0];

type Requests = Pick<TestOrg, 'request'>;

/** Polls a job until it reaches one of the states. */
function watch(org: Requests, jobs: string, asUser: OrgRequest) {
  return async (id: string, ...states: string[]): Promise<JobInfo> => {
    for (;;) {
      const job = (await org.request('GET', `${jobs}/${id}`, asUser)).json as JobInfo;
      if (states.includes(job.state)) return job;
      assert.ok(['UploadComplete', 'InProgress'].includes(job.state), JSON.stringify(job));
    }
  };
}

export function queryJobs(org: Requests, asUser: OrgRequest = {}) {
  const jobs = `${data}/jobs/query`;
  const reached = watch(org, jobs, asUser);
  const create = async (query: string, more: object = {}): Promise<JobInfo> => {
    const body = { operation: 'query', query, ...more };
    const answer = await org.request('POST', jobs, { ...asUser, body });
    assert.equal(answer.status, 200, answer.text);
    return answer.json as JobInfo;
  };
  return {
    jobs,
    reached,
    create,
    completed: async (query: string, more: object = {}): Promise<string> => {
      const { id } = await create(query, more);
      await reached(id, 'JobComplete');
      return id;
    },
    results: (id: string, parameters = '', headers: Record<string, string> = {}): Promise<OrgAnswer> =>
      org.request('GET', `${jobs}/${id}/results${parameters}`, { ...asUser, headers }),
  };
}

export function ingestJobs(org: Requests, asUser: OrgRequest = {}) {
  const jobs = `${data}/jobs/ingest`;
  const reached = watch(org, jobs, asUser);
  const create = async (body: object): Promise<JobInfo> => {
    const answer = await org.request('POST', jobs, { ...asUser, body: { contentType: 'CSV', ...body } });
    assert.equal(answer.status, 200, answer.text);
    return answer.json as JobInfo;
  };
  const put = (id: string, csv: string, headers: Record<string, string> = {}): Promise<OrgAnswer> =>
    org.request('PUT', `${jobs}/${id}/batches`, {
      ...asUser,
      body: csv,
      headers: { 'Content-Type': 'text/csv', ...headers },
    });
  const patch = (id: string, state: string): Promise<OrgAnswer> =>
    org.request('PATCH', `${jobs}/${id}`, { ...asUser, body: { state } });
  return {
    jobs,
    reached,
    create,
    put,
    patch,
    run: async (body: object, csv: string): Promise<JobInfo> => {
      const { id } = await create(body);
      assert.equal((await put(id, csv)).status, 201);
      assert.equal((await patch(id, 'UploadComplete')).status, 200);
      return reached(id, 'JobComplete', 'Failed');
    },
    part: async (id: string, name: string): Promise<string> =>
      (await org.request('GET', `${jobs}/${id}/${name}`, asUser)).text,
  };
}
