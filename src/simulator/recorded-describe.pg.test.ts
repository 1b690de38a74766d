import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { startOrg } from '../../test/org.ts';

/**
 * The describe answers beside those of real orgs, where the recorded ones lie: they are not part of the project.
 * LOCKSTEP_RECORDED names their folder. Only what this org has is compared: a real one has 700 sobjects more.
 */
const folder =
  process.env.LOCKSTEP_RECORDED ?? new URL('../../../shared/salesforce/fixtures', import.meta.url).pathname;
const skip = existsSync(folder)
  ? false
  : 'the recorded answers are not here: LOCKSTEP_RECORDED names their folder';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

type Entry = Record<string, unknown> & { name: string };
interface Described extends Entry {
  fields: Entry[];
  childRelationships: (Record<string, unknown> & { childSObject: string; field: string })[];
}

const recorded = (file: string): unknown => JSON.parse(readFileSync(`${folder}/${file}.json`, 'utf8'));
const data = '/services/data/v62.0/sobjects';
const answered = async (path: string): Promise<unknown> => (await org.request('GET', data + path)).json;

/** Keys that came after the recording. */
const later = ['associateEntityType', 'associateParentEntity', 'sobjectDescribeOption'];
const keysOf = (value: object): string[] =>
  Object.keys(value)
    .filter((key) => !later.includes(key))
    .toSorted();

test('describeGlobal says of each sobject what a real org says', { skip }, async () => {
  const real = new Map(
    (recorded('global/cumulusci-describeGlobal-full787') as { sobjects: Entry[] }).sobjects.map((one) => [
      one.name,
      one,
    ]),
  );
  const { sobjects } = (await answered('')) as { sobjects: Entry[] };
  const different: string[] = [];
  for (const ours of sobjects) {
    const theirs = real.get(ours.name);
    if (!theirs) {
      if (ours.custom !== true) different.push(`${ours.name} is not in the real org`);
      continue;
    }
    assert.deepEqual(keysOf(ours), keysOf(theirs), ours.name);
    for (const key of keysOf(ours).filter((one) => one !== 'urls')) {
      if (ours[key] !== theirs[key])
        different.push(`${ours.name}.${key}: ${String(ours[key])}, recorded ${String(theirs[key])}`);
    }
  }
  assert.deepEqual(different, []);
});

for (const name of ['Account', 'Contact', 'Lead', 'Opportunity', 'Case', 'Event', 'OpportunityContactRole']) {
  test(`the describe of ${name} has the fields of a real one, and says the same of them`, {
    skip,
  }, async () => {
    const theirs = recorded(`describe/cumulusci-${name}`) as Described;
    const ours = (await answered(`/${name}/describe`)) as Described;
    assert.deepEqual(keysOf(ours), keysOf(theirs));
    const fields = new Map(ours.fields.map((field) => [field.name, field]));
    const different: string[] = [];
    for (const real of theirs.fields.filter((field) => !isCustom(field))) {
      const field = fields.get(real.name);
      if (!field) {
        different.push(`${real.name} is missing`);
        continue;
      }
      for (const key of keysOf(real)) {
        if (isOwn(name, real, key)) continue;
        if (JSON.stringify(field[key]) !== JSON.stringify(real[key]))
          different.push(
            `${real.name}.${key}: ${JSON.stringify(field[key])}, recorded ${JSON.stringify(real[key])}`,
          );
      }
    }
    assert.deepEqual(different, []);
  });

  test(`the describe of ${name} names the children that a real one names`, { skip }, async () => {
    const theirs = recorded(`describe/cumulusci-${name}`) as Described;
    const ours = (await answered(`/${name}/describe`)) as Described;
    const { sobjects } = (await answered('')) as { sobjects: Entry[] };
    const known = new Set(sobjects.map((one) => one.name));
    const said = ({ childRelationships }: Described) =>
      childRelationships
        .filter(({ childSObject }) => known.has(childSObject))
        .filter(({ field, childSObject }) => !field.endsWith('__c') && !childSObject.endsWith('__c'))
        // Users of communities, which this org has not.
        .filter(({ childSObject }) => childSObject !== 'User')
        .map((one) => JSON.stringify(one))
        .toSorted();
    assert.deepEqual(said(ours), said(theirs));
  });
}

const isCustom = (field: Entry): boolean => field.name.endsWith('__c');

/** What follows from the features and settings of the recorded org, not from Salesforce. */
function isOwn(sobject: string, field: Entry, key: string): boolean {
  // Values that an administrator chooses; those of a restricted picklist are Salesforce's.
  if (key === 'picklistValues')
    return field.restrictedPicklist !== true || field.name.endsWith('TimeZoneSidKey');
  const own: Record<string, readonly string[]> = {
    // Person accounts.
    'Account.Name': ['compoundFieldName', 'extraTypeInfo'],
    // Name lookups, collaborative forecasts and a price book by default.
    'Opportunity.Name': ['idLookup'],
    'Opportunity.ForecastCategoryName': ['createable', 'updateable', 'defaultedOnCreate'],
    'Opportunity.Pricebook2Id': ['defaultedOnCreate'],
    'Lead.IsUnreadByOwner': ['defaultValue'],
    // As many sobjects as the org has.
    'Event.WhatId': ['referenceTo'],
    'Event.ActivityDate': ['aggregatable'],
    // Characters of the old kind, one byte each.
    'Opportunity.Fiscal': ['byteLength'],
    'Case.Comments': ['byteLength', 'aggregatable', 'sortable'],
  };
  return own[`${sobject}.${field.name}`]?.includes(key) === true;
}
