import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { before, test } from 'node:test';
import { apiVersion, refusalOf, savedId } from '@lockstep/harness/jsforce';
import { forEachRoute } from '@lockstep/harness/jsforce-ways';
import type { TestOrg } from '@lockstep/harness/org';
import type { Connection } from 'jsforce';

const data = `/services/data/v${apiVersion}`;

forEachRoute({ records: 300 }, (reached) => {
  let org: TestOrg;
  let conn: Connection;

  before(async () => {
    org = reached().org;
    conn = await reached().connect();
  });

  test('the versions are listed without a token, and a retired one is refused', async () => {
    const versions = await reached().unsigned().request<{ version: string; url: string }[]>('/services/data');
    assert.ok(versions.some(({ version, url }) => version === apiVersion && url === data));
    const old = await reached().connect({ version: '20.0' });
    assert.equal((await refusalOf(old.query('SELECT Id FROM Account'))).errorCode, 'UNSUPPORTED_API_VERSION');
  });

  test('every listed version answers the same query, even for a client that names none', async () => {
    for (const version of ['42.0', '50.0', '68.0']) {
      const { records } = await (await reached().connect({ version })).query(
        'SELECT Id FROM Account LIMIT 1',
      );
      assert.ok(records[0]?.attributes?.url.startsWith(`/services/data/v${version}/`));
    }
    const plain = reached().unsigned({ version: '', accessToken: await org.token('demo') });
    assert.equal((await plain.query('SELECT Id FROM Account LIMIT 1')).totalSize, 1);
  });

  test('the resources of a version lead to who is signed in', async () => {
    const { identity } = await conn.request<{ identity: string }>('/');
    assert.equal((await conn.identity()).id, identity);
  });

  test('limits give the requests of the day, and each answer how many were used', async () => {
    const { DailyApiRequests: daily } = await conn.limits();
    const first = conn.limitInfo.apiUsage;
    assert.equal(daily?.Max, first?.limit);
    assert.equal((daily?.Max ?? 0) - (daily?.Remaining ?? 0), first?.used);
    await conn.query('SELECT Id FROM Account LIMIT 1');
    assert.equal(conn.limitInfo.apiUsage?.used, (first?.used ?? 0) + 1);
  });

  test('the client caches a describe, and requests it again after the cache is cleared', async () => {
    const used = () => conn.limitInfo.apiUsage?.used ?? 0;
    const described = await conn.describe('Account');
    assert.equal(described.name, 'Account');
    assert.ok(described.fields.some(({ name, externalId }) => name === 'External_Id__c' && externalId));
    assert.ok(described.childRelationships.some(({ relationshipName }) => relationshipName === 'Contacts'));
    const before = used();
    assert.deepEqual(await conn.describe$('Account'), described);
    assert.deepEqual(conn.describe$$('Account'), described);
    assert.equal(used(), before);
    assert.deepEqual(await conn.sobject('Account').describe(), described);
    assert.equal(used(), before + 1);
    conn.cache.clear();
    await conn.describe$('Account');
    assert.equal(used(), before + 2);
  });

  test('the describe of all sobjects makes each of them an object of the connection', async () => {
    const { sobjects, maxBatchSize } = await conn.describeGlobal();
    assert.equal(maxBatchSize, 200);
    assert.ok(sobjects.some(({ name, custom }) => name === 'Invoice__c' && custom));
    assert.ok(conn.sobjects.Account);
    const used = conn.limitInfo.apiUsage?.used;
    assert.deepEqual((await conn.describeGlobal$()).sobjects, sobjects);
    assert.equal(conn.limitInfo.apiUsage?.used, used);
    assert.equal((await refusalOf(conn.describe('Nope'))).errorCode, 'NOT_FOUND');
  });

  test('an answer that is not modified since has no body', async () => {
    const headers = { 'If-Modified-Since': new Date(Date.now() + 60_000).toUTCString() };
    assert.equal(await conn.request({ method: 'GET', url: '/sobjects/Account/describe', headers }), '');
  });

  test('a long answer is sent compressed and read unchanged', async () => {
    const encodings: string[] = [];
    const listen = (message: unknown) => {
      const { headers } = (message as { response: { headers: Buffer[] } }).response;
      const at = headers.findIndex(
        (name, i) => i % 2 === 0 && name.toString().toLowerCase() === 'content-encoding',
      );
      encodings.push(headers[at + 1]?.toString() ?? '');
    };
    subscribe('undici:request:headers', listen);
    assert.ok((await conn.describe('Account')).fields.length > 50);
    unsubscribe('undici:request:headers', listen);
    // The proxy runs in this process, so this hears its own request too.
    assert.deepEqual([...new Set(encodings)], ['gzip']);
  });

  test('a composite passes the id of one request to the next, and rolls back all if one fails', async () => {
    const body = (LastName: string | null) => ({
      allOrNone: true,
      compositeRequest: [
        { method: 'POST', url: `${data}/sobjects/Account`, referenceId: 'acme', body: { Name: 'Composite' } },
        {
          method: 'POST',
          url: `${data}/sobjects/Contact`,
          referenceId: 'ada',
          body: { LastName, AccountId: '@{acme.id}' },
        },
      ],
    });
    interface Composite {
      compositeResponse: { httpStatusCode: number; referenceId: string; body: { id: string } }[];
    }
    const done = await conn.requestPost<Composite>('/composite', body('Ada'));
    assert.deepEqual(
      done.compositeResponse.map(({ httpStatusCode, referenceId }) => [httpStatusCode, referenceId]),
      [
        [201, 'acme'],
        [201, 'ada'],
      ],
    );
    const undone = await conn.requestPost<Composite>('/composite', body(null));
    assert.deepEqual(
      undone.compositeResponse.map(({ httpStatusCode }) => httpStatusCode),
      [400, 400],
    );
    assert.equal(await conn.sobject('Account').count({ Name: 'Composite' }), 1);
  });

  test('a batch answers each of its requests', async () => {
    const { hasErrors, results } = await conn.requestPost<{
      hasErrors: boolean;
      results: { statusCode: number }[];
    }>('/composite/batch', {
      batchRequests: [
        { method: 'GET', url: `v${apiVersion}/limits` },
        { method: 'GET', url: `v${apiVersion}/sobjects/Nope` },
      ],
    });
    assert.deepEqual([hasErrors, ...results.map(({ statusCode }) => statusCode)], [true, 200, 404]);
  });

  test('a tree creates parents with their children', async () => {
    const { hasErrors, results } = await conn.requestPost<{
      hasErrors: boolean;
      results: { referenceId: string; id: string }[];
    }>('/composite/tree/Account', {
      records: [
        {
          attributes: { type: 'Account', referenceId: 'a' },
          Name: 'Tree',
          Contacts: { records: [{ attributes: { type: 'Contact', referenceId: 'c' }, LastName: 'Leaf' }] },
        },
      ],
    });
    assert.equal(hasErrors, false);
    const child = results.find(({ referenceId }) => referenceId === 'c')?.id ?? '';
    assert.equal(
      (await conn.sobject('Contact').findOne({ Id: child }, 'Account.Name'))?.Account.Name,
      'Tree',
    );
  });

  test('the graphs of a request succeed or fail independently', async () => {
    const graph = (graphId: string, Name: string | null) => ({
      graphId,
      compositeRequest: [
        { method: 'POST', url: `${data}/sobjects/Account`, referenceId: 'one', body: { Name } },
      ],
    });
    const { graphs } = await conn.requestPost<{ graphs: { graphId: string; isSuccessful: boolean }[] }>(
      '/composite/graph',
      { graphs: [graph('good', 'Graph'), graph('bad', null)] },
    );
    assert.deepEqual(
      graphs.map(({ graphId, isSuccessful }) => [graphId, isSuccessful]),
      [
        ['good', true],
        ['bad', false],
      ],
    );
  });

  test('records are written by plain requests too', async () => {
    const created = await conn.requestPost<{ id: string; success: true; errors: [] }>('/sobjects/Account', {
      Name: 'Plain',
    });
    const url = `/sobjects/Account/${savedId(created)}`;
    await conn.requestPatch(url, { Name: 'Plainer' });
    assert.equal((await conn.requestGet<{ Name: string }>(url)).Name, 'Plainer');
    await conn.requestDelete(url);
    assert.equal((await refusalOf(conn.requestGet(url))).errorCode, 'ENTITY_IS_DELETED');
    assert.equal((await refusalOf(conn.requestPut('/sobjects/Account', {}))).errorCode, 'METHOD_NOT_ALLOWED');
  });

  test('a session that renews itself goes on at the proxy once the instance URL is set again', async () => {
    const { instanceUrl, appliedCheck } = reached();
    const { username, password } = org.credentials.demo;
    const renewing = reached().unsigned();
    await renewing.login(username, password);
    assert.equal(renewing.instanceUrl, org.url);
    const setAgain = () => {
      renewing.instanceUrl = instanceUrl;
    };
    setAgain();
    renewing.on('refresh', setAgain);
    await renewing.oauth2.revokeToken(renewing.accessToken ?? '');
    const checked = appliedCheck?.checked();
    savedId(await renewing.sobject('Account').create({ Name: 'Renewed' }));
    assert.equal(renewing.instanceUrl, instanceUrl);
    assert.equal(appliedCheck?.checked(), checked === undefined ? undefined : checked + 1);
  });

  test('a request over the daily limit is refused with its code', async () => {
    await org.control('/limits', { dailyUsed: conn.limitInfo.apiUsage?.limit ?? 0 });
    const refusal = await refusalOf(conn.limits());
    assert.equal(refusal.errorCode, 'REQUEST_LIMIT_EXCEEDED');
  });
});
