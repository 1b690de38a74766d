import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { withSeed } from '@lockstep/harness/property';
import { ingestJobs } from './test-jobs.ts';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { jobs, run } = ingestJobs(org);

test('60 damaged files are each processed, and no request is answered with 500', async () =>
  withSeed(20_261_124, async (random) => {
    const csv = `Id,Name,Industry,NumberOfEmployees,External_Id__c,ParentId\n,"A ""b"", c",Energy,5,,\n001Hp0000000001AAA,x,#N/A,6,k-1,\n,y,,7,k-2,001Hp0000000001AAA\n`;
    const strange = [
      '',
      '"',
      ',',
      '\n',
      '\r\n',
      '\0',
      '""',
      '#N/A',
      '9'.repeat(40),
      'é',
      "'",
      '\ue000',
      '\ufeff',
      ' ',
    ];
    for (let i = 0; i < 60; i++) {
      let damaged = csv;
      for (let change = random.between(1, 4); change > 0; change--) {
        const at = random.between(0, damaged.length);
        damaged = damaged.slice(0, at) + random.pick(strange) + damaged.slice(at + random.between(0, 5));
      }
      const job = await run(
        { object: 'Account', operation: random.pick(['insert', 'update', 'delete']) },
        damaged,
      );
      assert.ok(
        !String(job.errorMessage).includes('UNKNOWN_EXCEPTION'),
        JSON.stringify([damaged, job.errorMessage]),
      );
      for (const name of ['successfulResults', 'failedResults', 'unprocessedrecords']) {
        assert.equal((await org.request('GET', `${jobs}/${job.id}/${name}`)).status, 200);
      }
    }
  }));
