import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 500 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

interface Part {
  body: unknown;
  httpHeaders: Record<string, string>;
  httpStatusCode: number;
  referenceId: string;
}
interface Page {
  totalSize: number;
  records: { Id: string; SystemModstamp: string }[];
}

const get = (referenceId: string, path: string) => ({ method: 'GET', referenceId, url: `${data}/${path}` });
const query = (referenceId: string, soql: string) => get(referenceId, `query?q=${encodeURIComponent(soql)}`);

async function send(
  compositeRequest: readonly object[],
  options: object = {},
  version = 'v62.0',
): Promise<Part[]> {
  const answer = await org.request('POST', `/services/data/${version}/composite`, {
    body: { ...options, compositeRequest },
  });
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { compositeResponse: Part[] }).compositeResponse;
}

const totalOf = (part: Part | undefined): number | undefined => (part?.body as Page | undefined)?.totalSize;

const used = async () => {
  const answer = await org.request('GET', `${data}/limits`);
  return Number(/api-usage=(\d+)/.exec(answer.headers.get('sforce-limit-info') ?? '')?.[1]);
};

test('five queries in one request cost one call', async () => {
  const before = await used();
  const sobjects = ['Account', 'Contact', 'Lead', 'Opportunity', 'User'];

  const parts = await send(sobjects.map((name) => query(name, `SELECT Id FROM ${name} ORDER BY Id`)));

  assert.equal((await used()) - before, 2); // the other call is the one that reads the usage
  for (const part of parts) {
    assert.equal(part.httpStatusCode, 200);
    assert.deepEqual(part.httpHeaders, {});
    assert.ok((part.body as Page).totalSize > 0);
  }
  assert.deepEqual(
    parts.map((part) => part.referenceId),
    sobjects,
  );
});

test('each page of a chain continues after the last record of the preceding one', async () => {
  const next = (ref: string, after: string) =>
    query(ref, `SELECT Id FROM Account WHERE Id > '@{${after}.records[9].Id}' ORDER BY Id LIMIT 10`);

  const parts = await send([
    query('a', 'SELECT Id FROM Account ORDER BY Id LIMIT 10'),
    next('b', 'a'),
    next('c', 'b'),
  ]);

  const ids = parts.flatMap((part) => (part.body as Page).records.map((record) => record.Id));
  assert.equal(new Set(ids).size, 30);
  assert.deepEqual(ids.toSorted(), ids);
});

test('a reference past the end of a short page fails only that subrequest and those that depend on it', async () => {
  const parts = await send([
    query('a', "SELECT Id FROM Account WHERE Name = 'nobody'"),
    query('b', "SELECT Id FROM Account WHERE Id > '@{a.records[1999].Id}'"),
    query('c', "SELECT Id FROM Account WHERE Id > '@{b.records[1999].Id}'"),
    query('d', 'SELECT Id FROM User LIMIT 1'),
  ]);

  assert.deepEqual(
    parts.map((part) => part.httpStatusCode),
    [200, 400, 400, 200],
  );
  assert.deepEqual(parts[1]?.body, [
    {
      message:
        "Invalid reference specified. No value for a.records[1999].Id found in a. Provided referenceId ('a.records[1999].Id') must start with a letter or a number, and it can contain only letters, numbers and underscores ('_').",
      errorCode: 'PROCESSING_HALTED',
    },
  ]);
});

test('a time keeps its plus sign through a reference in a raw URL', async () => {
  const parts = await send([
    get('a', 'query?q=SELECT Id, SystemModstamp FROM Account ORDER BY SystemModstamp, Id LIMIT 2'),
    get('b', 'query?q=SELECT Id FROM Account WHERE SystemModstamp = @{a.records[1].SystemModstamp}'),
  ]);

  const [a, b] = parts.map((part) => part.body as Page);
  assert.ok(b?.records.some((record) => record.Id === a?.records[1]?.Id));
});

test('later subrequests see a record that an earlier one created', async () => {
  const parts = await send([
    { method: 'POST', referenceId: 'acme', url: `${data}/sobjects/Account`, body: { Name: 'Acme' } },
    {
      method: 'POST',
      referenceId: 'ada',
      url: `${data}/sobjects/Contact`,
      body: { LastName: 'Byron', AccountId: '@{acme.id}' },
    },
    get('read', 'sobjects/Contact/@{ada.id}?fields=AccountId'),
    {
      method: 'PATCH',
      referenceId: 'change',
      url: `${data}/sobjects/Account/@{acme.id}`,
      body: { Site: 'x' },
    },
    { method: 'DELETE', referenceId: 'gone', url: `${data}/sobjects/Contact/@{ada.id}` },
  ]);

  const [acme, ada, read] = parts.map((part) => part.body as { id?: string; AccountId?: string });
  assert.deepEqual(
    parts.map((part) => part.httpStatusCode),
    [201, 201, 200, 204, 204],
  );
  assert.equal(parts[0]?.httpHeaders.Location, `${data}/sobjects/Account/${acme?.id}`);
  assert.equal(read?.AccountId, acme?.id);
  assert.ok(ada?.id);
  assert.equal(parts[3]?.body, null);
});

test('all or none: one failure rolls back everything, and only its own answer says why', async () => {
  const requests = [
    { method: 'POST', referenceId: 'one', url: `${data}/sobjects/Account`, body: { Name: 'Never there' } },
    { method: 'POST', referenceId: 'two', url: `${data}/sobjects/Contact`, body: { FirstName: 'nameless' } },
    query('three', 'SELECT Id FROM User LIMIT 1'),
  ];

  const parts = await send(requests, { allOrNone: true });

  const codes = parts.map((part) => (part.body as { errorCode: string }[])[0]?.errorCode);
  assert.deepEqual(codes, ['PROCESSING_HALTED', 'REQUIRED_FIELD_MISSING', 'PROCESSING_HALTED']);
  const [count] = await send([query('c', "SELECT count() FROM Account WHERE Name = 'Never there'")]);
  assert.equal(totalOf(count), 0);

  const kept = await send(requests);
  assert.deepEqual(
    kept.map((part) => part.httpStatusCode),
    [201, 400, 200],
  );
});

test('all or none commits if everything succeeds', async () => {
  const parts = await send(
    [
      { method: 'POST', referenceId: 'a', url: `${data}/sobjects/Account`, body: { Name: 'Together' } },
      query('q', "SELECT Id FROM Account WHERE Name = 'Together'"),
    ],
    { allOrNone: true },
  );
  assert.equal(totalOf(parts[1]), 1);
  const [count] = await send([query('c', "SELECT count() FROM Account WHERE Name = 'Together'")]);
  assert.equal(totalOf(count), 1);
});

test('an unchanged describe in a composite answers 304 without a body', async () => {
  const [first] = await send([get('d', 'sobjects/Account/describe')]);
  const since = first?.httpHeaders['Last-Modified'] ?? '';

  const [again] = await send([
    { ...get('d', 'sobjects/Account/describe'), httpHeaders: { 'If-Modified-Since': since } },
  ]);

  assert.equal(first?.httpStatusCode, 200);
  assert.equal(again?.httpStatusCode, 304);
  assert.equal(again?.body, null);
  assert.equal(again?.httpHeaders['Last-Modified'], since);
});

test('an unknown sobject inside is 404 there and 200 outside', async () => {
  const [part] = await send([get('CCI__RefId__0__', 'sobjects/Foo')]);
  assert.deepEqual(part, {
    body: [{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }],
    httpHeaders: {},
    httpStatusCode: 404,
    referenceId: 'CCI__RefId__0__',
  });
});

test('a malformed composite is refused as a whole', async () => {
  const many = Array.from({ length: 26 }, (_, i) => get(`r${i}`, 'limits'));
  const queries = Array.from({ length: 6 }, (_, i) => query(`r${i}`, 'SELECT Id FROM User'));
  const bodies = [
    { compositeRequest: many },
    { compositeRequest: queries },
    { compositeRequest: [get('same', 'limits'), get('same', 'limits')] },
    { compositeRequest: [{ method: 'GET', url: `${data}/limits` }] },
    { compositeRequest: [get('not a word', 'limits')] },
    { compositeRequest: 'none' },
    {},
    [],
  ];
  for (const body of bodies) {
    const answer = await org.request('POST', `${data}/composite`, { body });
    assert.equal(answer.status, 400, answer.text);
    assert.ok(Array.isArray(answer.json));
  }
});

test('a composite inside a composite does not exist', async () => {
  const [part] = await send([{ method: 'POST', referenceId: 'a', url: `${data}/composite`, body: {} }]);
  assert.equal(part?.httpStatusCode, 404);
});
