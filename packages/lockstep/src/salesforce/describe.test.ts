import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScriptedOrg } from '@lockstep/harness/scripted-org';
import { describeSObjects, listSObjects } from './describe.ts';

const signal = new AbortController().signal;
const account = { name: 'Account', label: 'Account', custom: false, queryable: true, retrieveable: true };
const field = {
  calculated: false,
  filterable: true,
  sortable: true,
  referenceTo: [],
  relationshipOrder: null,
};
const idField = { ...field, name: 'Id', label: 'Account ID', type: 'id' };
const newField = { ...field, name: 'New', label: 'New', type: 'hologram', calculated: true };
const description = { ...account, replicateable: true, keyPrefix: '001', fields: [idField] };

/** Answers each subrequest of a composite request by its path. */
const composite = (request: string, answer: (url: string) => { status?: number; body: unknown }) => {
  const { compositeRequest } = JSON.parse(request) as {
    compositeRequest: { url: string; referenceId: string }[];
  };
  const compositeResponse = compositeRequest.map(({ url, referenceId }) => {
    const { status = 200, body } = answer(url);
    return { body, httpHeaders: {}, httpStatusCode: status, referenceId };
  });
  return { body: JSON.stringify({ compositeResponse: compositeResponse.toReversed() }) };
};

test('only the members that the mirror needs are read of objects and fields', async () => {
  await using org = await openScriptedOrg(({ path, body }) =>
    path.endsWith('/composite')
      ? composite(body, () => ({
          body: { ...description, childRelationships: [], fields: [{ ...idField, length: 18 }, newField] },
        }))
      : { body: JSON.stringify({ encoding: 'UTF-8', sobjects: [{ ...account, keyPrefix: null }] }) },
  );
  const salesforce = org.open();
  assert.deepEqual(await listSObjects(salesforce, signal), [account]);
  assert.deepEqual(await describeSObjects(salesforce, ['Account'], signal), [
    { ...description, fields: [idField, newField] },
  ]);
});

test('25 objects are described in one request, and come in the order asked for', async () => {
  const names = Array.from({ length: 26 }, (_, place) => `Object_${place}__c`);
  await using org = await openScriptedOrg(({ body }) =>
    composite(body, (url) => ({
      body: { ...description, name: /sobjects\/(\w+)\/describe$/.exec(url)?.[1] },
    })),
  );
  const described = await describeSObjects(org.open(), names, signal);
  assert.deepEqual(
    described.map(({ name }) => name),
    names,
  );
  assert.equal(org.received.length - org.signIns(), 2);
});

test('the fault of a malformed description names the place and not the content', async () => {
  const fields = [idField, { ...newField, type: { secret: 'Canary' } }];
  await using org = await openScriptedOrg(({ body }) =>
    composite(body, () => ({ body: { ...description, fields } })),
  );
  await assert.rejects(
    describeSObjects(org.open(), ['Account'], signal),
    (error: Error & { safe?: unknown }) => {
      assert.deepEqual(error.safe, { stream: 'Account', where: 'fields.1.type' });
      assert(!error.message.includes('Canary'));
      return true;
    },
  );
});

const described = (referenceId: string) => ({
  body: description,
  httpHeaders: {},
  httpStatusCode: 200,
  referenceId,
});
const whole = JSON.stringify({ compositeResponse: [described('d0'), described('d1')] });
const damaged: Record<string, string> = {
  'is cut short': whole.slice(0, -10),
  'is malformed': '[]',
  'lacks one description': JSON.stringify({ compositeResponse: [described('d0')] }),
  'has one twice instead of another': whole.replace('"d1"', '"d0"'),
  'has one twice besides the other': JSON.stringify({
    compositeResponse: [described('d0'), described('d1'), described('d1')],
  }),
};

test('an answer with descriptions is thrown away unless each came exactly once', async () => {
  await using org = await openScriptedOrg(() => ({ body: whole }));
  const salesforce = org.open();
  assert.equal((await describeSObjects(salesforce, ['Account', 'Case'], signal)).length, 2);
  for (const [what, body] of Object.entries(damaged)) {
    org.answer = () => ({ body });
    await assert.rejects(
      describeSObjects(salesforce, ['Account', 'Case'], signal),
      { code: 'DATA-03' },
      `it ${what}`,
    );
  }
});

test('a request for descriptions that is refused as a whole gives a fault that names no object', async () => {
  const body = '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]';
  await using org = await openScriptedOrg(() => ({ status: 403, body }));
  await assert.rejects(describeSObjects(org.open(), ['Account'], signal), { code: 'LIM-01' });
});

test('an object that the user cannot see is refused by name', async () => {
  const refusal = [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }];
  await using org = await openScriptedOrg(({ body }) =>
    composite(body, () => ({ status: 404, body: refusal })),
  );
  await assert.rejects(describeSObjects(org.open(), ['Account'], signal), {
    code: 'PERM-02',
    safe: { stream: 'Account', reason: 'NOT_FOUND' },
  });
});

test('an object name cannot change the path of a request', async () => {
  await using org = await openScriptedOrg();
  await assert.rejects(describeSObjects(org.open(), ['../query?q=x'], signal), /by their API name/);
  assert.equal(org.received.length, 0);
});
