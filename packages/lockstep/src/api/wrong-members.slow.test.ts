/** A refusal names the member of the request that it is about, whichever request it is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiHarness, newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { type OwnDatabaseHarness, openOwnDatabase } from '@lockstep/harness/own-database';

let org: TestOrg;
let api: ApiHarness;
let own: OwnDatabaseHarness;
before(async () => {
  org = await startOrg({ records: 100 });
  api = await openApi([new URL(org.url).host]);
  own = await openOwnDatabase();
  const made = await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { destination: own.form() }));
  assert.equal(made.status, 201, JSON.stringify(made.body));
});
after(async () => {
  await api[Symbol.asyncDispose]();
  await own[Symbol.asyncDispose]();
  await org[Symbol.asyncDispose]();
});

const sync = '/api/v1/syncs/acme';
const elsewhere = 'https://not-salesforce.example.com';

test('each of the usual refusals names its member', async () => {
  const { credential, login_url } = newSyncOf(org);
  const wrong = { ...credential, client_secret: 'wrong' };
  const url = own.url.replace(/:\w+@/, ':wrong@');
  const other = await org.control('/org/changeId', {}).then(() => credential);
  const refusals: [method: string, path: string, body: object, told: string[]][] = [
    ['PUT', `${sync}/credential`, { credential: wrong }, ['credential SF-07']],
    ['PUT', `${sync}/credential`, { credential, login_url: elsewhere }, ['login_url ORG-04']],
    ['PUT', `${sync}/credential`, { credential: other }, ['credential ORG-01']],
    ['POST', `${sync}/recopy`, { credential: wrong }, ['credential SF-07']],
    ['PUT', `${sync}/destination`, own.form({ url }), ['url DB-03']],
    ['PUT', `${sync}/destination`, own.form({ reader_url: own.url }), ['reader_url']],
    ['PUT', `${sync}/destination`, own.form({ tunnel: { host: 'x', user: 'x', key: 'x' } }), ['tunnel.key']],
    ['POST', '/api/v1/destinations/check', own.form({ reader_url: own.url }), ['reader_url']],
    ['POST', '/api/v1/sign-ins', { login_url: elsewhere, client_id: 'app' }, ['login_url ORG-04']],
    ['POST', '/api/v1/org-checks', { login_url, credential: wrong }, ['credential SF-07']],
    ['POST', '/api/v1/org-objects', { credential }, ['login_url']],
  ];
  for (const [method, path, body, told] of refusals) {
    const answer = await api.ask(method, path, body);
    const errors = answer.body.errors as { field: string; code: string; next: string }[];
    const seen = errors.map(({ field, code }) => `${field} ${code}`.trim());
    assert.deepEqual(seen, told, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    for (const { next } of errors) assert.notEqual(next, '');
  }
});

test('objects, version and readers that cannot be taken are named too, all at once', async () => {
  await using undo = new AsyncDisposableStack();
  await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { name: 'second' }));
  undo.defer(async () => void (await api.ask('DELETE', '/api/v1/syncs/second')));
  const second = '/api/v1/syncs/second';
  await api.ask('POST', `${second}/readers`, { name: 'reports' });
  await api.ask('DELETE', `${second}/objects/Contact`);
  for (const [method, path, body, told] of [
    ['POST', '/objects', { objects: ['Account', 'Leed', 'Name'] }, ['objects.1 SCH-09', 'objects.2 SCH-06']],
    ['POST', '/objects', { objects: ['Lead', 'contact'] }, ['objects.1']],
    ['PUT', '/api-version', { api_version: '31.0' }, ['api_version']],
    ['POST', '/readers', { name: 'reports' }, ['name']],
  ] as const)
    for (const query of ['?dry_run=true', '']) {
      const answer = await api.ask(method, `${second}${path}${query}`, body);
      const errors = answer.body.errors as { field: string; code: string }[];
      const seen = errors.map(({ field, code }) => `${field} ${code}`.trim());
      assert.deepEqual(seen, told, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    }
});
