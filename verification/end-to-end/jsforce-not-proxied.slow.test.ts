import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf } from '@lockstep/harness/jsforce';
import { forEachRoute } from '@lockstep/harness/jsforce-ways';

/** What jsforce cannot do through the proxy by docs/clients.md; each is refused before anything is sent. */
forEachRoute({ records: 100, ways: ['through the proxy'] }, (reached) => {
  test('jobs of Bulk API 2.0 leave out the path of the instance URL', async () => {
    const { bulk2 } = await reached().connect();
    const job = bulk2.createJob({ operation: 'insert', object: 'Account' });
    assert.equal((await refusalOf(job.open())).errorCode, 'LOCKSTEP_PRX_01');
    assert.equal((await refusalOf(bulk2.query('SELECT Id FROM Account'))).errorCode, 'LOCKSTEP_PRX_01');
  });

  test('SOAP calls have no Authorization header', async () => {
    const conn = await reached().connect();
    for (const call of [conn.metadata.describe(), conn.soap.getUserInfo()]) {
      assert.match((await refusalOf(call)).message, /LOCKSTEP_PRX_03/);
    }
  });
});
