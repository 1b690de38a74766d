import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../core/ids.ts';
import { type CallWithBody, namedSobjects, provenWrites, type SObjectOf } from './composite-writes.ts';
import type { ParsedAnswer } from './writes-of.ts';

const accounts = ['001D000000IqhSLIAZ', '001D000000IqhSMIAZ', '001D000000IqhSNIAZ'] as RecordId[];
const [first = '', second = '', third = ''] = accounts;
const contact = '003D000000QYV5QIAX';
const data = '/services/data/v64.0';

const prefixes = new Map([
  ['001', 'account'],
  ['003', 'contact'],
]);
const sobjectOf: SObjectOf = (id) => prefixes.get(id.slice(0, 3)) ?? '';

function call(method: string, path: string, body?: unknown): CallWithBody {
  const [raw = '', query = ''] = `services/data/v64.0/${path}`.split('?');
  return { method, segments: raw.split('/'), query, body };
}

const ok = (body: unknown): ParsedAnswer => ({ status: 200, body });
const account = (id: string, deleted = false) => ({ sobject: 'account', id, deleted });

/** The records written, and `and more` where the answer does not name all of them. */
function written(request: CallWithBody, answer: ParsedAnswer) {
  const { records, isComplete } = provenWrites(request, answer, sobjectOf);
  return isComplete ? records : [...records, 'and more'];
}

const composite = (...compositeRequest: object[]) => call('POST', 'composite', { compositeRequest });
const sub = (referenceId: string, method: string, url: string, body?: object) => ({
  method,
  url: `${data}/${url}`,
  referenceId,
  ...(body && { body }),
});
const compositeAnswer = (...answers: [string, number, unknown?][]) =>
  ok({
    compositeResponse: answers.map(([referenceId, httpStatusCode, body = null]) => ({
      body,
      httpHeaders: {},
      httpStatusCode,
      referenceId,
    })),
  });
const creation = (id: string) => ({ id, success: true, errors: [] });

test('exactly the subrequests that succeeded count as written', () => {
  const request = composite(
    sub('a', 'POST', 'sobjects/Account', { Name: 'A' }),
    sub('b', 'PATCH', `sobjects/Account/${second}`, {}),
    sub('c', 'DELETE', `sobjects/account/${third}`),
    sub('d', 'PATCH', `sobjects/Contact/${contact}`, {}),
    sub('e', 'GET', `sobjects/Account/${first}`),
  );
  const answer = compositeAnswer(
    ['a', 201, creation(first)],
    ['b', 204],
    ['c', 204],
    ['d', 400, [{ errorCode: 'UNABLE_TO_LOCK_ROW' }]],
    ['e', 200, {}],
  );
  assert.deepEqual(written(request, answer), [account(first), account(second), account(third, true)]);
  assert.deepEqual([...(namedSobjects(request, sobjectOf) ?? [])], ['account', 'contact']);
});

test('answers are matched by their references, in any order', () => {
  const request = composite(
    sub('a', 'PATCH', `sobjects/Account/${first}`, {}),
    sub('b', 'PATCH', `sobjects/Account/${second}`, {}),
  );
  assert.deepEqual(written(request, compositeAnswer(['b', 204], ['a', 400, []])), [account(second)]);
});

test('a transaction that was rolled back wrote nothing', () => {
  const request = composite(
    sub('a', 'POST', 'sobjects/Account', {}),
    sub('b', 'POST', 'sobjects/Account', {}),
  );
  const halted = [{ errorCode: 'PROCESSING_HALTED', message: 'rolled back' }];
  assert.deepEqual(written(request, compositeAnswer(['a', 400, halted], ['b', 400, halted])), []);
});

test('an address may refer to the answers of earlier subrequests', () => {
  const request = composite(
    sub('new', 'POST', 'sobjects/Account', {}),
    sub('found', 'GET', 'query?q=SELECT+Id+FROM+Account'),
    sub('changed', 'PATCH', 'sobjects/Account/@{found.records[1].Id}', {}),
    sub('removed', 'DELETE', 'sobjects/Account/@{new.id}'),
    sub('lost', 'PATCH', 'sobjects/Account/@{nobody.id}', {}),
  );
  const answers: [string, number, unknown?][] = [
    ['new', 201, creation(first)],
    ['found', 200, { records: [{ Id: third }, { Id: second }] }],
    ['changed', 204],
    ['removed', 204],
  ];
  const expected = [account(first, true), account(second)];
  assert.deepEqual(written(request, compositeAnswer(...answers, ['lost', 400, []])), expected);
  assert.deepEqual(written(request, compositeAnswer(...answers, ['lost', 204])), [...expected, 'and more']);
});

test('an upsert inside a composite request is known by its answer, or by its external id', () => {
  const request = composite(sub('a', 'PATCH', 'sobjects/Account/Key__c/a%20b', {}));
  assert.deepEqual(written(request, compositeAnswer(['a', 200, creation(first)])), [account(first)]);
  assert.deepEqual(written(request, compositeAnswer(['a', 204])), [
    { sobject: 'account', externalId: { field: 'Key__c', value: 'a b' }, deleted: false },
  ]);
});

test('an unknown form of answer, or an unknown kind of subrequest, may have written more', () => {
  const request = composite(sub('a', 'POST', 'sobjects/Account', {}));
  for (const body of [undefined, null, [], {}, { compositeResponse: [] }, { compositeResponse: 'x' }])
    assert.deepEqual(written(request, ok(body)), ['and more'], JSON.stringify(body));
  const action = composite(sub('a', 'POST', 'actions/standard/chatterPost', {}));
  assert.equal(namedSobjects(action, sobjectOf), null);
  assert.deepEqual(written(action, compositeAnswer(['a', 200, []])), ['and more']);
});

test('a record that a subrequest no longer finds is reported missing', () => {
  const request = composite(sub('a', 'DELETE', `sobjects/Account/${first}`));
  const { missing } = provenWrites(request, compositeAnswer(['a', 404, []]), sobjectOf);
  assert.deepEqual(missing, [{ sobject: 'account', id: first }]);
});

test('each graph is matched with its own answer', () => {
  const graph = (graphId: string) => ({
    graphId,
    compositeRequest: [sub('a', 'POST', 'sobjects/Account', {})],
  });
  const request = call('POST', 'composite/graph', { graphs: [graph('1'), graph('2')] });
  const answerOf = (graphId: string, status: number, body: unknown) => ({
    graphId,
    isSuccessful: status === 201,
    graphResponse: compositeAnswer(['a', status, body]).body,
  });
  const answer = ok({ graphs: [answerOf('2', 400, []), answerOf('1', 201, creation(first))] });
  assert.deepEqual(written(request, answer), [account(first)]);
});

test('the answers of a batch are matched by position', () => {
  const request = call('POST', 'composite/batch', {
    batchRequests: [
      { method: 'PATCH', url: `v64.0/sobjects/Account/${first}`, richInput: {} },
      { method: 'POST', url: `${data}/sobjects/Account`, richInput: {} },
      { method: 'DELETE', url: `v64.0/sobjects/Account/${third}` },
    ],
  });
  const results = [
    { statusCode: 204, result: null },
    { statusCode: 201, result: creation(second) },
    { statusCode: 412, result: [] },
  ];
  assert.deepEqual(written(request, ok({ hasErrors: true, results })), [account(first), account(second)]);
});

test('the rows of a collection that succeeded count as written', () => {
  const records = [
    { attributes: { type: 'Account' } },
    { attributes: { type: 'Contact' } },
    { attributes: { type: 'Account' } },
  ];
  const rows = [{ id: first, success: true }, { success: false, errors: [{}] }, creation(second)];
  for (const [method, path] of [
    ['POST', 'composite/sobjects'],
    ['PATCH', 'composite/sobjects'],
    ['PATCH', 'composite/sobjects/Account/Key__c'],
  ] as const) {
    const request = call(method, path, { records });
    assert.deepEqual(written(request, ok(rows)), [account(first), account(second)], `${method} ${path}`);
  }
  assert.deepEqual(written(call('POST', 'composite/sobjects', { records }), { status: 400, body: rows }), []);
});

test('rows of a collection without a type get it from their Ids', () => {
  const rows = [creation(first), creation(contact)];
  const both = [account(first), { sobject: 'contact', id: contact, deleted: false }];
  assert.deepEqual(written(call('POST', 'composite/sobjects'), ok(rows)), both);
  const removing = call('DELETE', `composite/sobjects?ids=${first},${contact}&allOrNone=false`);
  assert.deepEqual([...(namedSobjects(removing, sobjectOf) ?? [])], ['account', 'contact']);
  assert.deepEqual(
    written(removing, ok(rows)),
    both.map((record) => ({ ...record, deleted: true })),
  );
  const unknown = provenWrites(removing, ok(rows), () => undefined);
  assert.deepEqual([unknown.records, unknown.isComplete], [[], false]);
});

test('a composite request may contain a collection', () => {
  const request = composite(
    sub('a', 'POST', 'composite/sobjects', { records: [{ attributes: { type: 'Account' } }] }),
  );
  assert.deepEqual(written(request, compositeAnswer(['a', 200, [creation(first)]])), [account(first)]);
});

test('a tree is written with all its nested records, or not at all', () => {
  const body = {
    records: [
      {
        attributes: { type: 'Account', referenceId: 'a' },
        Contacts: { records: [{ attributes: { type: 'Contact', referenceId: 'c' } }] },
      },
    ],
  };
  const request = call('POST', 'composite/tree/Account', body);
  assert.deepEqual([...(namedSobjects(request, () => undefined) ?? [])], ['account', 'contact']);
  const results = [
    { referenceId: 'a', id: first },
    { referenceId: 'c', id: contact },
  ];
  const all = provenWrites(request, { status: 201, body: { hasErrors: false, results } }, () => undefined);
  assert.deepEqual(all.records, [account(first), { sobject: 'contact', id: contact, deleted: false }]);
  assert.deepEqual(written(request, { status: 400, body: { hasErrors: true, results: [] } }), []);
});

test('a request with more parts than Salesforce accepts names nothing, and none of them is looked at', () => {
  const many = <Part>(count: number, part: Part) => Array.from({ length: count }, () => part);
  const one = sub('a', 'PATCH', `sobjects/Account/${first}`, {});
  const row = { attributes: { type: 'Account', referenceId: 'a' } };
  const bodies: [string, object][] = [
    ['composite', { compositeRequest: many(26, one) }],
    ['composite/graph', { graphs: many(76, { graphId: '1', compositeRequest: [one] }) }],
    ['composite/graph', { graphs: [{ graphId: '1', compositeRequest: many(501, one) }] }],
    ['composite/batch', { batchRequests: many(26, { method: 'PATCH', url: one.url }) }],
    ['composite/sobjects', { records: many(201, row) }],
    ['composite/tree/Account', { records: many(201, row) }],
    ['composite/tree/Account', { records: many(2, { ...row, Contacts: { records: many(100, row) } }) }],
  ];
  for (const [path, body] of bodies) assert.equal(namedSobjects(call('POST', path, body), sobjectOf), null);
});

test('a tree whose records have very many values is read', () => {
  const values = Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`f${at}`, {}]));
  const records = [{ attributes: { type: 'Account', referenceId: 'a' }, ...values }];
  const named = namedSobjects(call('POST', 'composite/tree/Account', { records }), sobjectOf);
  assert.deepEqual([...(named ?? [])], ['account']);
});

test('names from Object.prototype are names like any other', () => {
  const body = JSON.parse(`{"__proto__":{"compositeRequest":[]},"constructor":{"id":"${first}"}}`) as unknown;
  assert.equal(namedSobjects(call('POST', 'composite', body), sobjectOf), null);
  const request = composite(sub('__proto__', 'PATCH', 'sobjects/Account/@{constructor.name}', {}));
  assert.deepEqual(written(request, compositeAnswer(['__proto__', 204])), ['and more']);
});

test('the case of an 18-character Id does not matter', () => {
  const removing = call('DELETE', `composite/sobjects?ids=${first.toLowerCase()}`);
  assert.deepEqual([...(namedSobjects(removing, sobjectOf) ?? [])], ['account']);
  const echoed = ok([{ id: first.toUpperCase(), success: true }]);
  assert.deepEqual(written(removing, echoed), [account(first, true)]);
});

test('a sobject that an earlier answer supplies can be any, and so can one nested too deep', () => {
  const told = composite(sub('a', 'POST', 'sobjects/@{q.records[0].attributes.type}', {}));
  assert.equal(namedSobjects(told, sobjectOf), null);
  let body: object = { compositeRequest: [] };
  for (let depth = 0; depth < 10_000; depth++)
    body = { compositeRequest: [{ referenceId: 'a', method: 'POST', url: `${data}/composite`, body }] };
  assert.equal(namedSobjects(call('POST', 'composite', body), sobjectOf), null);
});

test('an unclosed reference is matched in linear time', () => {
  const request = composite(sub('a', 'PATCH', `sobjects/Account/@{${'x'.repeat(1_000_000)}`, {}));
  assert.deepEqual(written(request, compositeAnswer(['a', 400, []])), []);
});
