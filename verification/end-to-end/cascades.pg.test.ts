/** What Salesforce changes along with a proxied write. Row of the list of faults: 20 (a deletion that takes children along). */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { openStage } from '@lockstep/harness/stage';
import { dataPath } from '@lockstep/harness/world';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

test('the children of a deleted record go within seconds, those too that no poll would ever show', async () => {
  await using stage = await openStage({ org, sobjects: ['Account', 'Contact'] });
  const [account = ''] = await stage.write([{ create: 'Account', values: { Name: 'Parent' } }]);
  const child = { create: 'Contact', values: { LastName: 'Child', AccountId: account } };
  const [one = '', two = ''] = await stage.write([child, child]);
  await stage.copy();
  await org.control('/records/hardDelete', { ids: [one] });
  const deleted = await stage.call('DELETE', `${dataPath}/sobjects/Account/${account}`);
  assert.deepEqual([deleted.status, deleted.applied], [204, 'yes']);
  assert.equal(await stage.row('account', account), undefined);
  await stage.pass(3 * stage.intervalMs);
  assert.equal(await stage.row('contact', one), undefined);
  assert.equal(await stage.row('contact', two), undefined);
  await stage.settle();
  await stage.expectWhole();
});
