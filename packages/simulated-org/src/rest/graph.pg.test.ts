import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

interface Part {
  body: unknown;
  httpHeaders: Record<string, string>;
  httpStatusCode: number;
  referenceId: string;
}
interface GraphAnswer {
  graphId: string;
  graphResponse: { compositeResponse: Part[] };
  isSuccessful: boolean;
}

const post = (referenceId: string, sobject: string, body: object) => ({
  method: 'POST',
  referenceId,
  url: `${data}/sobjects/${sobject}`,
  body,
});
const graphOf = (graphId: string, ...compositeRequest: object[]) => ({ graphId, compositeRequest });
/** A graph that fails: a contact needs a last name. */
const failing = (graphId: string) =>
  graphOf(graphId, post('a', 'Account', { Name: `Of ${graphId}` }), post('c', 'Contact', { FirstName: 'x' }));

const send = (graphs: readonly object[], version = '62.0') =>
  org.request('POST', `/services/data/v${version}/composite/graph`, { body: { graphs } });

async function run(graphs: readonly object[]): Promise<GraphAnswer[]> {
  const answer = await send(graphs);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { graphs: GraphAnswer[] }).graphs;
}

const statuses = (graph: GraphAnswer | undefined) =>
  graph?.graphResponse.compositeResponse.map((part) => part.httpStatusCode);
const codes = (graph: GraphAnswer | undefined) =>
  graph?.graphResponse.compositeResponse.map(
    (part) => (part.body as { errorCode?: string }[] | null)?.[0]?.errorCode,
  );

const accounts = async (name: string) => {
  const [row] = await org.db.query<{ count: number }>(
    sql`SELECT count(*) AS count FROM org."Account" WHERE "Name" LIKE ${name}`,
  );
  return row?.count;
};

test('a graph of records is written with its references, and counts as one call', async () => {
  const usage = async () =>
    Number(
      /api-usage=(\d+)/.exec(
        (await org.request('GET', `${data}/limits`)).headers.get('sforce-limit-info') ?? '',
      )?.[1],
    );
  const before = await usage();

  const [graph] = await run([
    graphOf(
      '1',
      post('acme', 'Account', { Name: 'Cloudy Consulting', External_Id__c: 'graph-1' }),
      post('nellie', 'Contact', { LastName: 'Cashman', AccountId: '@{acme.id}' }),
      { method: 'PATCH', referenceId: 'up', url: `${data}/sobjects/Account/@{acme.id}`, body: { Site: 'x' } },
      {
        method: 'PATCH',
        referenceId: 'upsert',
        url: `${data}/sobjects/Account/External_Id__c/graph-1`,
        body: { Sic: '1' },
      },
      { method: 'GET', referenceId: 'read', url: `${data}/sobjects/Account/@{acme.id}?fields=Site,Sic` },
      { method: 'DELETE', referenceId: 'gone', url: `${data}/sobjects/Contact/@{nellie.id}` },
    ),
  ]);

  assert.equal((await usage()) - before, 2);
  assert.equal(graph?.isSuccessful, true);
  assert.deepEqual(statuses(graph), [201, 201, 204, 200, 200, 204]);
  const [acme, , , , read] = graph?.graphResponse.compositeResponse ?? [];
  const { id } = (acme?.body ?? {}) as { id?: string };
  assert.equal(acme?.httpHeaders.Location, `${data}/sobjects/Account/${id}`);
  assert.deepEqual(read?.body, {
    attributes: { type: 'Account', url: `${data}/sobjects/Account/${id}` },
    Site: 'x',
    Sic: '1',
    Id: id,
  });
});

test('a graph that fails is rolled back as a whole, and the others stay', async () => {
  const [first, second, third] = await run([
    graphOf('good', post('a', 'Account', { Name: 'Neighbour 1' })),
    failing('bad'),
    graphOf('better', post('a', 'Account', { Name: 'Neighbour 2' })),
  ]);

  assert.deepEqual(
    [first, second, third].map((graph) => graph?.isSuccessful),
    [true, false, true],
  );
  assert.deepEqual(statuses(second), [400, 400]);
  assert.deepEqual(codes(second), ['PROCESSING_HALTED', 'REQUIRED_FIELD_MISSING']);
  assert.equal(await accounts('Of bad'), 0);
  assert.equal(await accounts('Neighbour _'), 2);
});

test('after fifteen failures the remaining graphs are not tried', async () => {
  const graphs = await run([
    ...Array.from({ length: 14 }, (_, i) => failing(`f${i}`)),
    graphOf('still', post('a', 'Account', { Name: 'Still tried' })),
    failing('f14'),
    graphOf('halted', post('a', 'Account', { Name: 'Never tried' })),
  ]);

  assert.equal(graphs[14]?.isSuccessful, true);
  assert.equal(graphs[16]?.isSuccessful, false);
  assert.deepEqual(codes(graphs[16]), ['PROCESSING_HALTED']);
  assert.equal(await accounts('Still tried'), 1);
  assert.equal(await accounts('Never tried'), 0);
});

test('a graph may only contain rows', async () => {
  const bad = [
    { method: 'GET', referenceId: 'q', url: `${data}/query?q=SELECT+Id+FROM+Account` },
    { method: 'GET', referenceId: 'q', url: `${data}/sobjects/Account/describe` },
    { method: 'GET', referenceId: 'q', url: `${data}/sobjects/Account` },
    { method: 'POST', referenceId: 'q', url: '/services/data/v49.0/sobjects/Account', body: { Name: 'x' } },
    { method: 'POST', referenceId: 'q', url: `${data}/composite/sobjects`, body: {} },
  ];
  const graphs = await run(bad.map((node, i) => graphOf(`g${i}`, node)));
  for (const [i, graph] of graphs.entries()) {
    assert.equal(graph.isSuccessful, false, `graph ${i}`);
    assert.ok((statuses(graph)?.[0] ?? 0) >= 400);
  }
});

test('a graph request that exceeds a limit is refused as a whole', async () => {
  const one = (id: string) => graphOf(id, post('a', 'Account', { Name: 'Too much' }));
  const nodes = (count: number) =>
    graphOf('n', ...Array.from({ length: count }, (_, i) => post(`r${i}`, 'Account', { Name: 'Too much' })));
  const chain = (length: number) =>
    graphOf(
      'c',
      ...Array.from({ length }, (_, i) =>
        post(`r${i}`, 'Account', { Name: 'Too much', ...(i > 0 && { ParentId: `@{r${i - 1}.id}` }) }),
      ),
    );
  const kinds = graphOf(
    'k',
    ...Array.from({ length: 16 }, (_, i) => ({
      ...post(`r${i}`, 'Account', { Name: 'Too much' }),
      url: `/services/data/v${50 + i}.0/sobjects/Account`,
    })),
  );
  const bodies = [
    Array.from({ length: 76 }, (_, i) => one(`g${i}`)),
    [nodes(501)],
    [chain(16)],
    [kinds],
    [one('same'), one('same')],
    [one('no.period')],
    [graphOf('twice', post('a', 'Account', { Name: 'x' }), post('a', 'Account', { Name: 'y' }))],
  ];
  for (const graphs of bodies) {
    const answer = await send(graphs);
    assert.equal(answer.status, 400, answer.text.slice(0, 200));
    assert.ok(Array.isArray(answer.json));
  }
  assert.equal(await accounts('Too much'), 0);
  assert.equal((await run([chain(15)]))[0]?.isSuccessful, true);
});

test('graphs exist since version 50', async () => {
  const graphs = [graphOf('1', post('a', 'Account', { Name: 'x' }))];
  assert.equal((await send(graphs, '49.0')).status, 404);
  assert.equal((await send(graphs, '50.0')).status, 200);
});
