import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type OrgAnswer, startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

const headersOf = ({ headers }: OrgAnswer) =>
  ['cache-control', 'strict-transport-security', 'x-content-type-options', 'x-robots-tag', 'vary'].map(
    (name) => headers.get(name),
  );

const cache = 'no-cache,must-revalidate,max-age=0,no-store,private';
const always = [cache, 'max-age=63072000; includeSubDomains', 'nosniff'];

test('an answer of the REST API is neither cached, indexed nor sniffed, and depends on the encodings of the request', async () => {
  const created = await org.request('POST', `${data}/sobjects/Account`, { body: { Name: 'x' } });
  const { id } = created.json as { id: string };
  const answers = [
    created,
    await org.request('GET', `/services/data`, { token: null }),
    await org.request('GET', `${data}/sobjects/Account/describe`),
    await org.request('GET', `${data}/limits`, { headers: { 'Accept-Encoding': 'identity' } }),
    await org.request('GET', `/${data}/limits`),
    await org.request('HEAD', `${data}/limits`),
  ];
  for (const answer of answers) assert.deepEqual(headersOf(answer), [...always, 'none', 'Accept-Encoding']);
  const empty = await org.request('PATCH', `${data}/sobjects/Account/${id}`, { body: { Name: 'y' } });
  assert.deepEqual([empty.status, ...headersOf(empty)], [204, ...always, 'none', null]);
});

test('so is a refusal, which has the same form in every encoding', async () => {
  const refusals: [OrgAnswer, number][] = [
    [await org.request('GET', `${data}/limits`, { token: null }), 401],
    [await org.request('GET', `${data}/sobjects/Nothing`), 404],
    [await org.request('POST', `${data}/sobjects/Account`, { body: {} }), 400],
  ];
  for (const [answer, status] of refusals)
    assert.deepEqual([answer.status, ...headersOf(answer)], [status, ...always, 'none', null]);
});

test('an answer of a sign-in says nothing to robots', async () => {
  const { clientId, clientSecret } = org.credentials.integration;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  });
  const signedIn = await org.request('POST', '/services/oauth2/token', {
    token: null,
    body: form.toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  assert.deepEqual([signedIn.status, ...headersOf(signedIn)], [200, ...always, null, 'Accept-Encoding']);
});

test('a SOAP answer is not cached', async () => {
  const answer = await org.request('POST', '/services/Soap/u/58.0', {
    token: null,
    body: '<x/>',
    headers: { 'Content-Type': 'text/xml', SOAPAction: '""' },
  });
  assert.deepEqual(headersOf(answer), [cache, null, null, null, null]);
});
