/** Requests that write several records at once, and what SQL shows when their answer arrives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

const openMirror = () =>
  openEndToEndHarness({
    org: { records: 300 },
    sobjects: ['Account', 'Contact', 'Invoice__c', 'Invoice_Line__c'],
  });

const names = async ({ reader }: EndToEndHarness, ids: readonly string[]) => {
  const rows = await reader.query<{ id: string; name: string }>(sql`
    SELECT id, name FROM salesforce.account WHERE id = ANY (${ids}::text[])`);
  return ids.map((id) => rows.find((row) => row.id === id)?.name ?? null);
};

const send = async (harness: EndToEndHarness, method: string, path: string, body?: object) => {
  const answer = await harness.call(method, `${dataPath}/${path}`, body);
  return {
    ...answer,
    applied: answer.headers.get('lockstep-applied'),
    json: JSON.parse(answer.text) as unknown,
  };
};

const idsIn = (rows: unknown) => (rows as { id: string }[]).map(({ id }) => id);

test('a composite request, even with references and failures, is in the mirror when its answer arrives', async () => {
  await using harness = await openMirror();
  const subrequest = (referenceId: string, method: string, path: string, body?: object) => ({
    referenceId,
    method,
    url: `${dataPath}/${path}`,
    ...(body && { body }),
  });
  const answer = await send(harness, 'POST', 'composite', {
    compositeRequest: [
      subrequest('parent', 'POST', 'sobjects/Account', { Name: 'Parent' }),
      subrequest('child', 'POST', 'sobjects/Contact', { LastName: 'Child', AccountId: '@{parent.id}' }),
      subrequest('again', 'PATCH', 'sobjects/Account/@{parent.id}', { Name: 'Renamed' }),
      subrequest('refused', 'POST', 'sobjects/Account', { Industry: 'Energy' }),
      subrequest('asked', 'GET', "query?q=SELECT+Id+FROM+Contact+WHERE+LastName='Child'"),
      subrequest('found', 'PATCH', 'sobjects/Contact/@{asked.records[0].Id}', { FirstName: 'Found' }),
    ],
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.applied, 'yes', answer.text);
  const { compositeResponse } = answer.json as {
    compositeResponse: { httpStatusCode: number; body: { id: string } }[];
  };
  assert.deepEqual(
    compositeResponse.map(({ httpStatusCode }) => httpStatusCode),
    [201, 201, 204, 400, 200, 204],
  );
  const [parent = '', child = ''] = compositeResponse.map(({ body }) => body?.id);
  assert.deepEqual(await names(harness, [parent]), ['Renamed']);
  assert.deepEqual(
    await harness.reader.query(
      sql`SELECT accountid, firstname, lastname FROM salesforce.contact WHERE id = ${child}`,
    ),
    [{ accountid: parent, firstname: 'Found', lastname: 'Child' }],
  );
});

test('a transaction that is rolled back leaves no row, and says that nothing was applied', async () => {
  await using harness = await openMirror();
  const create = (referenceId: string, body: object) => ({
    referenceId,
    method: 'POST',
    url: `${dataPath}/sobjects/Account`,
    body,
  });
  const answer = await send(harness, 'POST', 'composite', {
    allOrNone: true,
    compositeRequest: [create('a', { Name: 'Rolled back' }), create('b', { Industry: 'Energy' })],
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.applied, 'no');
  assert.deepEqual(
    await harness.reader.query(sql`SELECT FROM salesforce.account WHERE name = 'Rolled back'`),
    [],
  );
});

test('a collection is in the mirror when its answer arrives: 200 creates, some changes, some deletions', async () => {
  await using harness = await openMirror();
  const records = Array.from({ length: 200 }, (_, place) => ({
    attributes: { type: 'Account' },
    ...(place === 7 ? { Industry: 'Energy' } : { Name: `Row ${place}` }),
  }));
  const created = await send(harness, 'POST', 'composite/sobjects', { records });
  assert.equal(created.applied, 'yes', created.text);
  const ids = idsIn((created.json as { success: boolean }[]).filter(({ success }) => success));
  assert.equal(ids.length, 199);
  assert.deepEqual(
    await names(harness, ids),
    records.flatMap((record) => ('Name' in record ? [record.Name] : [])),
  );

  const [one = '', two = '', three = ''] = ids;
  const update = (id: string, Name: string) => ({ attributes: { type: 'Account' }, id, Name });
  const updated = await send(harness, 'PATCH', 'composite/sobjects', {
    records: [update(one, 'One'), update(two, 'x'.repeat(300)), update(three, 'Three')],
  });
  assert.equal(updated.applied, 'yes');
  assert.deepEqual(await names(harness, [one, two, three]), ['One', 'Row 1', 'Three']);

  const deleted = await send(harness, 'DELETE', `composite/sobjects?ids=${one},${two}&allOrNone=false`);
  assert.equal(deleted.applied, 'yes');
  assert.deepEqual(await names(harness, [one, two, three]), [null, null, 'Three']);
});

test('upserts of a collection are in the mirror whether each created or updated', async () => {
  await using harness = await openMirror();
  const row = (key: string, Name: string) => ({ attributes: { type: 'Account' }, External_Id__c: key, Name });
  const path = 'composite/sobjects/Account/External_Id__c';
  const first = await send(harness, 'PATCH', path, { records: [row('K1', 'First'), row('K2', 'Second')] });
  assert.equal(first.applied, 'yes', first.text);
  const ids = idsIn(first.json);
  const second = await send(harness, 'PATCH', path, { records: [row('K2', 'Changed'), row('K3', 'Third')] });
  assert.equal(second.applied, 'yes');
  assert.deepEqual(await names(harness, [...ids, ...idsIn(second.json)]), [
    'First',
    'Changed',
    'Changed',
    'Third',
  ]);
});

test('a tree, a graph and a batch are in the mirror when their answers arrive', async () => {
  await using harness = await openMirror();
  const tree = await send(harness, 'POST', 'composite/tree/Account', {
    records: [
      {
        attributes: { type: 'Account', referenceId: 'root' },
        Name: 'Tree',
        Contacts: { records: [{ attributes: { type: 'Contact', referenceId: 'leaf' }, LastName: 'Leaf' }] },
      },
    ],
  });
  assert.equal(tree.applied, 'yes', tree.text);
  const [root = '', leaf = ''] = idsIn((tree.json as { results: unknown }).results);
  assert.deepEqual(await names(harness, [root]), ['Tree']);
  const contacts = await harness.reader.query(
    sql`SELECT accountid FROM salesforce.contact WHERE id = ${leaf}`,
  );
  assert.deepEqual(contacts, [{ accountid: root }]);

  const graph = await send(harness, 'POST', 'composite/graph', {
    graphs: [
      {
        graphId: '1',
        compositeRequest: [
          {
            referenceId: 'a',
            method: 'PATCH',
            url: `${dataPath}/sobjects/Account/${root}`,
            body: { Name: 'G' },
          },
        ],
      },
    ],
  });
  assert.equal(graph.applied, 'yes', graph.text);
  assert.deepEqual(await names(harness, [root]), ['G']);

  const version = dataPath.split('/').at(-1);
  const batch = await send(harness, 'POST', 'composite/batch', {
    batchRequests: [
      { method: 'PATCH', url: `${version}/sobjects/Account/${root}`, richInput: { Name: 'B' } },
      { method: 'DELETE', url: `${version}/sobjects/Contact/${leaf}` },
    ],
  });
  assert.equal(batch.applied, 'yes', batch.text);
  assert.deepEqual(await names(harness, [root]), ['B']);
  assert.deepEqual(await harness.reader.query(sql`SELECT FROM salesforce.contact WHERE id = ${leaf}`), []);
});

test('a composite request that only reads is forwarded without Lockstep-Applied', async () => {
  await using harness = await openMirror();
  const answer = await send(harness, 'POST', 'composite', {
    compositeRequest: [{ referenceId: 'a', method: 'GET', url: `${dataPath}/limits` }],
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.applied, null);
});

test('a table that cannot be written does not keep a request’s other tables from being written', async () => {
  await using harness = await openMirror();
  await harness.admin.query(sql`ALTER TABLE salesforce.contact RENAME COLUMN lastname TO somewhere_else`);
  const answer = await send(harness, 'POST', 'composite/sobjects', {
    records: [
      { attributes: { type: 'Account' }, Name: 'Beside it' },
      { attributes: { type: 'Contact' }, LastName: 'Not now' },
    ],
  });
  assert.equal(answer.applied, 'pending', answer.text);
  const [account = ''] = idsIn(answer.json);
  assert.deepEqual(await names(harness, [account]), ['Beside it']);
});
