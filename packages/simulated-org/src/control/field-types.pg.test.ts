import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

async function create(values: object): Promise<string> {
  const { status, json, text } = await org.request('POST', `${data}/sobjects/Account`, { body: values });
  assert.equal(status, 201, text);
  return (json as { id: string }).id;
}

/** The field's value and the record's stamp, by a query. */
async function read(id: string, name: string): Promise<{ value: unknown; stamp: string }> {
  const soql = `SELECT ${name}, SystemModstamp FROM Account WHERE Id = '${id}'`;
  const { json, text } = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
  const [record] = (json as { records: Record<string, unknown>[] }).records;
  assert.ok(record, text);
  return { value: record[name], stamp: String(record.SystemModstamp) };
}

const typeOf = async (name: string) => {
  const { json } = await org.request('GET', `${data}/sobjects/Account/describe`);
  return (json as { fields: { name: string; type: string }[] }).fields.find((one) => one.name === name)?.type;
};

const created = (field: object) => org.control('/fields/create', { sobject: 'Account', field });
const changed = (field: { name: string; type: string } & Record<string, unknown>) =>
  org.control('/fields/change', { sobject: 'Account', name: field.name, field });

test('a formula changed to text returns text at once, and no record gets a new stamp', async () => {
  const name = 'Size__c';
  await created({ name, type: 'double', scale: 0, formula: 'NumberOfEmployees * 2' });
  const id = await create({ Name: 'Two', NumberOfEmployees: 21 });
  const before = await read(id, name);
  assert.equal(before.value, 42);

  await changed({ name, type: 'string', formula: 'IF(NumberOfEmployees > 10, "large", "small")' });
  assert.equal(await typeOf(name), 'string');
  assert.deepEqual(await read(id, name), { value: 'large', stamp: before.stamp });

  await changed({ name, type: 'boolean', formula: 'NumberOfEmployees > 10' });
  assert.deepEqual(await read(id, name), { value: true, stamp: before.stamp });
});

test('a whole-number field changed to text keeps its digits, and returns text', async () => {
  const name = 'Count__c';
  await created({ name, type: 'int' });
  const id = await create({ Name: 'Counted', [name]: 1200 });
  const before = await read(id, name);
  assert.equal(before.value, 1200);

  await changed({ name, type: 'string', length: 40 });
  assert.deepEqual(await read(id, name), { value: '1200', stamp: before.stamp });
  await org.control('/records/changeSilently', { id, values: { [name]: 'many' } });
  await changed({ name, type: 'int' });
  assert.deepEqual(
    await read(id, name),
    { value: null, stamp: before.stamp },
    'a value that is not a number is lost',
  );
});

test('a date field changed to a datetime loses its values, as Salesforce warns, but a formula does not', async () => {
  const stored = 'Due__c';
  await created({ name: stored, type: 'date' });
  const made = 'Born__c';
  await created({ name: made, type: 'date', formula: 'DATEVALUE(CreatedDate)' });
  const id = await create({ Name: 'Dated', [stored]: '2026-03-01' });
  assert.equal((await read(id, stored)).value, '2026-03-01');
  assert.match(String((await read(id, made)).value), /^\d{4}-\d\d-\d\d$/);

  await changed({ name: stored, type: 'datetime' });
  await changed({ name: made, type: 'datetime', formula: 'CreatedDate' });
  assert.equal((await read(id, stored)).value, null);
  assert.match(String((await read(id, made)).value), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
  await org.control('/records/changeSilently', { id, values: { [stored]: '2026-03-01T12:00:00Z' } });
  assert.equal((await read(id, stored)).value, '2026-03-01T12:00:00.000+0000');
});
