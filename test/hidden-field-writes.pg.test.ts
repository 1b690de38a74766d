/** What a proxied write shows while the sync's user may not see a field any more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataPath, openStage } from './stage.ts';

const hideIndustry = { user: 'integration', fields: { 'Account.Industry': { read: false } } };

test('a field that the sync may not see any more costs proxied writes nothing once its object is read without it', async () => {
  await using stage = await openStage({ sobjects: ['Account'] });
  await stage.copy();
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'Before' } }]);
  const patched = async (Name: string) => {
    const { applied } = await stage.call('PATCH', `${dataPath}/sobjects/Account/${id}`, { Name });
    return [applied, (await stage.row('account', id))?.name];
  };
  assert.deepEqual(await patched('While it is seen'), ['yes', 'While it is seen']);
  await stage.org.control('/users/rights', hideIndustry);
  await stage.pass(4 * stage.intervalMs);
  assert.deepEqual(await patched('While it is hidden'), ['yes', 'While it is hidden']);
  await stage.org.control('/users/rights', { user: 'integration' });
  await stage.pass(4 * stage.intervalMs);
  assert.deepEqual(await patched('Seen again'), ['yes', 'Seen again']);
  await stage.settle();
  await stage.expectWhole();
});
