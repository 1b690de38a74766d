import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());
before(async () => {
  await org.control('/clock/rate', { rate: 0 });
  await org.control('/clock/set', { to: '2031-03-09T23:30:00Z' });
});

const data = '/services/data/v62.0';

/** The names of the records of a new object, which are made one after the other. */
async function namesBy(object: string, nameNumber: string, count = 2): Promise<unknown[]> {
  await org.control('/sobjects/create', { name: object, nameNumber });
  const names: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const { json, text } = await org.request('POST', `${data}/sobjects/${object}`, { body: {} });
    const { id } = json as { id?: string };
    assert.ok(id, text);
    const read = await org.request('GET', `${data}/sobjects/${object}/${id}`);
    names.push((read.json as { Name: string }).Name);
  }
  return names;
}

test('a display format makes the value of an auto number, with its digits, texts and day of creation', async () => {
  assert.deepEqual(await namesBy('A__c', '{00000000}'), ['00000001', '00000002']);
  assert.deepEqual(await namesBy('B__c', '{0}'), ['1', '2']);
  assert.deepEqual(await namesBy('C__c', 'PO #{000} of '), ['PO #001 of ', 'PO #002 of ']);
  assert.deepEqual(await namesBy('D__c', "O'Neil \\{0}"), ["O'Neil \\1", "O'Neil \\2"]);
  assert.deepEqual(await namesBy('E__c', '{YYYY}{MM}{DD}-{000}-{YY}'), [
    '20310309-001-31',
    '20310309-002-31',
  ]);
});

test('a text without a number in braces stands before a number of eight digits', async () => {
  assert.deepEqual(await namesBy('F__c', 'S-'), ['S-00000001', 'S-00000002']);
  assert.deepEqual(await namesBy('G__c', ''), ['00000001', '00000002']);
});

test('a number with more digits than its format is written in full', async () => {
  await namesBy('H__c', 'N{00}', 0);
  await org.db.query(sql`SELECT setval('org."H__c.Name number"', 99)`);
  const { json } = await org.request('POST', `${data}/sobjects/H__c`, { body: {} });
  const read = await org.request('GET', `${data}/sobjects/H__c/${(json as { id: string }).id}`);
  assert.equal((read.json as { Name: string }).Name, 'N100');
});

test('records that an object has already are numbered by the day of their own creation', async () => {
  await org.control('/sobjects/create', { name: 'I__c', fields: [] });
  const at = '2029-12-31T10:00:00Z';
  await org.control('/records/generate', { sobject: 'I__c', count: 3, at });
  const field = { name: 'No__c', type: 'string', autoNumber: '{YY}/{0000}' };
  await org.control('/fields/create', { sobject: 'I__c', field });
  await org.control('/records/generate', { sobject: 'I__c', count: 1, at: '2030-01-01T10:00:00Z' });
  await org.request('POST', `${data}/sobjects/I__c`, { body: { Name: 'new' } });
  const soql = encodeURIComponent('SELECT No__c FROM I__c ORDER BY No__c');
  const { records } = (await org.request('GET', `${data}/query?q=${soql}`)).json as { records: object[] };
  assert.deepEqual(
    records.map((record) => (record as { No__c: string }).No__c),
    ['29/0001', '29/0002', '29/0003', '30/0004', '31/0005'],
  );
  const described = await org.request('GET', `${data}/sobjects/I__c/describe`);
  const found = (described.json as { fields: Record<string, unknown>[] }).fields.find(
    ({ name }) => name === 'No__c',
  );
  assert.deepEqual(
    [found?.autoNumber, found?.length, found?.nillable, found?.createable, found?.defaultedOnCreate],
    [true, 30, false, false, true],
  );
  await org.control('/fields/delete', { sobject: 'I__c', name: 'No__c' });
});

test('a format that Salesforce would not accept is refused', async () => {
  for (const nameNumber of ['{}', '{YYYY}', '{0}{0}', '{00000000000}', '{0', '0}', '{1}', '{yy}{0}'])
    await assert.rejects(
      org.control('/sobjects/create', { name: 'Z__c', nameNumber }),
      /\{0\} once.*\{YYYY\}/,
      nameNumber,
    );
});
