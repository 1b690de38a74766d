/** What else Salesforce changes with a proxied write. Covers: a deletion that cascades. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openClockHarness } from '@lockstep/harness/clock-harness';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

test('the children of a deleted record go within seconds, even those that no poll would ever show', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account', 'Contact'] });
  const [account = ''] = await harness.write([{ create: 'Account', values: { Name: 'Parent' } }]);
  const child = { create: 'Contact', values: { LastName: 'Child', AccountId: account } };
  const [one = '', two = ''] = await harness.write([child, child]);
  await harness.finishBackfill();
  await org.control('/records/hardDelete', { ids: [one] });
  const deleted = await harness.call('DELETE', `${dataPath}/sobjects/Account/${account}`);
  assert.deepEqual([deleted.status, deleted.applied], [204, 'yes']);
  assert.equal(await harness.row('account', account), undefined);
  await harness.pass(3 * harness.intervalMs);
  assert.equal(await harness.row('contact', one), undefined);
  assert.equal(await harness.row('contact', two), undefined);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
