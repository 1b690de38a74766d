import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

interface Batch {
  hasErrors: boolean;
  results: { statusCode: number; result: unknown }[];
}

async function send(batchRequests: readonly object[], options: object = {}): Promise<Batch> {
  const answer = await org.request('POST', `${data}/composite/batch`, {
    body: { ...options, batchRequests },
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Batch;
}

interface Result {
  id: string;
  Site: string;
  totalSize: number;
  0: { errorCode: string };
}
const resultOf = (answer: Batch, index: number): Result =>
  (answer.results[index] ?? assert.fail('a result is missing')).result as Result;

const query = (soql: string) => ({ method: 'GET', url: `v62.0/query?q=${encodeURIComponent(soql)}` });
const create = (body: object) => ({ method: 'POST', url: 'v62.0/sobjects/Account', richInput: body });
const missing = { method: 'GET', url: 'v62.0/sobjects/Nothing' };

test('a batch runs its requests in order and answers each with its status', async () => {
  const before = await send([create({ Name: 'Batched' })]);
  const { id } = resultOf(before, 0);

  const answer = await send([
    { method: 'PATCH', url: `v62.0/sobjects/Account/${id}`, richInput: { Site: 'here' } },
    { method: 'GET', url: `v62.0/sobjects/Account/${id}?fields=Site` },
    query("SELECT count() FROM Account WHERE Name = 'Batched'"),
  ]);

  assert.equal(answer.hasErrors, false);
  assert.deepEqual(answer.results[0], { statusCode: 204, result: null });
  assert.equal(resultOf(answer, 1).Site, 'here');
  assert.equal(resultOf(answer, 2).totalSize, 1);
});

test('a failure in a batch does not stop the requests after it', async () => {
  const answer = await send([missing, create({ Name: 'After a failure' })]);

  assert.equal(answer.hasErrors, true);
  assert.deepEqual(answer.results[0], {
    statusCode: 404,
    result: [{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }],
  });
  assert.equal(answer.results[1]?.statusCode, 201);
});

test('haltOnError answers 412 for the requests after a failure and does not run them', async () => {
  const answer = await send([create({ Name: 'Halted' }), missing, create({ Name: 'Halted' })], {
    haltOnError: true,
  });

  assert.deepEqual(
    answer.results.map(({ statusCode }) => statusCode),
    [201, 404, 412],
  );
  assert.equal(resultOf(answer, 2)[0].errorCode, 'BATCH_PROCESSING_HALTED');
  const count = await send([query("SELECT count() FROM Account WHERE Name = 'Halted'")]);
  assert.equal(resultOf(count, 0).totalSize, 1);
});

test('every request of a batch counts against the allowance', async () => {
  const used = async (request: () => Promise<{ headers: Headers }>) =>
    Number(/api-usage=(\d+)/.exec((await request()).headers.get('sforce-limit-info') ?? '')?.[1]);
  const limits = { method: 'GET', url: `${data}/limits` };

  const before = await used(() => org.request('GET', `${data}/limits`));
  const after = await used(() =>
    org.request('POST', `${data}/composite/batch`, { body: { batchRequests: [limits, limits, limits] } }),
  );

  assert.equal(after - before, 3);
});

test('a malformed batch is refused as a whole, and a batch cannot contain a composite', async () => {
  for (const body of [
    {},
    { batchRequests: [{}] },
    { batchRequests: Array.from({ length: 26 }, () => missing) },
  ]) {
    assert.equal((await org.request('POST', `${data}/composite/batch`, { body })).status, 400);
  }
  assert.equal((await org.request('GET', `${data}/composite/batch`)).status, 405);
  const inside = await send([{ method: 'POST', url: 'v62.0/composite/batch', richInput: {} }]);
  assert.equal(inside.results[0]?.statusCode, 404);
});
