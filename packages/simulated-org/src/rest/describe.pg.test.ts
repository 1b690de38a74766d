import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
interface Described {
  name: string;
  urls: Record<string, string>;
  fields: Record<string, unknown>[];
  childRelationships: Record<string, unknown>[];
  recordTypeInfos: Record<string, unknown>[];
}
const describe = async (sobject: string) =>
  (await org.request('GET', `${data}/sobjects/${sobject}/describe`)).json as Described;

/** The keys of every field of a real describe answer, in its order. */
const fieldKeys =
  'aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup inlineHelpText label length mask maskType name nameField namePointing nillable permissionable picklistValues polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo relationshipName relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique updateable writeRequiresMasterRead';

test('the versions are listed without a token', async () => {
  const answer = await org.request('GET', '/services/data/', { token: null });
  const versions = answer.json as { label: string; version: string; url: string }[];
  assert.deepEqual(versions[0], { label: "Summer '14", url: '/services/data/v31.0', version: '31.0' });
  assert.deepEqual(versions.at(-1), { label: "Winter '27", url: '/services/data/v68.0', version: '68.0' });
});

test('a version lists its resources; a retired one answers 410 and an unknown one 404', async () => {
  const resources = (await org.request('GET', '/services/data/v50.0')).json as Record<string, string>;
  assert.equal(resources.sobjects, '/services/data/v50.0/sobjects');
  assert.ok(resources.identity?.startsWith(`${org.url}/id/${org.orgId}/005`));
  for (const version of ['30.0', '20.0', '7.0']) {
    const { status, json } = await org.request('GET', `/services/data/v${version}/sobjects`);
    assert.deepEqual(
      [version, status, (json as { errorCode: string }[])[0]?.errorCode],
      [version, 410, 'UNSUPPORTED_API_VERSION'],
    );
  }
  assert.equal((await org.request('GET', '/services/data/v99.0/sobjects')).status, 404);
});

test('every version from 31.0 on answers', async () => {
  for (let version = 31; version <= 68; version++) {
    const path = `/services/data/v${version}.0`;
    for (const below of ['', '/sobjects', '/query?q=SELECT+Id+FROM+Account+LIMIT+1'])
      assert.equal((await org.request('GET', `${path}${below}`)).status, 200, path);
  }
});

test('describeGlobal lists all sobjects in order, with the keys of a real org', async () => {
  const { sobjects } = (await org.request('GET', `${data}/sobjects`)).json as { sobjects: Described[] };
  const names = sobjects.map((entry) => entry.name);
  assert.deepEqual(names, names.toSorted());
  assert.ok(names.length > 30 && names.includes('Account') && names.includes('Invoice__c'));
  for (const entry of sobjects) assert.equal(Object.keys(entry).length, 28);
  assert.equal(sobjects[0]?.urls.rowTemplate, `${data}/sobjects/Account/{ID}`);
});

test('every field of every sobject is described with all 57 keys', async () => {
  const { sobjects } = (await org.request('GET', `${data}/sobjects`)).json as { sobjects: Described[] };
  for (const { name } of sobjects) {
    const { fields } = await describe(name);
    for (const field of fields) assert.equal(Object.keys(field).join(' '), fieldKeys);
  }
});

test('the texts of accounts and cases have the lengths of new orgs', async () => {
  const lengthsOf = async (sobject: string) =>
    Object.fromEntries((await describe(sobject)).fields.map(({ name, length }) => [String(name), length]));
  const account = await lengthsOf('Account');
  const expected = {
    255: 'Name Type BillingStreet ShippingStreet Website Industry Ownership Rating AccountSource Tradestyle',
    80: 'BillingState BillingCountry Site SicDesc',
    40: 'BillingCity BillingGeocodeAccuracy Phone Fax AccountNumber CleanStatus',
    20: 'BillingPostalCode Sic TickerSymbol Jigsaw',
  };
  for (const [length, names] of Object.entries(expected))
    for (const name of names.split(' ')) assert.equal(account[name], Number(length), name);
  const case_ = await lengthsOf('Case');
  for (const name of ['Type', 'Status', 'Reason', 'Origin', 'Priority']) assert.equal(case_[name], 255, name);

  const body = { Name: 'n'.repeat(255), Industry: 'i'.repeat(255) };
  assert.equal((await org.request('POST', `${data}/sobjects/Account`, { body })).status, 201);
  const long = await org.request('POST', `${data}/sobjects/Account`, { body: { Name: 'n'.repeat(256) } });
  assert.match(long.text, /STRING_TOO_LONG/);
});

test('record types are the rows of RecordType, and always include Master', async () => {
  const answer = await org.request(
    'GET',
    `${data}/query?q=${encodeURIComponent("SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = 'Account' ORDER BY Id")}`,
  );
  const { records } = answer.json as { records: { Id: string; DeveloperName: string }[] };
  assert.equal(records.length, 2);
  const { recordTypeInfos } = await describe('Account');
  assert.deepEqual(
    recordTypeInfos.map((info) => [info.recordTypeId, info.developerName, info.defaultRecordTypeMapping]),
    [
      ...records.map(({ Id, DeveloperName }, place) => [Id, DeveloperName, place === 0]),
      ['012000000000000AAA', 'Master', false],
    ],
  );
  const [only] = (await describe('Lead')).recordTypeInfos;
  assert.deepEqual([only?.master, only?.defaultRecordTypeMapping], [true, true]);
  assert.deepEqual((await describe('OpportunityContactRole')).recordTypeInfos, []);
});

test('a picklist describes its values, its default, and with which controlling values they are valid', async () => {
  const fields = new Map((await describe('Case')).fields.map((field) => [field.name, field]));
  const status = fields.get('Status');
  assert.equal(status?.defaultValue, 'New');
  const values = fields.get('Topic_Detail__c')?.picklistValues as { value: string; validFor: string }[];
  assert.deepEqual(
    values.map(({ value, validFor }) => [value, validFor]),
    [
      ['Late', 'gAAA'],
      ['Damaged', 'oAAA'],
      ['Wrong amount', 'QAAA'],
      ['Defect', 'IAAA'],
      ['Question', '4AAA'],
    ],
  );
  assert.equal(fields.get('Topic_Detail__c')?.controllerName, 'Topic__c');
  assert.equal(fields.get('Topic_Detail__c')?.dependentPicklist, true);
  const kinds = (await describe('Event')).fields.find((field) => field.name === 'GroupEventType');
  const [kind] = (kinds?.picklistValues ?? []) as { label: string }[];
  assert.equal(kind?.label, 'Non-group Event');
});

test('fields describe their length, precision, compound and target as in a real org', async () => {
  const account = new Map((await describe('Account')).fields.map((field) => [field.name, field]));
  const pick = (name: string, ...keys: string[]) => keys.map((key) => account.get(name)?.[key]);
  assert.deepEqual(pick('Name', 'length', 'byteLength', 'nillable', 'nameField'), [255, 765, false, true]);
  assert.deepEqual(pick('AnnualRevenue', 'precision', 'scale', 'soapType'), [18, 0, 'xsd:double']);
  assert.deepEqual(pick('BillingCity', 'compoundFieldName', 'length'), ['BillingAddress', 40]);
  assert.deepEqual(pick('BillingAddress', 'type', 'soapType', 'createable'), [
    'address',
    'urn:address',
    false,
  ]);
  assert.deepEqual(pick('OwnerId', 'referenceTo', 'relationshipName'), [['User'], 'Owner']);
  assert.deepEqual(pick('External_Id__c', 'externalId', 'unique', 'idLookup', 'custom'), [
    true,
    true,
    true,
    true,
  ]);
  assert.deepEqual(pick('Description', 'length', 'filterable', 'sortable'), [32000, false, false]);
});

test('the two custom objects have a field of every type, one of them a formula', async () => {
  const fields = [...(await describe('Invoice__c')).fields, ...(await describe('Invoice_Line__c')).fields];
  const types = new Set(fields.map((field) => field.type));
  const all =
    'address anyType base64 boolean combobox currency date datetime double email encryptedstring id int json location long multipicklist percent phone picklist reference string textarea time url';
  assert.deepEqual(types, new Set(all.split(' ')));
  const amount = fields.find((field) => field.name === 'Amount__c');
  assert.deepEqual([amount?.calculated, amount?.calculatedFormula], [true, 'Quantity__c * Unit_Price__c']);
  assert.equal(fields.find((field) => field.name === 'Name')?.autoNumber, true);
});

test('a parent lists its child relationships', async () => {
  const { childRelationships } = await describe('Invoice__c');
  assert.deepEqual(childRelationships[0], {
    cascadeDelete: false,
    childSObject: 'Invoice_Line__c',
    deprecatedAndHidden: false,
    field: 'Invoice__c',
    junctionIdListNames: [],
    junctionReferenceTo: [],
    relationshipName: 'Invoice_Lines__r',
    restrictedDelete: false,
  });
});

test('recordCount counts the live records of the sobjects in the request, of an empty one 0, and omits unknown ones', async () => {
  await org.control('/sobjects/create', { name: 'Empty__c' });
  const answer = await org.request('GET', `${data}/limits/recordCount?sObjects=User,Nothing,empty__c`);
  assert.deepEqual(answer.json, {
    sObjects: [
      { count: 3, name: 'User' },
      { count: 0, name: 'Empty__c' },
    ],
  });
});

test('recordCount without names lists the sobjects that have records', async () => {
  const answer = await org.request('GET', `${data}/limits/recordCount`);
  const { sObjects } = answer.json as { sObjects: { count: number; name: string }[] };
  assert.ok(sObjects.some(({ name }) => name === 'Account'));
  assert.ok(sObjects.every(({ count }) => count > 0));
});

test('layouts, list views and other resources of an sobject are not found, rather than taken for an external id', async () => {
  const places = [
    'describe/layouts',
    'describe/layouts/012000000000000AAA',
    'describe/compactLayouts',
    'describe/compactLayouts/primary',
    'describe/approvalLayouts',
    'describe/namedLayouts/UserAlt',
    'listviews',
    'listviews/00BD0000005WcBeMAK/results',
    'quickActions',
    'quickActions/LogACall/describe',
    'defaultValues',
    'suggestedArticles',
    'eventSchema',
    'updated/all',
    'deleted/all',
    '001Hp00000zzzzzIAA/password',
  ];
  for (const place of places) {
    const { status, json } = await org.request('GET', `${data}/sobjects/Account/${place}`);
    assert.deepEqual(
      [place, status, json],
      [place, 404, [{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }]],
    );
  }
});

test('whatever else describe lists below an sobject is served or not found', async () => {
  for (const sobject of ['Account', 'Case', 'User', 'Event']) {
    const { json } = await org.request('GET', `/services/data/v48.0/sobjects/${sobject}/describe`);
    const urls = Object.values((json as { urls: Record<string, string> }).urls);
    for (const url of urls.filter((one) => one.startsWith('/') && !one.includes('{'))) {
      const { status, text } = await org.request('GET', url);
      assert.ok(status === 200 || (status === 404 && text.includes('The requested resource')), url);
    }
  }
});
