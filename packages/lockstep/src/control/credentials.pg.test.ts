/** How a sync signs in, in each flow, against a simulated org and with two processes that share the credential. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { certificateOf } from '@lockstep/harness/certificate';
import { newSync, openTestControl, type TestControl } from '@lockstep/harness/control';
import { armFault } from '@lockstep/harness/injected-fault';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { webTokens } from '@lockstep/harness/sign-in';
import type { Credential } from '../core/credential.ts';
import type { OrgId } from '../core/ids.ts';
import { openSalesforce, type Salesforce } from '../salesforce/index.ts';
import { readActivity } from './activity.ts';
import { openCredential, replaceCredential, sessionStore } from './credentials.ts';
import type { Control } from './database.ts';
import { moveOrg } from './org-address.ts';
import { changeSettings, type NewSync, readSync, recordSync } from './syncs.ts';

let org: TestOrg;
let harness: TestControl;
before(async () => {
  org = await startOrg({ records: 100 });
  harness = await openTestControl();
});
after(async () => {
  await harness[Symbol.asyncDispose]();
  await org[Symbol.asyncDispose]();
});

const never = new AbortController().signal;
const limits = { method: 'GET', path: '/services/data/v62.0/limits', purpose: 'setup' } as const;

async function recorded(credential: Credential, loginUrl = org.url): Promise<NewSync> {
  const sync = newSync({ orgId: org.orgId as OrgId, loginUrl, instanceUrl: org.url, credential });
  await recordSync(harness.control, sync);
  return sync;
}

/** The org as one process of the sync has it open. */
const open = ({ id }: NewSync, control: Control = harness.control, otherHosts: string[] = []): Salesforce =>
  openSalesforce({
    store: sessionStore(control, id),
    allowHosts: [new URL(org.url).host, ...otherHosts],
    expectOrgId: org.orgId as OrgId,
    apiVersion: '62.0',
    clock: systemClock,
    log: harness.log.log,
  });

const statusOf = async (salesforce: Salesforce) => (await salesforce.request(limits, never)).status;

const refreshTokenOf = async (sync: NewSync): Promise<string> => {
  const credential = await openCredential(harness.control, sync.id);
  assert.ok(credential.flow === 'refresh token');
  return credential.refreshToken;
};

/** The demo user's sign-in by the web app. */
async function webCredential(): Promise<Extract<Credential, { flow: 'refresh token' }>> {
  const { clientId, clientSecret } = org.credentials.web;
  const { refresh_token: refreshToken = '' } = await webTokens(org, { scope: 'api refresh_token' });
  return { flow: 'refresh token', clientId, clientSecret, refreshToken };
}

const rotation = (on: boolean) =>
  org.control('/signIn/rotation', { clientId: org.credentials.web.clientId, on });

test('a sync signs in by a signed assertion, and is told if its certificate is not that of the app', async () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { username } = org.credentials.integration;
  await org.control('/signIn/app', {
    clientId: 'jwt-app',
    flows: ['jwt_bearer'],
    scopes: ['api'],
    certificatePem: certificateOf(pair),
    approvedUsers: ['integration'],
  });
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const credential: Credential = { flow: 'jwt bearer', clientId: 'jwt-app', username, privateKey };
  const salesforce = open(await recorded(credential));
  assert.equal(await statusOf(salesforce), 200);
  await salesforce.close();

  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const wrongKey = other.export({ type: 'pkcs8', format: 'pem' }).toString();
  const refused = open(await recorded({ ...credential, privateKey: wrongKey }));
  await assert.rejects(refused.identity(never), { code: 'SF-08' });
  await refused.close();
  const unknown = open(await recorded({ ...credential, username: 'nobody@example.com' }));
  await assert.rejects(unknown.identity(never), { code: 'SF-04' });
  await unknown.close();
});

test('twenty requests of two processes that find the session expired use the refresh token once', async (t) => {
  await rotation(true);
  t.after(() => rotation(false));
  const sync = await recorded(await webCredential());
  const processes = [open(sync), open(sync, await harness.openAnother())];
  for (const one of processes) assert.equal(await statusOf(one), 200);
  const before = await refreshTokenOf(sync);
  await org.control('/signIn/expireTokens', { user: 'demo' });

  const { length: signIns } = harness.log.text().split('signed in to salesforce');
  const statuses = await Promise.all(
    Array.from({ length: 20 }, (_, place) => statusOf(processes[place % 2] as Salesforce)),
  );
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal(harness.log.text().split('signed in to salesforce').length - signIns, 1);
  assert.notEqual(await refreshTokenOf(sync), before, 'the new one is stored');
  for (const one of processes) await one.close();

  const later = open(sync, await harness.openAnother());
  assert.equal(await statusOf(later), 200, 'a process that starts later uses the stored session');
  assert.equal(harness.log.text().split('signed in to salesforce').length - signIns, 1);
  await later.close();
});

test('a refresh token whose successor was lost ends the sign-in, and Salesforce is not asked again within the hour', async (t) => {
  await rotation(true);
  t.after(() => rotation(false));
  const credential = await webCredential();
  const sync = await recorded(credential);
  const thief = open(await recorded(credential));
  assert.equal(await statusOf(thief), 200); // as if the answer to the sync's own refresh had been lost
  await thief.close();

  const salesforce = open(sync);
  await assert.rejects(statusOf(salesforce), { code: 'SF-01' });
  await salesforce.close();
  const restarted = open(sync, await harness.openAnother());
  const asked = await armFault(org, {
    match: { path: '/services/oauth2/token' },
    effect: { delayAnswerMs: 1 },
  });
  await assert.rejects(statusOf(restarted), { code: 'SF-01' });
  assert.equal(await asked.fired(), 0);
  await asked.end();
  await restarted.close();
});

test('a credential is replaced in place: processes that have the sync open go on with the new one', async () => {
  const credential = await webCredential();
  const sync = await recorded(credential);
  const salesforce = open(sync);
  assert.equal(await statusOf(salesforce), 200);
  await org.control('/signIn/revoke', { user: 'demo' });
  await assert.rejects(statusOf(salesforce), { code: 'SF-01' });

  const { clientId, clientSecret } = org.credentials.integration;
  const next = { flow: 'client credentials' as const, clientId, clientSecret };
  assert.equal(
    await replaceCredential(harness.control, sync.id, {
      orgId: sync.orgId,
      instanceUrl: org.url,
      loginUrl: org.url,
      credential: next,
    }),
    true,
  );
  salesforce.forgetRefusal(); // as on the notification
  assert.equal(await statusOf(salesforce), 200);
  assert.deepEqual(await openCredential(harness.control, sync.id), next);
  await salesforce.close();
});

test('a refused credential is tried again when somebody changes the sync', async () => {
  const sync = await recorded({ flow: 'client credentials', clientId: 'nobody', clientSecret: 'wrong' });
  const salesforce = open(sync);
  await assert.rejects(statusOf(salesforce), { code: 'SF-07' });
  assert.ok((await sessionStore(harness.control, sync.id).read()).refusal);
  await changeSettings(harness.control, sync.id, { paused: false });
  assert.equal((await sessionStore(harness.control, sync.id).read()).refusal, null);
  await salesforce.close();
});

test('a new refresh token is kept even if its answer leads to an address that is not allowed', async (t) => {
  await rotation(true);
  t.after(() => rotation(false));
  const sync = await recorded(await webCredential());
  const before = await refreshTokenOf(sync);
  await org.control('/signIn/instanceUrl', { url: 'http://169.254.169.254/' });
  const salesforce = open(sync);
  await assert.rejects(statusOf(salesforce), { code: 'ORG-04' });
  assert.notEqual(await refreshTokenOf(sync), before);
  await salesforce.close();
  const again = open(sync);
  assert.equal(await statusOf(again), 200);
  await again.close();
});

/** Where it is, where it signs in, and how often its activity says that the org has moved. */
async function placeOf({ id }: NewSync) {
  const { control } = harness;
  const sync = await readSync(control, id);
  assert.ok(sync);
  const entries = await readActivity(control, id, { kind: 'org', limit: 10 });
  return [sync.instanceUrl, sync.loginUrl, ...entries.map(({ code, detail }) => `${code} ${detail}`)];
}

test('an address that a sign-in has given is that of every sync of the org, and no other address is', async () => {
  const { clientId, clientSecret } = org.credentials.integration;
  const credential: Credential = { flow: 'client credentials', clientId, clientSecret };
  const elsewhere = 'https://login.example.com';
  const [sync, sibling] = [await recorded(credential), await recorded(credential, elsewhere)];
  const { host, origin } = new URL(org.url.replace('127.0.0.1', 'localhost'));

  await org.control('/signIn/instanceUrl', { url: `${origin}/` });
  const strict = open(sync);
  await assert.rejects(strict.identity(never), { code: 'ORG-04' });
  await strict.close();
  assert.deepEqual(await placeOf(sync), [org.url, org.url]);

  await org.control('/signIn/instanceUrl', { url: `${origin}/` });
  const salesforce = open(sync, harness.control, [host]);
  assert.equal(await statusOf(salesforce), 200);
  await salesforce.close();
  assert.deepEqual(await placeOf(sync), [origin, origin, `ORG-03 ${host}`]);
  assert.deepEqual(await placeOf(sibling), [origin, elsewhere, `ORG-03 ${host}`]);

  await moveOrg(harness.control, { orgId: sync.orgId, instanceUrl: origin });
  assert.deepEqual(await placeOf(sibling), [origin, elsewhere, `ORG-03 ${host}`], 'it is there already');
});

test('a new credential and a new sync move their org, too', async () => {
  const { clientId, clientSecret } = org.credentials.integration;
  const credential: Credential = { flow: 'client credentials', clientId, clientSecret };
  const { control } = harness;
  await moveOrg(control, { orgId: org.orgId as OrgId, instanceUrl: 'https://old.example.com' });
  const sync = await recorded(credential);
  assert.deepEqual((await placeOf(sync)).slice(0, 2), [org.url, org.url]);

  const address = { orgId: sync.orgId, instanceUrl: 'https://new.example.com' };
  await replaceCredential(control, sync.id, { ...address, loginUrl: org.url, credential });
  assert.deepEqual((await placeOf(sync)).slice(0, 2), [address.instanceUrl, org.url]);
  await recorded(credential);
  assert.deepEqual((await placeOf(sync)).slice(0, 2), [org.url, org.url]);
});
