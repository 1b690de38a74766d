import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

interface Region {
  Id: string;
  DeveloperName: string;
  SystemModstamp: string;
}

const data = '/services/data/v62.0';
const query = (soql: string) => org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
const found = async (soql: string): Promise<Region[]> => {
  const answer = await query(soql);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { records: Region[] }).records;
};
const refusal = async (soql: string) => {
  const answer = await query(soql);
  const [error] = answer.json as { errorCode: string; message: string }[];
  assert.equal(answer.status, 400, soql);
  assert.equal(error?.errorCode, 'EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION', soql);
  return error?.message;
};

const regions = 'SELECT Id, DeveloperName, SystemModstamp FROM Region__mdt';

test('custom metadata has its own Ids, labels and a stamp, and neither IsDeleted nor an owner', async () => {
  const described = await org.request('GET', `${data}/sobjects/Region__mdt/describe`);
  const { fields, ...facts } = described.json as { fields: { name: string }[] } & Record<string, unknown>;
  assert.deepEqual(
    fields.map(({ name }) => name),
    [
      'Id',
      'DeveloperName',
      'MasterLabel',
      'Language',
      'NamespacePrefix',
      'Label',
      'QualifiedApiName',
      'SystemModstamp',
      'Tax_Rate__c',
      'Currency__c',
    ],
  );
  const { keyPrefix, queryable, retrieveable, replicateable, createable, updateable, deletable, custom } =
    facts;
  assert.deepEqual(
    { keyPrefix, queryable, retrieveable, replicateable, createable, updateable, deletable, custom },
    {
      keyPrefix: 'm00',
      queryable: true,
      retrieveable: true,
      replicateable: false,
      createable: false,
      updateable: false,
      deletable: false,
      custom: true,
    },
  );
  const all = await found(regions);
  assert.equal(all.length, 36);
  assert.ok(all.every(({ Id }) => Id.startsWith('m00')));
  const read = await org.request('GET', `${data}/sobjects/Region__mdt/${all[0]?.Id}`);
  const { Label, MasterLabel, QualifiedApiName, DeveloperName, NamespacePrefix } = read.json as Record<
    string,
    unknown
  >;
  assert.deepEqual([Label, QualifiedApiName, NamespacePrefix], [MasterLabel, DeveloperName, null]);
});

test('the API cannot write custom metadata', async () => {
  const [region] = await found(regions);
  const path = `${data}/sobjects/Region__mdt`;
  assert.equal((await org.request('POST', path, { body: {} })).status, 400);
  assert.equal((await org.request('PATCH', `${path}/${region?.Id}`, { body: {} })).status, 400);
  assert.equal((await org.request('DELETE', `${path}/${region?.Id}`)).status, 405);
});

test('custom metadata is filtered by comparisons joined by AND, and by one of several values', async () => {
  const all = await found(`${regions} ORDER BY SystemModstamp, Id`);
  const [, second, , fourth] = all;
  assert.ok(second && fourth);
  const later = all.filter(({ SystemModstamp }) => SystemModstamp > second.SystemModstamp);
  const stamp = second.SystemModstamp.replace('+0000', 'Z');
  assert.deepEqual(
    await found(`${regions} WHERE SystemModstamp > ${stamp} ORDER BY SystemModstamp, Id`),
    later,
  );
  assert.deepEqual(await found(`${regions} r WHERE r.SystemModstamp = ${stamp} AND r.Id >= '${second.Id}'`), [
    second,
  ]);
  assert.equal((await found(`${regions} WHERE Id IN ('${second.Id}', '${fourth.Id}')`)).length, 2);
  assert.equal((await found(`${regions} WHERE Id NOT IN ('${second.Id}')`)).length, 35);
  assert.equal((await found(`${regions} WHERE DeveloperName != 'Japan_East'`)).length, 35);
  assert.equal(
    (await found(`${regions} WHERE DeveloperName = 'Japan_East' OR DeveloperName LIKE 'India%'`)).length,
    5,
  );
});

test('custom metadata refuses alternatives of two fields, or of anything but = and LIKE', async () => {
  const stamp = '2020-01-01T00:00:00Z';
  for (const where of [
    "DeveloperName = 'Japan_East' OR MasterLabel = 'Japan East'",
    `SystemModstamp > ${stamp} OR (SystemModstamp = ${stamp} AND Id > 'm00000000000001')`,
    `SystemModstamp > ${stamp} OR SystemModstamp = ${stamp}`,
    "Currency__c = 'EUR' AND (Tax_Rate__c = 19 OR Language = 'de')",
  ])
    assert.equal(await refusal(`${regions} WHERE ${where}`), 'Disjunctions not supported', where);
});

test('custom metadata refuses counts, groups, LIMIT, OFFSET, NOT, and ordering by a field that is not selected', async () => {
  assert.equal(await refusal('SELECT COUNT() FROM Region__mdt'), 'COUNT() query could not be processed');
  const message =
    'The requested operation is not yet supported by this SObject storage type, contact salesforce.com support for more information.';
  for (const soql of [
    'SELECT COUNT(Id) FROM Region__mdt',
    'SELECT MAX(SystemModstamp) FROM Region__mdt',
    'SELECT Currency__c FROM Region__mdt GROUP BY Currency__c',
    `${regions} LIMIT 5`,
    `${regions} ORDER BY Id LIMIT 5 OFFSET 5`,
    `${regions} WHERE NOT DeveloperName = 'Japan_East'`,
    `${regions} ORDER BY MasterLabel`,
  ])
    assert.equal(await refusal(soql), message, soql);
});

test('a deployment creates, changes and removes custom metadata, with its own stamp', async () => {
  const before = await found(regions);
  const { ids } = await org.control<{ ids: string[] }>('/metadata/deploy', {
    sobject: 'Region__mdt',
    records: [
      { developerName: 'Chile_North', values: { Tax_Rate__c: 19 } },
      { developerName: 'Japan_East', values: { Tax_Rate__c: 8.5 } },
    ],
    removed: ['India_West'],
  });
  const [made, changed] = await found(
    `SELECT Id, DeveloperName, SystemModstamp, MasterLabel, Tax_Rate__c FROM Region__mdt WHERE Id IN ('${ids.join("', '")}') ORDER BY DeveloperName`,
  );
  assert.deepEqual(
    [made, changed].map((one) => {
      const { DeveloperName, MasterLabel, Tax_Rate__c: rate } = one as unknown as Record<string, unknown>;
      return [DeveloperName, MasterLabel, rate];
    }),
    [
      ['Chile_North', 'Chile North', 19],
      ['Japan_East', 'Japan East', 8.5],
    ],
  );
  assert.equal(changed?.Id, before.find(({ DeveloperName }) => DeveloperName === 'Japan_East')?.Id);
  const newest =
    before
      .map(({ SystemModstamp }) => SystemModstamp)
      .toSorted()
      .at(-1) ?? '';
  assert.ok([made, changed].every((one) => one && one.SystemModstamp > newest));
  assert.deepEqual(await found(`${regions} WHERE DeveloperName = 'India_West'`), []);
  await assert.rejects(org.control('/metadata/deploy', { sobject: 'Account' }), /not a custom metadata type/);
});
