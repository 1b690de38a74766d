import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, openWorld, type World } from '@lockstep/harness/world';

const rowOf = async (world: World, table: 'account' | 'invoice_line__c', id: string) => {
  const rows =
    table === 'account'
      ? await world.reader.query(sql`SELECT * FROM salesforce.account WHERE id = ${id}`)
      : await world.reader.query(sql`SELECT * FROM salesforce.invoice_line__c WHERE id = ${id}`);
  return rows[0] as Record<string, string | null> | undefined;
};

const idIn = (text: string) => (JSON.parse(text) as { id: string }).id;

test('a write is visible to SQL when its answer arrives, while polls and a first copy run', async () => {
  await using world = await openWorld({
    org: { records: 20_000, activityPerSecond: 20 },
    sobjects: ['Account', 'Contact', 'Lead', 'Opportunity', 'Invoice__c', 'Invoice_Line__c'],
  });
  world.startWorker();

  const ids: string[] = [];
  for (let turn = 0; turn < 200; turn++) {
    const name = `Written ${turn}`;
    const known = ids[turn % 7];
    if (known === undefined || turn % 5 === 0) {
      const created = await world.call('POST', `${dataPath}/sobjects/Account`, { Name: name });
      assert.equal(created.status, 201);
      assert.equal(created.headers.get('lockstep-applied'), 'yes');
      const id = idIn(created.text);
      ids.unshift(id);
      assert.equal((await rowOf(world, 'account', id))?.name, name);
    } else if (turn % 11 === 0) {
      const deleted = await world.call('DELETE', `${dataPath}/sobjects/Account/${known}`);
      assert.equal(deleted.status, 204);
      assert.equal(deleted.headers.get('lockstep-applied'), 'yes');
      assert.equal(await rowOf(world, 'account', known), undefined);
      ids.splice(ids.indexOf(known), 1);
    } else {
      const changed = await world.call('PATCH', `${dataPath}/sobjects/Account/${known}`, { Name: name });
      assert.equal(changed.status, 204);
      assert.equal(changed.headers.get('lockstep-applied'), 'yes');
      assert.equal((await rowOf(world, 'account', known))?.name, name);
    }
  }
});

test('what triggers and formulas fill in is there with the write', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Invoice__c', 'Invoice_Line__c'] });
  const invoice = await world.call('POST', `${dataPath}/sobjects/Invoice__c`, {});
  const line = await world.call('POST', `${dataPath}/sobjects/Invoice_Line__c`, {
    Invoice__c: idIn(invoice.text),
    Quantity__c: 3,
    Unit_Price__c: 2.5,
  });
  assert.equal(line.headers.get('lockstep-applied'), 'yes', line.text);
  const row = await rowOf(world, 'invoice_line__c', idIn(line.text));
  assert.equal(Number(row?.amount__c), 7.5);
  assert.notEqual(row?.systemmodstamp, null);
});

test('a failed write changes nothing and passes with Salesforce’s own words', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Account'] });
  const answer = await world.call('POST', `${dataPath}/sobjects/Account`, { Industry: 'Energy' });
  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get('lockstep-applied'), 'no');
  assert.match(answer.text, /REQUIRED_FIELD_MISSING/);
  const malformed = await world.call(
    'PATCH',
    `${dataPath}/sobjects/Account/001000000000000AAA`,
    'not an object',
  );
  assert.equal(malformed.status, 400);
  assert.deepEqual(await world.reader.query(sql`SELECT id FROM salesforce.account`), []);
});

test('an upsert by external id is read back whichever way it went', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Account'] });
  const path = `${dataPath}/sobjects/Account/External_Id__c/EXT-1`;
  const created = await world.call('PATCH', path, { Name: 'First' });
  assert.equal(created.status, 201);
  const id = idIn(created.text);
  assert.equal((await rowOf(world, 'account', id))?.name, 'First');
  const updated = await world.call('PATCH', path, { Name: 'Second' });
  assert.equal(updated.status, 200);
  assert.equal((await rowOf(world, 'account', id))?.name, 'Second');
});

test('an exact number goes through a write and comes out of SQL digit for digit', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Account'] });
  const created = await world.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Rich' });
  const id = idIn(created.text);
  const answer = await fetch(`${world.base}${dataPath}/sobjects/Account/${id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${await world.org.token('demo')}`, 'content-type': 'application/json' },
    body: '{"AnnualRevenue": 9007199254740993.10}',
  });
  assert.equal(answer.status, 204);
  assert.equal(Number((await rowOf(world, 'account', id))?.annualrevenue === '9007199254740993.10'), 1);
});
