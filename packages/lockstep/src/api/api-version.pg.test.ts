/** The version of Salesforce's API that a sync speaks: found out when it is created, changed while it stands. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiHarness, newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { startOrg, type TestOrg } from '@lockstep/harness/org';

let org: TestOrg;
let api: ApiHarness;
before(async () => {
  org = await startOrg({ records: 100 });
  api = await openApi([new URL(org.url).host]);
  const { status } = await api.ask('POST', '/api/v1/syncs', newSyncOf(org));
  assert.equal(status, 201);
});
after(async () => {
  await api[Symbol.asyncDispose]();
  await org[Symbol.asyncDispose]();
});

const path = '/api/v1/syncs/acme';
const versionOf = async () => (await api.ask('GET', path)).body.api_version;
const set = (version: string) => api.ask('PUT', `${path}/api-version`, { api_version: version });

test('a new sync speaks the newest version that the org and Lockstep know', async () => {
  const { body } = await api.ask('GET', `${path}/api-versions`);
  const common = (body.common as { version: string }[]).map(({ version }) => version);
  assert.equal(await versionOf(), common[0]);
  assert.deepEqual([body.current, body.newest], [common[0], common[0]]);
  assert.ok(common.includes('62.0') && !common.includes('31.0'), common.join());
});

test('the version changes to one that both know; another one is refused and changes nothing', async () => {
  const newest = await versionOf();
  for (const [version, status] of [
    ['61.0', 200],
    ['31.0', 400],
  ] as const) {
    const tried = await api.ask('PUT', `${path}/api-version?dry_run=true`, { api_version: version });
    assert.deepEqual([tried.status, await versionOf()], [status, newest], JSON.stringify(tried.body));
  }
  const older = await set('61.0');
  assert.deepEqual([older.status, older.body.api_version], [200, '61.0'], JSON.stringify(older.body));
  for (const version of ['31.0', '99.0', '61', 'latest', '']) {
    const { status, body } = await set(version);
    assert.equal(status, 400, JSON.stringify(body));
  }
  assert.equal(await versionOf(), '61.0');
  assert.equal((await set('newest')).body.api_version, newest);
});

test('a version that the org has retired is not offered, and Lockstep reads the list all the same', async () => {
  await set('61.0');
  await org.control('/org/retireVersions', { until: 61 });
  const { status, body } = await api.ask('GET', `${path}/api-versions`);
  assert.equal(status, 200);
  assert.ok(!(body.common as { version: string }[]).some(({ version }) => version === '61.0'));
  assert.equal((await set('61.0')).status, 400);
  await org.control('/org/retireVersions', { until: 0 });
});
