/** What an org is and what the user of a sync may do in it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type ApiHarness, newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { type Cli, openCli } from '@lockstep/harness/cli-process';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import type { OrgCheck } from '../contract/org-check.ts';

let org: TestOrg;
let api: ApiHarness;
let cli: Cli;
before(async () => {
  org = await startOrg({ records: 100 });
  api = await openApi([new URL(org.url).host]);
  cli = await openCli(api.environment);
  const { status } = await api.ask('POST', '/api/v1/syncs', newSyncOf(org));
  assert.equal(status, 201);
});
after(async () => {
  await cli[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await org[Symbol.asyncDispose]();
});
afterEach(() => org.control('/users/rights', { user: 'integration' }));

const connection = () => {
  const { login_url, credential } = newSyncOf(org);
  return { login_url, credential };
};
const checked = async () => {
  const { status, body } = await api.ask('POST', '/api/v1/org-checks', connection());
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as OrgCheck;
};
const stateOf = ({ checks }: OrgCheck, name: string) => checks.find((check) => check.name === name)?.state;

test('the check names org, edition, limits, version and user, and the other syncs of the org', async () => {
  const found = await checked();
  assert.equal(found.org_id, org.orgId);
  assert.match(found.edition ?? '', /Edition/);
  assert.equal(typeof found.is_sandbox, 'boolean');
  assert.equal(found.user?.username, org.credentials.integration.username);
  const { max = 0, used = 0 } = found.daily_requests ?? {};
  assert.ok(max > 0 && used >= 0 && used < max);
  assert.deepEqual(found.synced_as, ['acme']);
  const own = await api.ask('GET', '/api/v1/syncs/acme/org-check');
  assert.deepEqual([own.status, own.body.org_id, own.body.synced_as], [200, org.orgId, []]);
});

test('a right that the user lacks is advice with the setting to change, and a user for programs passes', async () => {
  assert.equal(stateOf(await checked(), 'View All Data'), 'passed');
  await org.control('/users/rights', {
    user: 'integration',
    viewAllData: false,
    permissions: { ViewEncryptedData: false, ApiUserOnly: true },
  });
  const found = await checked();
  assert.equal(stateOf(found, 'View All Data'), 'advice');
  assert.equal(stateOf(found, 'View Encrypted Data'), 'advice');
  assert.equal(stateOf(found, 'User'), 'passed');
  for (const { state, next } of found.checks) assert.equal(next === '', state === 'passed');
});

test('fields that others may read and the user may not are counted and named, of the objects of the sync', async () => {
  const fieldsOf = ({ checks }: OrgCheck) => checks.find(({ name }) => name === 'Fields');
  const before = await checked();
  assert.deepEqual([before.hidden_fields, fieldsOf(before)?.state], [[], 'passed']);
  const fields = { 'Account.Industry': { read: false }, 'Lead.Rating': { read: false } };
  await org.control('/users/rights', { user: 'integration', fields });
  const found = await checked();
  assert.deepEqual(found.hidden_fields, ['Account.Industry', 'Lead.Rating']);
  assert.match(
    fieldsOf(found)?.says ?? '',
    /^Others may read 2 fields of 2 objects that .*: Account\.Industry, Lead\.Rating\./,
  );
  const own = await api.ask('GET', '/api/v1/syncs/acme/org-check'); // of Account alone
  assert.deepEqual(own.body.hidden_fields, ['Account.Industry']);

  await org.control('/users/rights', { user: 'integration', fields, permissions: { ViewSetup: false } });
  const untold = await checked();
  assert.deepEqual([untold.hidden_fields, fieldsOf(untold)?.state], [null, 'advice']);
  assert.match(fieldsOf(untold)?.next ?? '', /View Setup and Configuration/);
});

test('rights that Salesforce does not tell are advice, and no reason to fail', async () => {
  await org.control('/users/rights', {
    user: 'integration',
    objects: { UserPermissionAccess: { read: false }, Organization: { read: false } },
  });
  const found = await checked();
  assert.equal(stateOf(found, 'View All Data'), 'advice');
  assert.deepEqual([found.name, found.edition], [null, null]);
});

test('the command shows the same to a person and to a program', async () => {
  const shown = await cli.run(['org', 'show']);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /Signed in as /);
  assert.match(shown.stdout, /View All Data +passed/);
  const { org_id } = JSON.parse((await cli.run(['org', 'show', '--json'])).stdout) as OrgCheck;
  assert.equal(org_id, org.orgId);
  const listed = await cli.run(['objects', 'available', '--only', 'recommended', '--details']);
  assert.match(listed.stdout, /^Lead +Lead +[\d,]+ +polled +recommended/m);
});
