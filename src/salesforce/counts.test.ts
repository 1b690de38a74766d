import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countRecords } from './counts.ts';
import { openScriptedOrg } from './scripted-org.ts';

const signal = new AbortController().signal;

test('objects are counted 150 in a request; one that Salesforce leaves out has none', async () => {
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

test('a user who may not count has no counts, and a limit that is reached is a fault', async () => {
  await using org = await openScriptedOrg(() => ({
    status: 403,
    body: '[{"errorCode":"INSUFFICIENT_ACCESS","message":"not for you"}]',
  }));
  assert.equal((await countRecords(org.open(), ['Account'], signal)).size, 0);
  org.answer = () => ({ status: 403, body: '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"spent"}]' });
  await assert.rejects(countRecords(org.open(), ['Account'], signal), { code: 'LIM-01' });
  org.answer = () => ({ body: '{"sObjects":"many"}' });
  await assert.rejects(countRecords(org.open(), ['Account'], signal), { code: 'DATA-03' });
});
