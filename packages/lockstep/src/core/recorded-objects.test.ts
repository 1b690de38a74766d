import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noRecordings, readRecorded } from '@lockstep/harness/recorded-fixtures';
import { type Describe, unreadableBecause } from './describe.ts';

/** A real org's list of objects, and which of them a sync refuses. The list has no fields: each gets an Id. */
const skip = noRecordings;

type Listed = Pick<Describe, 'name' | 'queryable'> & { retrieveable: boolean };

const idField = {
  name: 'Id',
  label: 'Id',
  type: 'id',
  calculated: false,
  filterable: true,
  sortable: true,
  referenceTo: [],
  relationshipOrder: null,
};

const listed = () =>
  (readRecorded('global/cumulusci-describeGlobal-full787.json') as { sobjects: Listed[] }).sobjects;

const verdict = ({ name, queryable, retrieveable }: Listed) =>
  unreadableBecause({
    name,
    label: name,
    custom: false,
    queryable,
    retrieveable,
    replicateable: true,
    keyPrefix: null,
    fields: [idField],
  });

test('all objects of a real org whose records cannot be read by Id are refused', {
  skip,
}, () => {
  const sharing = listed().filter(({ queryable, retrieveable }) => queryable && !retrieveable);
  assert.equal(sharing.length, 57);
  assert.deepEqual(
    sharing.filter((sobject) => verdict(sobject) === null).map(({ name }) => name),
    [],
  );
  const because = new Map(sharing.map((sobject) => [sobject.name, verdict(sobject)]));
  assert.match(because.get('ApexPageInfo') ?? '', /cannot be read by their Ids/);
  assert.match(because.get('LoginEvent') ?? '', /big object/);
  assert.match(because.get('PicklistValueInfo') ?? '', /with a filter/);
});

test('of a real org’s queryable and retrievable objects, only these are refused', { skip }, () => {
  const refused = listed().filter(
    (sobject) => sobject.queryable && sobject.retrieveable && verdict(sobject) !== null,
  );
  assert.deepEqual(refused.map(({ name }) => name).toSorted(), [
    'Announcement',
    'CollaborationGroupRecord',
    'ContentDocumentLink',
    'ContentFolderItem',
    'ContentFolderMember',
    'IdeaComment',
    'Vote',
  ]);
});
