import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

const rowOf = async (harness: EndToEndHarness, table: 'account' | 'invoice_line__c', id: string) => {
  const rows =
    table === 'account'
      ? await harness.reader.query(sql`SELECT * FROM salesforce.account WHERE id = ${id}`)
      : await harness.reader.query(sql`SELECT * FROM salesforce.invoice_line__c WHERE id = ${id}`);
  return rows[0] as Record<string, string | null> | undefined;
};

const idIn = (text: string) => (JSON.parse(text) as { id: string }).id;

test('a write is visible to SQL when its answer arrives, while polls and a backfill run', async () => {
  await using harness = await openEndToEndHarness({
    org: { records: 20_000, activityPerSecond: 20 },
    sobjects: ['Account', 'Contact', 'Lead', 'Opportunity', 'Invoice__c', 'Invoice_Line__c'],
  });
  harness.startWorker();

  const ids: string[] = [];
  for (let turn = 0; turn < 200; turn++) {
    const name = `Written ${turn}`;
    const known = ids[turn % 7];
    if (known === undefined || turn % 5 === 0) {
      const created = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: name });
      assert.equal(created.status, 201);
      assert.equal(created.headers.get('lockstep-applied'), 'yes');
      const id = idIn(created.text);
      ids.unshift(id);
      assert.equal((await rowOf(harness, 'account', id))?.name, name);
    } else if (turn % 11 === 0) {
      const deleted = await harness.call('DELETE', `${dataPath}/sobjects/Account/${known}`);
      assert.equal(deleted.status, 204);
      assert.equal(deleted.headers.get('lockstep-applied'), 'yes');
      assert.equal(await rowOf(harness, 'account', known), undefined);
      ids.splice(ids.indexOf(known), 1);
    } else {
      const changed = await harness.call('PATCH', `${dataPath}/sobjects/Account/${known}`, { Name: name });
      assert.equal(changed.status, 204);
      assert.equal(changed.headers.get('lockstep-applied'), 'yes');
      assert.equal((await rowOf(harness, 'account', known))?.name, name);
    }
  }
});

test('values that triggers and formulas fill in are visible with the write', async () => {
  await using harness = await openEndToEndHarness({
    org: { records: 300 },
    sobjects: ['Invoice__c', 'Invoice_Line__c'],
  });
  const invoice = await harness.call('POST', `${dataPath}/sobjects/Invoice__c`, {});
  const line = await harness.call('POST', `${dataPath}/sobjects/Invoice_Line__c`, {
    Invoice__c: idIn(invoice.text),
    Quantity__c: 3,
    Unit_Price__c: 2.5,
  });
  assert.equal(line.headers.get('lockstep-applied'), 'yes', line.text);
  const row = await rowOf(harness, 'invoice_line__c', idIn(line.text));
  assert.equal(Number(row?.amount__c), 7.5);
  assert.notEqual(row?.systemmodstamp, null);
});

test('a failed write changes nothing and is answered in Salesforce’s own words', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  const answer = await harness.call('POST', `${dataPath}/sobjects/Account`, { Industry: 'Energy' });
  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get('lockstep-applied'), 'no');
  assert.match(answer.text, /REQUIRED_FIELD_MISSING/);
  const malformed = await harness.call(
    'PATCH',
    `${dataPath}/sobjects/Account/001000000000000AAA`,
    'not an object',
  );
  assert.equal(malformed.status, 400);
  assert.deepEqual(await harness.reader.query(sql`SELECT id FROM salesforce.account`), []);
});

test('an upsert by external id is read back whether it created or updated', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  const path = `${dataPath}/sobjects/Account/External_Id__c/EXT-1`;
  const created = await harness.call('PATCH', path, { Name: 'First' });
  assert.equal(created.status, 201);
  const id = idIn(created.text);
  assert.equal((await rowOf(harness, 'account', id))?.name, 'First');
  const updated = await harness.call('PATCH', path, { Name: 'Second' });
  assert.equal(updated.status, 200);
  assert.equal((await rowOf(harness, 'account', id))?.name, 'Second');
});

test('an exact number written through the proxy is in SQL digit for digit', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  const created = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Rich' });
  const id = idIn(created.text);
  const answer = await fetch(`${harness.base}${dataPath}/sobjects/Account/${id}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${await harness.org.token('demo')}`,
      'content-type': 'application/json',
    },
    body: '{"AnnualRevenue": 9007199254740993.1}',
  });
  assert.equal(answer.status, 204);
  assert.equal((await rowOf(harness, 'account', id))?.annualrevenue, '9007199254740993.1');
});
