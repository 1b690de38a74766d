/**
 * What becomes of every object of a real org: it is synced in one of three ways, or refused with a reason. The org's
 * list has no fields; those of most standard objects come from another recording.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noRecordings, readRecorded } from '@lockstep/harness/recorded-fixtures';
import { type Describe, type DescribeField, freshnessOf, unreadableBecause } from './describe.ts';

const skip = noRecordings;

type Listed = Pick<Describe, 'name' | 'queryable' | 'replicateable'> & { retrieveable: boolean };
interface Known {
  fields: readonly Pick<DescribeField, 'name' | 'type'>[];
}

const listed = () =>
  (readRecorded('global/cumulusci-describeGlobal-full787.json') as { sobjects: Listed[] }).sobjects;

const known = () =>
  readRecorded('describe/netcoreforce-v64-standard-objects-catalogue.json') as Record<string, Known>;

/** Salesforce gives all objects of a family the same fields: the history, shares and feed of each object. */
const families = ['History', 'Share', 'Feed'];

const fieldsOf = (catalogue: Record<string, Known>, name: string): Known['fields'] | undefined => {
  const family = families.find((suffix) => name.endsWith(suffix));
  return (catalogue[name] ?? (family === undefined ? undefined : catalogue[`Account${family}`]))?.fields;
};

const describeOf = (sobject: Listed, fields: Known['fields']): Describe => ({
  ...sobject,
  label: sobject.name,
  custom: false,
  keyPrefix: null,
  fields: fields.map(({ name, type }) => ({
    name,
    type,
    label: name,
    calculated: false,
    filterable: true,
    sortable: true,
    referenceTo: [],
    relationshipOrder: null,
  })),
});

const idOnly: Known['fields'] = [{ name: 'Id', type: 'id' }];

/** `unknown`: it is synced, in a way that its own fields decide. */
function verdictsOf(): Map<string, string> {
  const catalogue = known();
  return new Map(
    listed().map((sobject) => {
      const fields = fieldsOf(catalogue, sobject.name);
      const described = describeOf(sobject, fields ?? idOnly);
      const way = fields ? freshnessOf(described).freshness : 'unknown';
      return [sobject.name, unreadableBecause(described) ?? way];
    }),
  );
}

const namesOf = (verdicts: ReadonlyMap<string, string>, verdict: string): string[] =>
  [...verdicts].flatMap(([name, one]) => (one === verdict ? [name] : [])).toSorted();

test('every object of a real org is synced in a known way or refused with a reason', { skip }, () => {
  const verdicts = verdictsOf();
  assert.equal(verdicts.size, 787);
  const counts = Object.fromEntries(
    [...Map.groupBy(verdicts.values(), (verdict) => verdict)].map(([verdict, all]) => [verdict, all.length]),
  );
  const filter = 'can only be queried with a filter';
  assert.deepEqual(counts, {
    polled: 437,
    'new records polled': 97,
    compared: 13,
    unknown: 86,
    'allows no query': 33,
    'is a stream of events, which are pushed and not stored': 66,
    'is a big object, which can only be queried along its index': 9,
    'has records that cannot be read by their Ids, which are often all the same': 22,
    [filter]: 18,
    [`${filter} on UserId or DurableId`]: 2,
    [`${filter} on one ChildRecordId or ParentContentFolderId`]: 1,
    [`${filter} on one CollaborationGroupId or RecordId`]: 1,
    [`${filter} on one FeedItemId or ParentId`]: 1,
    [`${filter} on one ParentId or one Parent.Type`]: 1,
  });
});

test('histories, shares and feeds of a real org are synced, each family in its way', { skip }, () => {
  const verdicts = verdictsOf();
  const waysOf = (suffix: string) =>
    new Set([...verdicts].flatMap(([name, verdict]) => (name.endsWith(suffix) ? [verdict] : [])));
  assert.deepEqual(waysOf('Share'), new Set(['polled']));
  assert.deepEqual(waysOf('Feed'), new Set(['polled']));
  // ActivityHistory and ProcessInstanceHistory appear only inside answers for other objects.
  const ofHistories = ['new records polled', 'polled', 'compared', 'allows no query'];
  assert.deepEqual(waysOf('History'), new Set(ofHistories));
  for (const name of ['AccountHistory', 'OpportunityFieldHistory', 'LoginHistory', 'SetupAuditTrail'])
    assert.equal(verdicts.get(name), 'new records polled', name);
});

test('what a real org gives only for given records is read by its parents, or refused by the filter that it needs', {
  skip,
}, () => {
  const verdicts = verdictsOf();
  assert.deepEqual(namesOf(verdicts, 'compared'), [
    'ContentDocumentLink',
    'ContentDocumentSubscription',
    'ContentFolderItem',
    'ContentFolderLink',
    'ContentTagSubscription',
    'ContentUserSubscription',
    'ContentWorkspaceSubscription',
    'CronJobDetail',
    'DashboardComponent',
    'FeedAttachment',
    'IdeaComment',
    'IdpEventLog',
    'RecordActionHistory',
  ]);
  const refused = listed().filter(
    ({ name, queryable, retrieveable }) =>
      queryable && retrieveable && verdicts.get(name)?.includes('filter on'),
  );
  assert.deepEqual(refused.map(({ name }) => name).toSorted(), [
    'Announcement',
    'CollaborationGroupRecord',
    'ContentFolderMember',
    'Vote',
  ]);
});

test('all objects of a real org whose records cannot be read by Id are refused', { skip }, () => {
  const verdicts = verdictsOf();
  const sharing = listed().filter(({ queryable, retrieveable }) => queryable && !retrieveable);
  assert.equal(sharing.length, 57);
  const ways = new Set(['polled', 'new records polled', 'compared', 'unknown']);
  assert.deepEqual(
    sharing.filter(({ name }) => ways.has(verdicts.get(name) ?? '')).map(({ name }) => name),
    [],
  );
  assert.match(verdicts.get('ApexPageInfo') ?? '', /cannot be read by their Ids/);
  assert.match(verdicts.get('LoginEvent') ?? '', /big object/);
  assert.match(verdicts.get('PicklistValueInfo') ?? '', /with a filter/);
});
