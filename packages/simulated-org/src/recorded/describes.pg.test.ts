import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { noRecordings } from '@lockstep/harness/recorded-fixtures';
import {
  compareFacts,
  compareNamed,
  type Describe,
  type Difference,
  describeOf,
  type Facts,
  type Field,
  readFacts,
  table,
} from './test-describe.ts';
import { unjustified } from './test-describe-differences.ts';
import { sobjectNames } from './test-rows.ts';

const org = noRecordings ? undefined : await startOrg({ records: 100 });
after(() => org?.[Symbol.asyncDispose]());
const skip = noRecordings;

const described = ['Account', 'Case', 'Contact', 'Event', 'Lead', 'Opportunity', 'OpportunityContactRole'];

/** The recording's version; where it was made anonymous it was one of 2022. */
const versionOf = ({ urls }: Describe): string => /\/(v\d+\.0)\//.exec(String(urls.sobject))?.[1] ?? 'v56.0';

for (const sobject of described) {
  test(`${sobject} is described as in a real org`, { skip }, async (t) => {
    assert(org);
    const recorded = readFacts(`describe/cumulusci-${sobject}.json`) as Describe;
    const given = await describeOf(org, sobject, versionOf(recorded));
    const names = await sobjectNames(org);
    const fieldName = ({ name }: { name: string }) => `${sobject}.${name}`;
    const childName = (child: Describe['childRelationships'][number]) =>
      `${sobject} < ${child.childSObject}.${child.field}`;
    const found = [
      ...compareFacts(sobject, withoutLists(recorded), withoutLists(given)),
      ...compareFacts(`${sobject}.urls`, namesOnly(recorded.urls), namesOnly(given.urls)),
      ...compareNamed(recorded.fields, given.fields, 'field', fieldName),
      ...compareNamed(
        recorded.childRelationships.filter(({ childSObject }) => names.has(childSObject)),
        given.childRelationships,
        'child',
        childName,
      ),
    ];
    expectJustified(found, t);
    assert.deepEqual(Object.keys(given), Object.keys(given).toSorted());
    assert.deepEqual(orderOf(given, recorded), orderOf(recorded, given), 'fields in the recorded order');
  });
}

function expectJustified(found: readonly Difference[], t: { diagnostic(message: string): void }): void {
  const wrong = unjustified(found);
  t.diagnostic(`${found.length} differences, ${found.length - wrong.length} of them justified`);
  assert.ok(wrong.length === 0, `\n${table(wrong)}`);
}

const namesOnly = (urls: Facts): Facts =>
  Object.fromEntries(Object.keys(urls).map((key) => [key, 'an address']));

/** Fields that both have, in the first one's order. */
const orderOf = (one: Describe, other: Describe): string[] => {
  const names = new Set(other.fields.map(({ name }) => name));
  return one.fields.map(({ name }) => name).filter((name) => names.has(name));
};

const lists = ['fields', 'childRelationships', 'urls', 'recordTypeInfos'];
const withoutLists = (describe: Describe): Facts =>
  Object.fromEntries(Object.entries(describe).filter(([key]) => !lists.includes(key)));

test('a record type is described with the facts of a real org', { skip }, async () => {
  assert(org);
  const recorded = readFacts('describe/cumulusci-Account.json') as { recordTypeInfos: Facts[] };
  const given = (await describeOf(org, 'Account', 'v48.0')) as unknown as { recordTypeInfos: Facts[] };
  const master = ({ recordTypeInfos }: { recordTypeInfos: Facts[] }) =>
    recordTypeInfos.find((one) => one.master === true);
  // Each org decides which record type is a user's default.
  assert.deepEqual(
    { ...master(given), defaultRecordTypeMapping: false },
    { ...master(recorded), defaultRecordTypeMapping: false },
  );
});

test('the sobjects are listed with the facts of a real org', { skip }, async (t) => {
  assert(org);
  const recorded = readFacts('global/cumulusci-describeGlobal-full787.json') as { sobjects: Describe[] };
  const given = (await org.request('GET', '/services/data/v48.0/sobjects')).json as { sobjects: Describe[] };
  const names = new Set(recorded.sobjects.map(({ name }) => name));
  const withNames = ({ urls, ...facts }: Describe): Describe =>
    ({ ...facts, urls: namesOnly(urls) }) as Describe;
  const found = compareNamed(
    recorded.sobjects.filter(({ name }) => given.sobjects.some((one) => one.name === name)).map(withNames),
    given.sobjects.filter(({ name }) => names.has(name)).map(withNames),
    'sobject',
    ({ name }) => name,
  );
  expectJustified(found, t);
  const foreign = given.sobjects.filter(({ name, custom }) => !custom && !names.has(name));
  t.diagnostic(`not in the recorded org: ${foreign.map(({ name }) => name).join(', ')}`);
});

interface CatalogueField extends Facts {
  name: string;
  label: string;
  referenceTo?: string[];
}

/**
 * The facts that the catalogue has of a field. It names only the first sobject that a reference may point to, and the
 * relationship only if there is just one. Its labels are escaped, because they were written into comments.
 */
const catalogueFacts = ({
  name,
  label,
  type,
  nillable,
  createable,
  updateable,
  ...field
}: CatalogueField) => ({
  name,
  label: label.replaceAll('&amp;', '&').replaceAll('&#39;', "'"),
  type,
  nillable,
  createable,
  updateable,
  relationshipName: field.referenceTo?.length === 1 ? (field.relationshipName ?? undefined) : undefined,
});

test('standard fields match the catalogue of standard objects', { skip }, async (t) => {
  assert(org);
  const catalogue = readFacts('describe/netcoreforce-v64-standard-objects-catalogue.json') as Record<
    string,
    { fields: CatalogueField[] }
  >;
  const found: Difference[] = [];
  for (const sobject of await sobjectNames(org)) {
    const recorded = catalogue[sobject]?.fields;
    if (!recorded) continue;
    const { fields } = await describeOf(org, sobject, 'v64.0');
    const standard = fields.filter(({ custom }) => custom === false) as unknown as CatalogueField[];
    found.push(
      ...compareNamed(
        recorded.map(catalogueFacts),
        standard.map(catalogueFacts),
        'catalogue field',
        ({ name }) => `${sobject}.${name}`,
      ),
    );
  }
  expectJustified(found, t);
});

test('the text fields of a user have the recorded lengths', { skip }, async () => {
  assert(org);
  const { lengths } = readFacts('describe/sharpforce-v29-User-lengths.json') as {
    lengths: Record<string, number>;
  };
  const { fields } = await describeOf(org, 'User', 'v62.0');
  const given = Object.fromEntries(fields.map(({ name, length }) => [name, length]));
  const shared = Object.keys(lengths).filter((name) => name in given);
  assert.ok(shared.length > 20);
  assert.deepEqual(
    Object.fromEntries(shared.map((name) => [name, given[name]])),
    Object.fromEntries(shared.map((name) => [name, lengths[name]])),
  );
});

/** Facts that follow from a field's type, as far as the old version has them. */
const factsOfType = [
  'autoNumber',
  'calculated',
  'caseSensitive',
  'digits',
  'filterable',
  'groupable',
  'htmlFormatted',
  'soapType',
  'sortable',
  'type',
];
/** Only text and long text differ further: fields too long to filter on are long text. */
const kindOf = ({ type, autoNumber, length, htmlFormatted }: Field): string =>
  [type, autoNumber, htmlFormatted, type === 'textarea' && Number(length) > 255].join(' ');

test('custom fields have the facts of their type as in a real org', { skip }, async () => {
  assert(org);
  const recorded = readFacts('describe/restforce-Whizbang-custom-alltypes-v23.json') as Describe;
  const given = (await describeOf(org, 'Invoice__c', 'v62.0')).fields;
  const kinds = new Map(
    given.filter(({ calculated }) => calculated === false).map((field) => [kindOf(field), field]),
  );
  const shared = recorded.fields.filter((field) => kinds.has(kindOf(field)));
  assert.deepEqual(
    [...new Set(recorded.fields.filter((field) => !shared.includes(field)).map(kindOf))],
    // Rich text, of which the org has no field.
    ['textarea false true true'],
  );
  const found = shared.flatMap((field) => {
    const ours = kinds.get(kindOf(field)) ?? field;
    // One recorded field was added by hand, with few keys.
    const keys = factsOfType.filter((key) => key in field);
    const pick = (facts: Facts): Facts => Object.fromEntries(keys.map((key) => [key, facts[key]]));
    return compareFacts(`${field.name} as ${ours.name}`, pick(field), pick(ours));
  });
  assert.ok(found.length === 0, `\n${table(found)}`);
});
