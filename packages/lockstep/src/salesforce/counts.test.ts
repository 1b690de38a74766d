import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScriptedOrg } from '@lockstep/harness/scripted-org';
import { countRecords } from './counts.ts';
import { describeSObjects, listSObjects } from './describe.ts';

const signal = new AbortController().signal;

test('150 objects are counted in one request, and one that Salesforce leaves out has no records', async () => {
  const names = Array.from({ length: 151 }, (_, place) => `Object_${place}__c`);
  await using org = await openScriptedOrg(({ path }) => {
    const asked = new URL(path, org.url).searchParams.get('sObjects')?.split(',') ?? [];
    const counted = asked.filter((name) => name !== 'Object_7__c');
    return { body: JSON.stringify({ sObjects: counted.map((name) => ({ name, count: 12 })) }) };
  });
  const counts = await countRecords(org.open(), names, signal);
  assert.equal(org.received.length - org.signIns(), 2);
  assert.equal(counts.size, 151);
  assert.equal(counts.get('Object_7__c'), 0);
  assert.equal(counts.get('Object_150__c'), 12);
});

test('a user who may not count gets no counts, and a reached limit is a fault', async () => {
  await using org = await openScriptedOrg(() => ({
    status: 403,
    body: '[{"errorCode":"INSUFFICIENT_ACCESS","message":"not for you"}]',
  }));
  assert.equal((await countRecords(org.open(), ['Account'], signal)).size, 0);
  org.answer = () => ({ status: 403, body: '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"spent"}]' });
  await assert.rejects(countRecords(org.open(), ['Account'], signal), { code: 'LIM-01' });
  for (const body of ['{"sObjects":"many"}', '{"sObjects":[{"name":"Account","count":1.5}]}']) {
    org.answer = () => ({ body });
    assert.equal((await countRecords(org.open(), ['Account'], signal)).size, 0);
  }
});

test('the set-up of 600 objects takes at most 30 requests', async () => {
  const names = Array.from({ length: 600 }, (_, place) => `Object_${place}__c`);
  const found = {
    label: 'Object',
    custom: true,
    queryable: true,
    retrieveable: true,
    replicateable: true,
    keyPrefix: null,
  };
  const field = {
    name: 'Id',
    label: 'Id',
    type: 'id',
    calculated: false,
    filterable: true,
    sortable: true,
    referenceTo: [],
    relationshipOrder: null,
  };
  await using org = await openScriptedOrg(({ path, body }) => {
    if (path.endsWith('/sobjects')) {
      return { body: JSON.stringify({ sobjects: names.map((name) => ({ ...found, name })) }) };
    }
    if (!path.endsWith('/composite')) return { body: '{"sObjects":[]}' };
    const { compositeRequest } = JSON.parse(body) as { compositeRequest: { referenceId: string }[] };
    const compositeResponse = compositeRequest.map(({ referenceId }) => {
      return { body: { ...found, name: 'O', fields: [field] }, httpStatusCode: 200, referenceId };
    });
    return { body: JSON.stringify({ compositeResponse }) };
  });
  let sent = 0;
  const salesforce = org.open({ onRequest: () => sent++ });

  const listed = (await listSObjects(salesforce, signal)).map(({ name }) => name);
  await describeSObjects(salesforce, listed, signal);
  await countRecords(salesforce, listed, signal);

  assert.equal(listed.length, 600);
  assert(sent > 0 && sent <= 30, `${sent} requests`);
});
