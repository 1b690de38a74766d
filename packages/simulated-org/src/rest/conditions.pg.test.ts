import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0/sobjects';
const past = new Date(0).toUTCString();
const future = new Date('2200-01-01').toUTCString();

async function create(sobject: string, body: object): Promise<string> {
  const created = await org.request('POST', `${data}/${sobject}`, { body });
  return `${data}/${sobject}/${(created.json as { id: string }).id}`;
}

const statusOf = async (method: string, path: string, headers: Record<string, string>) => {
  const body = method === 'PATCH' ? { body: { Description: 'changed' } } : {};
  return (await org.request(method, path, { headers, ...body })).status;
};

test('an account has an entity tag that changes with every write, even within one second', async () => {
  const path = await create('Account', { Name: 'Tagged' });

  const first = await org.request('GET', path);
  const tag = first.headers.get('etag') ?? '';
  assert.match(tag, /^"[A-Za-z0-9+/=]+"$/);
  assert.equal((await org.request('GET', `${path}?fields=Name`)).headers.get('etag'), tag);

  const unchanged = await org.request('GET', path, { headers: { 'If-None-Match': tag } });
  assert.deepEqual([unchanged.status, unchanged.text], [304, '']);
  assert.equal(await statusOf('PATCH', path, { 'If-None-Match': tag }), 412);
  assert.equal(await statusOf('PATCH', path, { 'If-Match': '"other"' }), 412);
  assert.equal(await statusOf('PATCH', path, { 'If-Match': tag.replace(/"$/, '-gzip"') }), 204);

  assert.equal(await statusOf('PATCH', path, { 'If-Match': tag }), 412);
  assert.equal(await statusOf('GET', path, { 'If-None-Match': tag }), 200);
  assert.equal(await statusOf('GET', path, { 'If-Match': tag }), 412);
});

test('other records have no entity tag and ignore conditions on it', async () => {
  const path = await create('Contact', { LastName: 'Untagged' });
  assert.equal((await org.request('GET', path)).headers.get('etag'), null);
  assert.equal(await statusOf('PATCH', path, { 'If-Match': '"other"' }), 204);
});

test('a record unchanged since the time in the request is answered with 304', async () => {
  const path = await create('Contact', { LastName: 'Dated' });
  const modified = (await org.request('GET', path)).headers.get('last-modified') ?? '';

  assert.equal(await statusOf('GET', path, { 'If-Modified-Since': modified }), 304);
  assert.equal(await statusOf('GET', path, { 'If-Modified-Since': past }), 200);
  assert.equal(await statusOf('GET', path, { 'If-Modified-Since': 'once' }), 200);
  assert.equal(await statusOf('GET', path, { 'If-Unmodified-Since': past }), 412);
});

test('an update is refused if the record changed after the time in the request', async () => {
  const path = await create('Contact', { LastName: 'Dated' });

  assert.equal(await statusOf('PATCH', path, { 'If-Unmodified-Since': past }), 412);
  assert.equal(await statusOf('PATCH', path, { 'If-Unmodified-Since': future }), 204);
  assert.equal(await statusOf('PATCH', path, { 'If-Modified-Since': future }), 412);
  assert.equal(await statusOf('PATCH', path, { 'If-Unmodified-Since': 'once' }), 400);
  assert.equal(await statusOf('DELETE', path, { 'If-Unmodified-Since': past }), 204);
});
