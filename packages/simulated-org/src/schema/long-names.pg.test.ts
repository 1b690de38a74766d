import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

/** As long as Salesforce lets it be: a namespace of 15 characters, a name of 40. */
const longest = (word: string) => `fifteen_letters__${word.padEnd(40, 'x')}`;
const parent = `${longest('Parent')}__c`;
const child = `${longest('Child')}__c`;
const key = `${longest('Key')}__c`;
const other = `${longest('Kez')}__c`;
const lookup = `${longest('Lookup')}__c`;
const place = longest('Place');

async function create(sobject: string, values: object): Promise<string> {
  const { status, json, text } = await org.request('POST', `${data}/sobjects/${sobject}`, { body: values });
  assert.equal(status, 201, text);
  return (json as { id: string }).id;
}
const query = async (soql: string) => {
  const { status, json, text } = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
  assert.equal(status, 200, text);
  return (json as { records: Record<string, unknown>[] }).records;
};

test('objects and fields with the longest names that Salesforce allows are defined, described, written and queried', async () => {
  const text = { type: 'string', length: 40, externalId: true, unique: true };
  await org.control('/sobjects/create', {
    name: parent,
    nameNumber: 'P-',
    fields: [
      { name: key, ...text },
      { name: other, ...text },
    ],
  });
  await org.control('/sobjects/create', {
    name: child,
    fields: [
      {
        name: lookup,
        type: 'reference',
        referenceTo: [parent],
        masterDetail: true,
        childRelationshipName: longest('Children'),
      },
      { name: `${longest('Number')}__c`, type: 'string', autoNumber: 'N-' },
      { name: `${place}__c`, type: 'location' },
      { name: `${longest('Home')}__c`, type: 'address' },
    ],
  });
  await org.control('/fields/create', {
    sobject: parent,
    field: {
      name: `${longest('Count')}__c`,
      type: 'double',
      rollUp: { kind: 'count', child, reference: lookup },
    },
  });
  assert.equal(parent.length, 60);

  const described = await org.request('GET', `${data}/sobjects/${child}/describe`);
  const names = (described.json as { fields: { name: string }[] }).fields.map(({ name }) => name);
  assert.ok(names.includes(`${place}__Longitude__s`) && names.includes(lookup));

  const upserted = await org.request('PATCH', `${data}/sobjects/${parent}/${key}/k-1`, {
    body: { [other]: 'o-1' },
  });
  assert.equal(upserted.status, 201, upserted.text);
  const [one] = await query(`SELECT Id FROM ${parent} WHERE ${key} = 'K-1' AND ${other} = 'o-1'`);
  const id = await create(child, {
    Name: 'Child',
    [lookup]: one?.Id,
    [`${place}__Latitude__s`]: 48.4,
    [`${place}__Longitude__s`]: 9.99,
    [`${longest('Home')}__Street__s`]: 'Hauptstraße 1',
    [`${longest('Home')}__State__s`]: 'BW',
    [`${longest('Home')}__GeocodeAccuracy__s`]: 'Street',
  });
  const up = lookup.replace('__c', '__r');
  const [found] = await query(
    `SELECT ${up}.${longest('Count')}__c, ${longest('Number')}__c, ${place}__Longitude__s FROM ${child}`,
  );
  assert.deepEqual(
    [found?.[up], found?.[`${longest('Number')}__c`], found?.[`${place}__Longitude__s`]].map((value) =>
      typeof value === 'object' ? (value as Record<string, unknown>)[`${longest('Count')}__c`] : value,
    ),
    [1, 'N-00000001', 9.99],
  );
  const children = await query(`SELECT (SELECT Id FROM ${longest('Children')}__r) FROM ${parent}`);
  assert.match(JSON.stringify(children), new RegExp(id));
  const { json } = await org.request('GET', `${data}/sobjects/${child}/${id}`);
  assert.deepEqual((json as Record<string, unknown>)[`${place}__c`], { latitude: 48.4, longitude: 9.99 });
  assert.match(JSON.stringify((json as Record<string, unknown>)[`${longest('Home')}__c`]), /"state":"BW"/);
});

test('two long names that begin alike belong to two fields', async () => {
  await org.request('PATCH', `${data}/sobjects/${parent}/${key}/k-2`, { body: { [other]: 'o-2' } });
  for (const [field, value] of [
    [key, 'k-2'],
    [other, 'O-2'],
  ] as const) {
    const refused = await org.request('POST', `${data}/sobjects/${parent}`, { body: { [field]: value } });
    assert.match(refused.text, new RegExp(`"errorCode":"DUPLICATE_VALUE","fields":\\["${field}"\\]`));
  }
});

test('of two writes of one value at the same time, the later one names the field, however long its name', async () => {
  const { id } = await org.control<{ id: string }>('/transactions/open', {
    writes: [{ create: parent, values: { [key]: 'k-3' } }],
  });
  const later = org.request('POST', `${data}/sobjects/${parent}`, { body: { [key]: 'K-3' } });
  await setTimeout(300);
  await org.control('/transactions/commit', { id });
  const { status, json } = await later;
  const [error] = json as { errorCode: string; fields: string[] }[];
  assert.deepEqual([status, error?.errorCode, error?.fields], [400, 'DUPLICATE_VALUE', [key]]);
});

test('a label made of a name leaves the namespace out', async () => {
  const { json } = await org.request('GET', `${data}/sobjects/${parent}/describe`);
  const { label, fields } = json as { label: string; fields: { name: string; label: string }[] };
  assert.deepEqual(
    [label, fields.find(({ name }) => name === key)?.label],
    [parent.slice(17, -3), key.slice(17, -3)],
  );
});

test('a field with a long name is renamed and deleted', async () => {
  const renamed = `${longest('Renamed')}__c`;
  await org.control('/fields/change', {
    sobject: parent,
    name: other,
    field: { name: renamed, type: 'string', length: 30, externalId: true },
  });
  assert.equal((await query(`SELECT Id FROM ${parent} WHERE ${renamed} = 'o-2'`)).length, 1);
  await org.control('/fields/delete', { sobject: child, name: `${place}__c` });
  await org.control('/fields/delete', { sobject: child, name: `${longest('Number')}__c` });
  await create(child, { Name: 'Later', [lookup]: (await query(`SELECT Id FROM ${parent} LIMIT 1`))[0]?.Id });
});

test('a name longer than that is refused, and so is a longer namespace', async () => {
  for (const name of ['x'.repeat(41), 'sixteen_letters_x__Name', 'a__b__c', 'Two__', '_One', 'a___b'])
    await assert.rejects(
      org.control('/sobjects/create', { name: `${name}__c` }),
      /must be a name like Region__c/,
      name,
    );
  await org.control('/sobjects/create', { name: `${'y'.repeat(40)}__c` });
});
