import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

interface Part {
  body: unknown;
  httpStatusCode: number;
  referenceId: string;
}
interface Problem {
  message: string;
  errorCode: string;
}

const create = (referenceId: string, sobject: string, body: object) => ({
  method: 'POST',
  referenceId,
  url: `${data}/sobjects/${sobject}`,
  body,
});
const get = (referenceId: string, path: string) => ({ method: 'GET', referenceId, url: `${data}/${path}` });

const send = (compositeRequest: readonly object[], version = '62.0') =>
  org.request('POST', `/services/data/v${version}/composite`, { body: { compositeRequest } });

async function parts(compositeRequest: readonly object[], version?: string): Promise<Part[]> {
  const answer = await send(compositeRequest, version);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { compositeResponse: Part[] }).compositeResponse;
}

const problemOf = (part: Part | undefined): Problem | undefined => (part?.body as Problem[] | undefined)?.[0];

test('a reference may be anywhere in a body, also in a nested list', async () => {
  const [, written, read] = await parts([
    create('acme', 'Account', { Name: 'Acme' }),
    {
      method: 'POST',
      referenceId: 'people',
      url: `${data}/composite/sobjects`,
      body: {
        records: [
          { attributes: { type: 'Contact' }, LastName: 'One', AccountId: '@{acme.id}' },
          { attributes: { type: 'Contact' }, LastName: 'Of @{acme.id}', AccountId: '@{acme.id}' },
        ],
      },
    },
    get('second', 'sobjects/Contact/@{people[1].id}?fields=LastName,AccountId'),
  ]);

  assert.equal(written?.httpStatusCode, 200);
  const second = read?.body as { LastName: string; AccountId: string };
  assert.equal(second.LastName, `Of ${second.AccountId}`);
});

test('references are case-sensitive and use the names in the answer, not the field names', async () => {
  const [, wrong] = await parts([
    create('acme', 'Account', { Name: 'Acme' }),
    get('read', 'sobjects/Account/@{acme.Id}'),
  ]);
  assert.equal(wrong?.httpStatusCode, 400);
  assert.equal(problemOf(wrong)?.errorCode, 'PROCESSING_HALTED');
});

test('a reference to an unknown or later subrequest fails only its own subrequest', async () => {
  const answers = await parts([
    get('a', 'sobjects/Account/@{nobody.id}'),
    get('b', 'sobjects/Account/@{c.id}'),
    create('c', 'Account', { Name: 'Later' }),
  ]);
  assert.deepEqual(
    answers.map((part) => part.httpStatusCode),
    [400, 400, 201],
  );
  assert.match(
    problemOf(answers[0])?.message ?? '',
    /^Invalid reference specified. No value for nobody.id found in nobody\./,
  );
});

test("since version 52 a reference may be to a record's empty field, but never to an empty field of a page", async () => {
  const [parent] = await parts([create('p', 'Contact', { LastName: 'Wong' })]);
  const { id = '' } = (parent?.body ?? {}) as { id?: string };
  const copy = [
    get('row', `sobjects/Contact/${id}?fields=FirstName,LastName`),
    create('copy', 'Contact', { FirstName: '@{row.FirstName}', LastName: '@{row.LastName}' }),
  ];
  const fromPage = [
    get('page', `query?q=${encodeURIComponent(`SELECT FirstName FROM Contact WHERE Id = '${id}'`)}`),
    create('copy', 'Contact', { FirstName: '@{page.records[0].FirstName}', LastName: 'X' }),
  ];

  assert.equal((await parts(copy, '52.0'))[1]?.httpStatusCode, 201);
  assert.equal((await parts(copy, '51.0'))[1]?.httpStatusCode, 400);
  assert.equal((await parts(fromPage))[1]?.httpStatusCode, 400);
});

test('a malformed reference id fails the whole request since version 52; before that, only what refers to it', async () => {
  const requests = [
    create('refNewAccount[1]', 'Account', { Name: 'Cloudy Consulting' }),
    create('refContact', 'Contact', { LastName: 'Smith', AccountId: '@{refNewAccount[1].id}' }),
    create('2nd', 'Account', { Name: 'Easy Spaces' }),
  ];

  const strict = await send(requests);
  assert.equal(strict.status, 400);
  assert.deepEqual(strict.json, [
    {
      message:
        "Provided referenceId ('refNewAccount[1]') must start with a letter or a number, and it can contain only letters, numbers and underscores ('_').",
      errorCode: 'JSON_PARSER_ERROR',
    },
  ]);
  const lenient = await parts(requests, '51.0');
  assert.deepEqual(
    lenient.map((part) => [part.referenceId, part.httpStatusCode]),
    [
      ['refNewAccount[1]', 201],
      ['refContact', 400],
      ['2nd', 201],
    ],
  );
});

test('a subrequest may not set the authorization or accept headers', async () => {
  const answer = await send([{ ...get('a', 'limits'), httpHeaders: { authorization: 'Bearer x' } }]);
  assert.equal(answer.status, 400);
});

test('collateSubrequests does not change the answer of a composite', async () => {
  const compositeRequest = [create('a', 'Account', { Name: 'A' }), create('b', 'Account', { Name: 'B' })];
  const answer = await org.request('POST', `${data}/composite`, {
    body: { collateSubrequests: true, compositeRequest },
  });
  const { compositeResponse } = answer.json as { compositeResponse: Part[] };
  assert.deepEqual(
    compositeResponse.map((part) => part.httpStatusCode),
    [201, 201],
  );
});

test('the composite resources are listed', async () => {
  const answer = await org.request('GET', `${data}/composite`);
  assert.deepEqual(answer.json, {
    tree: `${data}/composite/tree`,
    batch: `${data}/composite/batch`,
    sobjects: `${data}/composite/sobjects`,
    graph: `${data}/composite/graph`,
  });
});
