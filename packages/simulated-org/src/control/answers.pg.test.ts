import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { namedAnswers } from './named-answers.ts';

const org = await startOrg({ records: 400 });
after(() => org[Symbol.asyncDispose]());
// Sign in before any fault: otherwise each one's first request would.
await Promise.all([org.token('demo'), org.token('integration')]);
afterEach(() => org.control('/faults/delete', {}));

const data = '/services/data/v62.0';
const query = (soql: string) => org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
const composite = (...urls: string[]) =>
  org.request('POST', `${data}/composite`, {
    body: {
      compositeRequest: urls.map((url, i) => ({ method: 'GET', url: `${data}${url}`, referenceId: `r${i}` })),
    },
  });
const parts = (answer: { json: unknown }) =>
  (answer.json as { compositeResponse: { httpStatusCode: number; body: unknown }[] }).compositeResponse;
const codeOf = (json: unknown) => (json as { errorCode: string }[])[0]?.errorCode;

async function arm(fault: object): Promise<string> {
  return (await org.control<{ id: string }>('/faults', fault)).id;
}

async function create(name: string): Promise<string> {
  const created = await org.request('POST', `${data}/sobjects/Account`, { body: { Name: name } });
  return (created.json as { id: string }).id;
}

test('a refusal of Salesforce’s is injected by name, once, and then the org answers normally', async () => {
  const statuses: Record<string, number> = {
    SERVER_UNAVAILABLE: 503,
    HTML_503: 503,
    UNKNOWN_EXCEPTION: 500,
    REQUEST_LIMIT_EXCEEDED: 403,
    CONCURRENT_REQUESTS: 403,
    TOO_MANY_REQUESTS: 429,
    INVALID_SESSION_ID: 401,
    NOT_FOUND: 404,
    UNSUPPORTED_API_VERSION: 410,
    URI_TOO_LONG: 414,
    HEADERS_TOO_LARGE: 431,
    ERROR_WITH_200: 200,
  };
  for (const answer of namedAnswers) {
    await arm({ effect: { answer, name: 'Name' } });
    const injected = await query('SELECT Name FROM Account LIMIT 1');
    assert.equal(injected.status, statuses[answer] ?? 400, answer);
    assert.equal((await query('SELECT Id FROM Account LIMIT 1')).status, 200, answer);
  }
});

test('refusals have Salesforce’s texts', async () => {
  const cases: [effect: object, entry: object][] = [
    [
      { answer: 'QUERY_TIMEOUT' },
      { message: 'Your query request was running for too long.', errorCode: 'QUERY_TIMEOUT' },
    ],
    [
      { answer: 'CONCURRENT_REQUESTS' },
      {
        message: 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
        errorCode: 'REQUEST_LIMIT_EXCEEDED',
      },
    ],
    [
      { answer: 'UNABLE_TO_LOCK_ROW' },
      {
        message: 'unable to obtain exclusive access to this record',
        errorCode: 'UNABLE_TO_LOCK_ROW',
        fields: [],
      },
    ],
    [
      { answer: 'INVALID_FIELD', name: 'Site' },
      {
        message:
          "\nSELECT Id, Site FROM Account LIMIT 1\n           ^\nERROR at Row:1:Column:12\nNo such column 'Site' on entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
        errorCode: 'INVALID_FIELD',
      },
    ],
    [
      { answer: 'INVALID_TYPE', name: 'Account' },
      {
        message:
          "\nSELECT Id, Site FROM Account LIMIT 1\n                     ^\nERROR at Row:1:Column:22\nsObject type 'Account' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
        errorCode: 'INVALID_TYPE',
      },
    ],
  ];
  for (const [effect, entry] of cases) {
    await arm({ effect });
    assert.deepEqual((await query('SELECT Id, Site FROM Account LIMIT 1')).json, [entry]);
  }
  await arm({ effect: { answer: 'TOO_MANY_REQUESTS', retryAfterSeconds: 7 } });
  assert.equal((await query('SELECT Id FROM Account')).headers.get('retry-after'), '7');
  await arm({ effect: { answer: 'HTML_503' } });
  const page = await query('SELECT Id FROM Account');
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(page.text, /^<!DOCTYPE html>/);
});

test('a field that a query or write names is refused until the fault is deleted', async () => {
  const id = await arm({
    match: { contains: 'Site' },
    times: null,
    effect: { answer: 'INVALID_FIELD', name: 'Site' },
  });
  assert.equal(codeOf((await query('SELECT Site FROM Account LIMIT 1')).json), 'INVALID_FIELD');
  assert.equal((await query('SELECT Name FROM Account LIMIT 1')).status, 200);
  const written = await org.request('POST', `${data}/sobjects/Account`, { body: { Name: 'x', Site: 'y' } });
  assert.deepEqual(written.json, [
    { message: "No such column 'Site' on sobject of type Account", errorCode: 'INVALID_FIELD' },
  ]);
  const { faults } = await org.control<{ faults: { id: string; fired: number }[] }>('/faults');
  assert.deepEqual(
    faults.map((fault) => [fault.id, fault.fired]),
    [[id, 2]],
  );
  await org.control('/faults/delete', { id });
  assert.equal((await query('SELECT Site FROM Account LIMIT 1')).status, 200);
});

test('any answer can be injected, with the work done or not', async () => {
  const account = await create('Before');
  const patch = (name: string) =>
    org.request('PATCH', `${data}/sobjects/Account/${account}`, { body: { Name: name } });
  const nameNow = async () =>
    ((await org.request('GET', `${data}/sobjects/Account/${account}`)).json as { Name: string }).Name;

  await arm({ effect: { respond: { status: 502, headers: { 'X-Edge': 'yes' }, body: 'bad gateway' } } });
  const gateway = await patch('Never');
  assert.deepEqual(
    [gateway.status, gateway.text, gateway.headers.get('x-edge')],
    [502, 'bad gateway', 'yes'],
  );
  assert.equal(await nameNow(), 'Before');

  await arm({ match: { method: 'PATCH' }, effect: { isHandled: true, respond: { status: 500, body: [] } } });
  assert.deepEqual((await patch('After')).json, []);
  assert.equal(await nameNow(), 'After');

  await arm({ effect: { redirectTo: 'http://127.0.0.1:9/elsewhere' } });
  const token = await org.token('demo');
  const redirected = await fetch(`${org.url}${data}/limits`, {
    headers: { Authorization: `Bearer ${token}` },
    redirect: 'manual',
  });
  assert.deepEqual(
    [redirected.status, redirected.headers.get('location')],
    [302, 'http://127.0.0.1:9/elsewhere'],
  );
});

test('a fault for one user or app does not affect the others', async () => {
  await arm({ match: { user: 'integration' }, times: null, effect: { answer: 'INVALID_SESSION_ID' } });
  const other = await org.token('integration');
  assert.equal((await org.request('GET', `${data}/limits`, { token: other })).status, 401);
  assert.equal((await org.request('GET', `${data}/limits`)).status, 200);
  await org.control('/faults/delete', {});
  await arm({ match: { app: org.credentials.demo.clientId }, times: null, effect: { answer: 'HTML_503' } });
  assert.equal((await org.request('GET', `${data}/limits`, { token: other })).status, 200);
  assert.equal((await org.request('GET', `${data}/limits`)).status, 503);
});

test('a fault for one client does not affect the others, and applies to its subrequests', async () => {
  const named = { headers: { 'Sforce-Call-Options': 'client=lockstep/poll' } };
  const match = { client: 'lockstep/poll', inside: 'too', path: '*/limits' };
  await arm({ match, times: null, effect: { answer: 'NOT_FOUND' } });
  assert.equal((await org.request('GET', `${data}/limits`)).status, 200);
  assert.equal((await org.request('GET', `${data}/limits`, named)).status, 404);
  const body = { batchRequests: [{ method: 'GET', url: 'v62.0/limits' }] };
  const batch = async (options: object) => {
    const { json } = await org.request('POST', `${data}/composite/batch`, { body, ...options });
    return (json as { results: { statusCode: number }[] }).results[0]?.statusCode;
  };
  assert.equal(await batch({}), 200);
  assert.equal(await batch(named), 404);
});

test('single answers can be injected inside composites and batches', async () => {
  const match = { inside: 'only', contains: 'FROM Contact' };
  const urls = ['/query?q=SELECT+Id+FROM+Account+LIMIT+1', '/query?q=SELECT+Id+FROM+Contact+LIMIT+1'];
  await arm({ match, effect: { answer: 'UNKNOWN_EXCEPTION' } });
  assert.equal((await query('SELECT Id FROM Contact LIMIT 1')).status, 200);
  const injected = parts(await composite(...urls));
  assert.deepEqual(
    injected.map((part) => part.httpStatusCode),
    [200, 500],
  );
  assert.equal(codeOf(injected[1]?.body), 'UNKNOWN_EXCEPTION');

  await arm({ match, effect: { answer: 'HTML_503' } });
  const html = parts(await composite(...urls));
  assert.equal(html[1]?.httpStatusCode, 503);
  assert.match(html[1]?.body as string, /^<!DOCTYPE html>/);

  await arm({ match: { inside: 'too', path: '*/limits' }, times: 2, effect: { answer: 'NOT_FOUND' } });
  const batch = await org.request('POST', `${data}/composite/batch`, {
    body: { batchRequests: [{ method: 'GET', url: 'v62.0/limits' }] },
  });
  assert.equal((batch.json as { results: { statusCode: number }[] }).results[0]?.statusCode, 404);
  assert.equal((await org.request('GET', `${data}/limits`)).status, 404);
});

test('queries that contain a text are always refused inside composites, and the other subrequests are not', async () => {
  const contains = 'COUNT(Id)';
  for (const effect of [
    { answer: 'QUERY_TIMEOUT' },
    { respond: { status: 400, body: [{ message: 'not here', errorCode: 'MALFORMED_QUERY' }] } },
  ]) {
    const id = await arm({ match: { inside: 'only', contains }, times: null, effect });
    for (let time = 0; time < 3; time += 1) {
      const [count, rows] = parts(
        await composite('/query?q=SELECT count(id) FROM Account', '/query?q=SELECT Id FROM Account LIMIT 1'),
      );
      assert.deepEqual([count?.httpStatusCode, rows?.httpStatusCode], [400, 200]);
      assert.match(String(codeOf(count?.body)), /QUERY_TIMEOUT|MALFORMED_QUERY/);
    }
    assert.equal(
      (await query('SELECT COUNT(Id) FROM Account')).status,
      200,
      'outside a composite it is answered',
    );
    await org.control('/faults/delete', { id });
  }
});

test('a session can be refused twice in a row', async () => {
  await arm({ match: { path: '/services/data/*' }, times: 2, effect: { answer: 'INVALID_SESSION_ID' } });
  for (const status of [401, 401, 200])
    assert.equal((await query('SELECT Id FROM Account LIMIT 1')).status, status);
});

test('the rows of a page are corrupted without any other sign in the page', async () => {
  type Page = {
    totalSize: number;
    done: boolean;
    nextRecordsUrl?: string;
    records: (Record<string, unknown> | null)[];
  };
  const soql = 'SELECT Id, Name FROM Account ORDER BY Id LIMIT 4';
  const whole = (await query(soql)).json as Page;
  const torn = async (rows: object, inside = 'no') => {
    await arm({ match: { inside }, effect: { rows } });
    if (inside === 'no') return (await query(soql)).json as Page;
    return parts(await composite(`/query?q=${encodeURIComponent(soql)}`))[0]?.body as Page;
  };
  const ids = (page: Page) => page.records.map((row) => row?.Id);
  const all = ids(whole);

  const short = await torn({ dropLast: 3 });
  assert.deepEqual([short.totalSize, short.done, ids(short)], [4, true, all.slice(0, 1)]);
  assert.deepEqual(ids(await torn({ duplicate: 1 }, 'only')), [all[0], ...all]);
  const mixed = await torn({ shuffle: true });
  assert.notDeepEqual(ids(mixed), all);
  assert.deepEqual(new Set(ids(mixed)), new Set(all));
  assert.equal((await torn({ nullRecord: true })).records.filter((row) => row === null).length, 1);
  const [changed] = (await torn({ extra: { New__c: 1 }, wrongType: ['Name'], replace: { Id: 'x' } }, 'only'))
    .records;
  assert.deepEqual([changed?.New__c, changed?.Name, changed?.Id], [1, [whole.records[0]?.Name], 'x']);
  const more = await torn({ notDone: true });
  assert.equal(more.done, false);
  assert.equal(codeOf((await org.request('GET', more.nextRecordsUrl ?? '')).json), 'INVALID_QUERY_LOCATOR');
});

test('a request can read an older state, alone and inside a composite, including further pages', async () => {
  const account = await create('Old');
  await org.control('/records/write', {
    writes: Array.from({ length: 201 }, () => ({ create: 'Product2', values: { Name: 'Page' } })),
  });
  const { id: snapshot } = await org.control<{ id: string }>('/snapshots/open', {});
  await org.request('PATCH', `${data}/sobjects/Account/${account}`, { body: { Name: 'New' } });
  await org.control('/records/write', { writes: [{ create: 'Product2', values: { Name: 'Later' } }] });
  const { snapshots } = await org.control<{ snapshots: { id: string }[] }>('/snapshots');
  assert.deepEqual(
    snapshots.map(({ id }) => id),
    [snapshot],
  );

  await arm({ match: { method: 'GET', inside: 'too' }, times: null, effect: { readFrom: snapshot } });
  const row = () => org.request('GET', `${data}/sobjects/Account/${account}`);
  assert.equal(((await row()).json as { Name: string }).Name, 'Old');
  const inside = parts(await composite(`/sobjects/Account/${account}`)).map(
    ({ body }) => (body as { Name: string }).Name,
  );
  assert.deepEqual(inside, ['Old']);
  const soql = `SELECT Id, Name FROM Product2 WHERE Name IN ('Page','Later') ORDER BY Id`;
  const headers = { 'Sforce-Query-Options': 'batchSize=200' };
  const first = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`, { headers });
  const { totalSize, nextRecordsUrl } = first.json as { totalSize: number; nextRecordsUrl: string };
  const second = await org.request('GET', nextRecordsUrl);
  const { records } = second.json as { records: { Name: string }[] };
  assert.deepEqual([totalSize, records.map(({ Name }) => Name)], [201, ['Page']]);

  assert.deepEqual(await org.control('/snapshots/close', { id: snapshot }), { closed: 1 });
  assert.equal(((await row()).json as { Name: string }).Name, 'New');
});

test('getDeleted is refused once, and then answers', async () => {
  const minute = (back: number) => new Date(Date.now() - back * 60_000).toISOString();
  const ask = () =>
    org.request('GET', `${data}/sobjects/Account/deleted?start=${minute(9)}&end=${minute(5)}`);
  for (const answer of ['EXCEEDED_ID_LIMIT', 'INVALID_REPLICATION_DATE']) {
    await arm({ match: { path: '*/deleted' }, effect: { answer } });
    assert.equal(codeOf((await ask()).json), answer);
    assert.equal((await ask()).status, 200);
  }
});
