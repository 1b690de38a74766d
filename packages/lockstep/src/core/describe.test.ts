import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changesWithRecord,
  cursorFieldOf,
  type Describe,
  type DescribeField,
  freshnessOf,
  unreadableBecause,
} from './describe.ts';

const field = (name: string, type = 'datetime', rest: Partial<DescribeField> = {}): DescribeField => ({
  name,
  label: name,
  type,
  calculated: false,
  filterable: true,
  sortable: true,
  referenceTo: [],
  relationshipOrder: null,
  ...rest,
});

const sobject = (name: string, fields: readonly DescribeField[], rest: Partial<Describe> = {}): Describe => ({
  name,
  label: name,
  custom: false,
  queryable: true,
  replicateable: true,
  keyPrefix: null,
  fields: [field('Id', 'id'), ...fields],
  ...rest,
});

test('an object is followed by the time that moves with most of its changes', () => {
  const followed = [
    [['LoginTime', 'CreatedDate', 'LastModifiedDate', 'SystemModstamp'], 'SystemModstamp'],
    [['LoginTime', 'CreatedDate', 'LastModifiedDate'], 'LastModifiedDate'],
    [['LoginTime', 'CreatedDate'], 'CreatedDate'],
    [['LoginTime'], 'LoginTime'],
    [['EventDate'], null],
    [[], null],
  ] as const;
  for (const [names, expected] of followed) {
    const described = sobject(
      'AccountHistory',
      names.map((name) => field(name)),
    );
    assert.equal(cursorFieldOf(described), expected, names.join(', '));
  }
});

test('a field that cannot be filtered or sorted, or that is no datetime, is not followed', () => {
  const unfit: Partial<DescribeField>[] = [{ filterable: false }, { sortable: false }, { type: 'date' }];
  for (const rest of unfit) {
    const stamp = field('SystemModstamp', 'datetime', rest);
    assert.equal(cursorFieldOf(sobject('Account', [stamp, field('CreatedDate')])), 'CreatedDate');
    assert.equal(cursorFieldOf(sobject('Account', [stamp])), null);
  }
});

test('an object whose times Salesforce does not allow in a condition is followed by none', () => {
  for (const name of ['RecordActionHistory', 'TabDefinition', 'tabdefinition']) {
    assert.equal(cursorFieldOf(sobject(name, [field('CreatedDate')])), null);
  }
});

const unreadable: Record<string, RegExp> = {
  Vote: /^can only be queried with a filter on one ParentId or one Parent\.Type$/,
  vote: /with a filter on/,
  CollaborationGroupRecord: /^can only be queried with a filter on one CollaborationGroupId or RecordId$/,
  FieldDefinition: /with a filter/,
  DataType: /^allows no query$/,
  UserRecordAccess: /^allows no query$/,
  AccountChangeEvent: /stream of events/,
  LoginEventStream: /stream of events/,
  Order_Shipped__e: /stream of events/,
  Ride__b: /big object/,
  LoginEvent: /^is a big object, which can only be queried along its index$/,
  PermissionSetEventStore: /big object/,
  ActivityFieldHistory: /big object/,
  FieldHistoryArchive: /big object/,
  FlowTestView: /^can only be queried with a filter$/,
  RelatedListDefinition: /with a filter/,
  RelatedListColumnDefinition: /with a filter/,
  ApexTypeImplementor: /with a filter/,
  ContentVersionRenditionContent: /with a filter on ContentVersionId$/,
  Invoice__x: /external object/,
};

test('an object that Salesforce gives only for given parents is followed by no time, and says how it is read', () => {
  const links = sobject('ContentDocumentLink', [field('SystemModstamp')]);
  assert.equal(cursorFieldOf(links), null);
  const { freshness, note } = freshnessOf(links);
  assert.equal(freshness, 'compared');
  assert.match(note ?? '', /^can only be asked for by ContentDocumentId and LinkedEntityId: /);
});

test('an object that cannot be read page by page has a reason, even if its description allows queries', () => {
  for (const [name, reason] of Object.entries(unreadable)) {
    assert.match(unreadableBecause(sobject(name, [field('SystemModstamp')])) ?? 'readable', reason, name);
  }
});

test('an object without queries or without an Id has a reason', () => {
  assert.equal(unreadableBecause(sobject('Odd', [], { queryable: false })), 'allows no query');
  assert.match(unreadableBecause(sobject('Odd', [], { fields: [field('Name')] })) ?? '', /^has no Id/);
});

test('an object whose records cannot be read by Id says so, unless it has a more specific reason', () => {
  const notRetrieveable = (name: string, rest: Partial<Describe> = {}) =>
    unreadableBecause(sobject(name, [], { retrieveable: false, ...rest }));
  assert.match(notRetrieveable('ApexPageInfo') ?? '', /^has records that cannot be read by their Ids/);
  assert.match(notRetrieveable('FieldDefinition') ?? '', /with a filter/);
  assert.match(notRetrieveable('LoginEvent') ?? '', /big object/);
  assert.equal(notRetrieveable('Odd', { queryable: false }), 'allows no query');
  assert.equal(unreadableBecause(sobject('Account', [], { retrieveable: true })), null);
});

test('objects with similar names can be read', () => {
  for (const name of [
    'Account',
    'LoginHistory',
    'EventLogFile',
    'CredentialStuffingEventStore',
    'SessionHijackingEventStore',
    'ReportAnomalyEventStore',
    'Event',
    'ContentVersion',
    'ContentDocument',
    'ContentDocumentLink',
    'IdeaComment',
    'Vote__c',
    'Name__c',
    'My_ChangeEvent__c',
    'Setting__mdt',
    'AccountShare',
    'AccountHistory',
  ]) {
    assert.equal(unreadableBecause(sobject(name, [])), null, name);
  }
});

test('only times that move with changes tell a reading from an older one', () => {
  assert.deepEqual(
    (['SystemModstamp', 'LastModifiedDate', 'CreatedDate', 'LoginTime', null] as const).map(
      changesWithRecord,
    ),
    [true, true, false, false, false],
  );
});
