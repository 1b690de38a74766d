import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 400 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

type Field = { name: string; type: string; length: number; label: string } & Record<string, unknown>;
const describe = async (sobject: string) => {
  const { status, json } = await org.request('GET', `${data}/sobjects/${sobject}/describe`);
  return status === 200 ? (json as { keyPrefix: string; fields: Field[] }) : undefined;
};
const field = async (sobject: string, name: string) =>
  (await describe(sobject))?.fields.find((one) => one.name === name);

const query = async (soql: string) =>
  (await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`)).json as {
    totalSize: number;
    records: Record<string, unknown>[];
  };
const errorOf = async (soql: string) =>
  (
    (await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`)).json as { errorCode: string }[]
  )[0]?.errorCode;

async function create(sobject: string, values: object): Promise<string> {
  const { status, json, text } = await org.request('POST', `${data}/sobjects/${sobject}`, { body: values });
  assert.equal(status, 201, text);
  return (json as { id: string }).id;
}

const refusal = (path: string, body: object) =>
  org.control(path, body).then(
    () => assert.fail(`${path} was accepted`),
    (error: Error) => error.message,
  );

test('a custom object exists at once: described, written, queried, counted and found by its Ids', async () => {
  await org.control('/sobjects/create', {
    name: 'Shop__c',
    nameNumber: 'S-',
    fields: [
      { name: 'City__c', type: 'string', length: 40, required: true },
      { name: 'Code__c', type: 'string', length: 20, externalId: true, unique: true },
      { name: 'Open__c', type: 'boolean', defaultValue: true },
      { name: 'Place__c', type: 'location' },
      { name: 'Account__c', type: 'reference', referenceTo: ['Account'], childRelationshipName: 'Shops' },
    ],
  });
  const { json } = await org.request('GET', `${data}/sobjects`);
  assert.ok((json as { sobjects: { name: string }[] }).sobjects.some(({ name }) => name === 'Shop__c'));
  const account = await create('Account', { Name: 'Owner of shops' });
  const id = await create('Shop__c', {
    City__c: 'Ulm',
    Code__c: 'u-1',
    Account__c: account,
    Place__Latitude__s: 48.4,
  });
  assert.ok(id.startsWith((await describe('Shop__c'))?.keyPrefix ?? 'none'));
  const { records } = await query('SELECT Name, City__c, Open__c, Account__r.Name FROM Shop__c');
  assert.deepEqual(
    records.map(({ attributes: _, Account__r: parent, ...rest }) => [
      rest,
      (parent as { Name: string }).Name,
    ]),
    [[{ Name: 'S-00000001', City__c: 'Ulm', Open__c: true }, 'Owner of shops']],
  );
  const parents = await query(
    `SELECT Id, (SELECT Code__c FROM Shops__r) FROM Account WHERE Id = '${account}'`,
  );
  assert.deepEqual(
    parents.records.map(({ Shops__r: shops }) => (shops as { totalSize: number }).totalSize),
    [1],
  );
  const missing = await org.request('POST', `${data}/sobjects/Shop__c`, { body: { Code__c: 'u-2' } });
  assert.match(missing.text, /REQUIRED_FIELD_MISSING/);
  const twice = await org.request('POST', `${data}/sobjects/Shop__c`, {
    body: { City__c: 'Ulm', Code__c: 'U-1' },
  });
  assert.match(twice.text, /DUPLICATE_VALUE/);
});

test('a case-sensitive external id distinguishes values that differ in case', async () => {
  await org.control('/fields/create', {
    sobject: 'Account',
    field: {
      name: 'Exact__c',
      type: 'string',
      length: 20,
      externalId: true,
      unique: true,
      caseSensitive: true,
    },
  });
  const upper = await create('Account', { Name: 'A', Exact__c: 'ABC' });
  const lower = await create('Account', { Name: 'a', Exact__c: 'abc' });
  const found = await org.request('GET', `${data}/sobjects/Account/Exact__c/abc?fields=Name`);
  assert.deepEqual([(found.json as { Id: string }).Id, upper === lower], [lower, false]);
  assert.equal((await field('Account', 'Exact__c'))?.caseSensitive, true);
});

test('an added field is null in old records, accepts values, and changes no stamp', async () => {
  const before = await query('SELECT Id, SystemModstamp FROM Account ORDER BY SystemModstamp DESC LIMIT 1');
  await org.control('/fields/create', {
    sobject: 'Account',
    field: { name: 'Region__c', type: 'string', length: 40 },
  });
  assert.equal((await query('SELECT Id FROM Account WHERE Region__c != null')).totalSize, 0);
  const id = await create('Account', { Name: 'North', Region__c: 'N' });
  assert.deepEqual(
    (await query("SELECT Name FROM Account WHERE Region__c = 'n'")).records.map(({ Name }) => Name),
    ['North'],
  );
  const after = await query(
    `SELECT Id, SystemModstamp FROM Account WHERE Id != '${id}' ORDER BY SystemModstamp DESC LIMIT 1`,
  );
  assert.deepEqual(after.records, before.records);
});

test('describe shows by Last-Modified that definitions changed', async () => {
  const first = await org.request('GET', `${data}/sobjects/Contact/describe`);
  const since = { 'If-Modified-Since': first.headers.get('last-modified') ?? '' };
  await org.control('/clock/advance', { ms: 2000 });
  assert.equal(
    (await org.request('GET', `${data}/sobjects/Contact/describe`, { headers: since })).status,
    304,
  );
  await org.control('/fields/create', { sobject: 'Contact', field: { name: 'Badge__c', type: 'string' } });
  assert.equal(
    (await org.request('GET', `${data}/sobjects/Contact/describe`, { headers: since })).status,
    200,
  );
});

test('a field changes its type, length and name; values that do not fit become null', async () => {
  await org.control('/fields/create', {
    sobject: 'Lead',
    field: { name: 'Score__c', type: 'string', length: 40 },
  });
  await create('Lead', { LastName: 'Ten', Company: 'C', Score__c: '10.5' });
  await create('Lead', { LastName: 'Word', Company: 'C', Score__c: 'ten' });
  await org.control('/fields/change', {
    sobject: 'Lead',
    name: 'Score__c',
    field: { name: 'Points__c', type: 'double', precision: 10, scale: 2 },
  });
  const { records } = await query(
    "SELECT LastName, Points__c FROM Lead WHERE LastName IN ('Ten','Word') ORDER BY LastName",
  );
  assert.deepEqual(
    records.map(({ LastName, Points__c }) => [LastName, Points__c]),
    [
      ['Ten', 10.5],
      ['Word', null],
    ],
  );
  assert.equal(await errorOf('SELECT Score__c FROM Lead'), 'INVALID_FIELD');
  const described = await field('Lead', 'Points__c');
  assert.deepEqual([described?.type, described?.precision, described?.scale], ['double', 10, 2]);
});

test('a deleted field or object is unknown from then on, also after a restart', async () => {
  await org.control('/sobjects/create', { name: 'Gone__c' });
  await org.control('/fields/create', {
    sobject: 'Contact',
    field: { name: 'Gone__c', type: 'reference', referenceTo: ['Gone__c'] },
  });
  await org.control('/sobjects/delete', { sobject: 'Gone__c' });
  assert.equal(await describe('Gone__c'), undefined);
  assert.equal(await errorOf('SELECT Id FROM Gone__c'), 'INVALID_TYPE');
  assert.equal(await field('Contact', 'Gone__c'), undefined);
  await org.control('/fields/create', { sobject: 'Contact', field: { name: 'Kept__c', type: 'date' } });
  await org.restart();
  assert.equal(await describe('Gone__c'), undefined);
  assert.equal((await field('Contact', 'Kept__c'))?.type, 'date');
  await org.control('/fields/delete', { sobject: 'Contact', name: 'kept__c' });
  assert.equal(await errorOf('SELECT Kept__c FROM Contact'), 'INVALID_FIELD');
});

test('a detail requires its master, has no owner, and is deleted and undeleted with its master', async () => {
  await org.control('/sobjects/create', { name: 'Order__c' });
  await org.control('/sobjects/create', {
    name: 'Item__c',
    fields: [
      {
        name: 'Order__c',
        type: 'reference',
        referenceTo: ['Order__c'],
        masterDetail: true,
        childRelationshipName: 'Items',
      },
    ],
  });
  const order = await create('Order__c', { Name: 'One' });
  const item = await create('Item__c', { Name: 'First', Order__c: order });
  assert.equal(await field('Item__c', 'OwnerId'), undefined);
  assert.match(
    (await org.request('POST', `${data}/sobjects/Item__c`, { body: { Name: 'x' } })).text,
    /Order__c/,
  );
  await org.request('DELETE', `${data}/sobjects/Order__c/${order}`);
  assert.equal((await org.request('GET', `${data}/sobjects/Item__c/${item}`)).status, 404);
  await org.control('/records/undelete', { ids: [order] });
  assert.equal((await org.request('GET', `${data}/sobjects/Item__c/${item}`)).status, 200);
});

test('an object of eight hundred fields is described, written, read and queried', async () => {
  const fields = Array.from({ length: 800 }, (_, i) => ({
    name: `Field_${i}__c`,
    type: 'string',
    length: 20,
  }));
  await org.control('/sobjects/create', { name: 'Wide__c', fields });
  const values = Object.fromEntries(fields.map(({ name }, i) => [name, `value ${i}`]));
  const id = await create('Wide__c', { Name: 'W', ...values });
  const read = await org.request('GET', `${data}/sobjects/Wide__c/${id}`);
  assert.equal((read.json as Record<string, unknown>).Field_799__c, 'value 799');
  const soql = `SELECT ${fields.map(({ name }) => name).join(',')} FROM Wide__c`;
  const { json } = await org.request('POST', `${data}/composite`, {
    body: {
      compositeRequest: [
        { method: 'GET', referenceId: 'q', url: `${data}/query?q=${encodeURIComponent(soql)}` },
      ],
    },
  });
  const [answer] = (json as { compositeResponse: { body: { records: Record<string, unknown>[] } }[] })
    .compositeResponse;
  assert.equal(answer?.body.records[0]?.Field_0__c, 'value 0');
});

test('an impossible definition is refused with a reason, and nothing of it is created', async () => {
  const text = (name: string) => ({ name, type: 'string' });
  assert.match(await refusal('/sobjects/create', { name: 'Account' }), /must be a name like Region__c/);
  assert.match(
    await refusal('/fields/create', { sobject: 'Nowhere', field: text('A__c') }),
    /no sobject "?Nowhere/,
  );
  assert.match(
    await refusal('/fields/create', { sobject: 'Account', field: { name: 'A__c', type: 'reference' } }),
    /referenceTo/,
  );
  assert.match(
    await refusal('/fields/create', {
      sobject: 'Account',
      field: { name: 'A__c', type: 'reference', referenceTo: ['None__c'] },
    }),
    /there is no sobject None__c/,
  );
  assert.match(
    await refusal('/fields/create', { sobject: 'Account', field: { ...text('A__c'), required: true } }),
    /has records/,
  );
  assert.match(await refusal('/fields/delete', { sobject: 'Account', name: 'Industry' }), /standard field/);
  assert.match(
    await refusal('/sobjects/create', { name: 'Twice__c', fields: [text('A__c'), text('a__c')] }),
    /two fields a__c/,
  );
  assert.equal(await describe('Twice__c'), undefined);
  assert.equal(await field('Account', 'A__c'), undefined);
});

test('a cross-object formula follows its parent, and a roll-up its children, without an error in between', async () => {
  await org.control('/sobjects/create', { name: 'Basket__c' });
  await org.control('/sobjects/create', {
    name: 'Fruit__c',
    fields: [
      { name: 'Basket__c', type: 'reference', referenceTo: ['Basket__c'], masterDetail: true },
      { name: 'Weight__c', type: 'double', precision: 8, scale: 2 },
    ],
  });
  const basket = await create('Basket__c', { Name: 'Red' });
  const fruit = await create('Fruit__c', { Name: 'Apple', Basket__c: basket, Weight__c: 1.5 });
  await org.control('/fields/create', {
    sobject: 'Fruit__c',
    field: { name: 'Place__c', type: 'string', formula: 'Name & " in " & Basket__r.Name' },
  });
  await org.control('/fields/create', {
    sobject: 'Basket__c',
    field: {
      name: 'Weight__c',
      type: 'double',
      rollUp: { kind: 'sum', child: 'Fruit__c', reference: 'Basket__c', field: 'Weight__c' },
    },
  });
  await create('Fruit__c', { Name: 'Pear', Basket__c: basket, Weight__c: 2 });
  const { records } = await query(`SELECT Place__c, Basket__r.Weight__c FROM Fruit__c WHERE Id = '${fruit}'`);
  assert.deepEqual(
    records.map(({ Place__c, Basket__r: parent }) => [Place__c, (parent as { Weight__c: number }).Weight__c]),
    [['Apple in Red', 3.5]],
  );
  await org.request('PATCH', `${data}/sobjects/Basket__c/${basket}`, { body: { Name: 'Blue' } });
  assert.equal((await query("SELECT Id FROM Fruit__c WHERE Place__c = 'Apple in Blue'")).totalSize, 1);
  const broken = { name: 'Broken__c', type: 'string', formula: 'Nothing__c & "x"' };
  assert.match(
    await refusal('/fields/create', { sobject: 'Fruit__c', field: broken }),
    /Nothing__c does not exist/,
  );
  assert.match(await refusal('/fields/delete', { sobject: 'Fruit__c', name: 'Weight__c' }), /Weight__c/);
});

test('a validation rule refuses a write, and a field that it needs cannot be removed', async () => {
  await org.control('/sobjects/create', {
    name: 'Ticket__c',
    fields: [{ name: 'Price__c', type: 'double' }],
  });
  await org.control('/rules', {
    validationRules: [
      {
        sobject: 'Ticket__c',
        name: 'Positive',
        condition: 'Price__c < 0',
        message: 'Not below zero.',
        field: 'Price__c',
      },
    ],
  });
  const refused = await org.request('POST', `${data}/sobjects/Ticket__c`, {
    body: { Name: 'T', Price__c: -1 },
  });
  assert.deepEqual(refused.json, [
    { message: 'Not below zero.', errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', fields: ['Price__c'] },
  ]);
  assert.match(
    await refusal('/fields/delete', { sobject: 'Ticket__c', name: 'Price__c' }),
    /a rule does not fit/,
  );
  assert.match(
    await refusal('/rules', {
      validationRules: [{ sobject: 'Ticket__c', name: 'X', condition: '1 +', message: 'm' }],
    }),
    /validationRules/,
  );
  await org.control('/rules', {});
  await create('Ticket__c', { Name: 'T', Price__c: -1 });
});

test('a renamed field or object keeps its DurableId, and one that is made again has another', async () => {
  await org.control('/sobjects/create', { name: 'Ship__c', fields: [{ name: 'Mast__c', type: 'double' }] });
  const ship = await create('Ship__c', { Name: 'S', Mast__c: 3 });
  await create('Ship__c', { Name: 'Gone' }).then((id) =>
    org.request('DELETE', `${data}/sobjects/Ship__c/${id}`),
  );
  const idsOf = async (sobject: string) => {
    const { records } = await query(
      `SELECT Id, QualifiedApiName, DurableId, EntityDefinition.DurableId FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName IN ('${sobject}')`,
    );
    const custom = records.filter(({ QualifiedApiName }) => String(QualifiedApiName).endsWith('__c'));
    return custom.map(({ QualifiedApiName, DurableId, EntityDefinition: of }) => [
      QualifiedApiName,
      DurableId,
      (of as { DurableId: string }).DurableId,
    ]);
  };
  const [[, field, object] = []] = await idsOf('Ship__c');
  assert.match(String(object), /^01I\w{12}$/);
  assert.match(String(field), new RegExp(`^${String(object)}\\.00N\\w{12}$`));
  const pole = { name: 'Pole__c', type: 'double' };
  await org.control('/fields/change', { sobject: 'Ship__c', name: 'Mast__c', field: pole });
  assert.deepEqual(await idsOf('Ship__c'), [['Pole__c', field, object]]);
  await org.control('/sobjects/rename', { sobject: 'Ship__c', to: 'Boat__c' });
  assert.deepEqual(await idsOf('Boat__c'), [['Pole__c', field, object]]);
  const { records } = await query(
    `SELECT QualifiedApiName FROM EntityDefinition WHERE DurableId = '${String(object)}'`,
  );
  assert.deepEqual(
    records.map(({ QualifiedApiName }) => QualifiedApiName),
    ['Boat__c'],
  );
  assert.equal(await errorOf('SELECT Id FROM Ship__c'), 'INVALID_TYPE');
  assert.deepEqual(
    (await query('SELECT Id, Pole__c FROM Boat__c')).records.map(({ Id, Pole__c }) => [Id, Pole__c]),
    [[ship, 3]],
  );
  await org.control('/fields/delete', { sobject: 'Boat__c', name: 'Pole__c' });
  await org.control('/fields/create', { sobject: 'Boat__c', field: pole });
  assert.notEqual((await idsOf('Boat__c'))[0]?.[1], field);
  const [standard] = (
    await query(
      "SELECT QualifiedApiName, DurableId FROM FieldDefinition WHERE DurableId = 'Account.Industry'",
    )
  ).records;
  assert.equal(standard?.QualifiedApiName, 'Industry');
  assert.equal(await errorOf('SELECT DurableId FROM FieldDefinition'), 'MALFORMED_QUERY');
});
