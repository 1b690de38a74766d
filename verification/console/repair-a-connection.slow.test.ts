/** What is wrong while a sync is set up: each step names the one repair, and passes once that is done. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { builtConsole } from '@lockstep/console/build';
import { sql } from '@lockstep/foundation/sql';
import { openApi } from '@lockstep/harness/api-harness';
import { checkAxe, openBrowser, type Page, screenshot } from '@lockstep/harness/browser';
import { armFault } from '@lockstep/harness/injected-fault';
import { startOrg } from '@lockstep/harness/org';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { createAdministrator } from 'lockstep/control';

const password = 'a long phrase is fine';
const undo = new AsyncDisposableStack();
after(() => undo.disposeAsync());
const org = undo.use(await startOrg({ records: 100 }));
const api = undo.use(await openApi([new URL(org.url).host], { consoleFolder: builtConsole }));
await createAdministrator(api.control.control, password);
const browser = await openBrowser();
// Salesforce returns to plain http at this name only.
const url = api.url.replace('127.0.0.1', 'localhost');
const { clientId, clientSecret } = org.credentials.integration;

const heading = (page: Page, name: string | RegExp) =>
  page.getByRole('heading', { level: 1, name }).waitFor();
const next = (page: Page) => page.getByRole('button', { name: 'Continue' }).click();
const fill = (page: Page, name: string, value: string) => page.getByRole('textbox', { name }).fill(value);
const check = (page: Page, name: string) => page.getByRole('listitem', { name, exact: true });

async function openWizard(): Promise<Page> {
  const context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  undo.defer(() => context.close());
  const signedIn = await context.request.post(`${url}/api/v1/session`, { data: { password } });
  assert.equal(signedIn.status(), 201);
  const page = await context.newPage();
  await page.goto(`${url}/syncs/new/connect`);
  await heading(page, 'Connect an org');
  await page.getByRole('radio', { name: 'Client credentials' }).check();
  return page;
}

async function connected(page: Page): Promise<void> {
  await fill(page, 'Address of the org', org.url);
  await fill(page, 'Consumer key', clientId);
  await fill(page, 'Consumer secret', clientSecret);
  await page.getByRole('button', { name: 'Test sign-in' }).click();
  await heading(page, 'What this user may do');
}

test('a wrong secret and a wrong address say what to do, and Check again goes on once they are right', async () => {
  const page = await openWizard();
  await fill(page, 'Address of the org', 'https://salesforce.example.com');
  await fill(page, 'Consumer key', clientId);
  await fill(page, 'Consumer secret', 'wrong');
  await page.getByRole('button', { name: 'Test sign-in' }).click();
  await page.getByRole('alert').getByText('ORG-04').waitFor();
  await fill(page, 'Address of the org', org.url);
  await page.getByRole('button', { name: 'Test sign-in' }).click();
  const alert = page.getByRole('alert');
  await alert
    .getByText('Copy both again; it takes some minutes until Salesforce accepts a new app.')
    .waitFor();
  await fill(page, 'Consumer secret', clientSecret);
  await page.getByRole('button', { name: 'Test sign-in' }).waitFor();
  assert.equal(await alert.count(), 0, 'a refusal of other answers is not shown');
  await page.keyboard.press('Enter');
  await heading(page, 'What this user may do');
});

test('an org that does not answer is checked again after it has come back', async () => {
  const page = await openWizard();
  const fault = await armFault(org, {
    match: { path: '/services/oauth2/token' },
    effect: { answer: 'SERVER_UNAVAILABLE' },
  });
  await fill(page, 'Address of the org', org.url);
  await fill(page, 'Consumer key', clientId);
  await fill(page, 'Consumer secret', clientSecret);
  await page.getByRole('button', { name: 'Test sign-in' }).click();
  await page.getByRole('alert').waitFor({ timeout: 30_000 });
  await fault.end();
  await page.getByRole('alert').getByRole('button', { name: 'Check again' }).click();
  await heading(page, 'What this user may do');
});

test('a right that the user lacks comes with its setting in Salesforce, and an old result says so by itself', async () => {
  await org.control('/users/rights', { user: 'integration', viewAllData: false });
  const page = await openWizard();
  await page.clock.install();
  await connected(page);
  const right = check(page, 'View All Data');
  await right.getByText('Advice').waitFor();
  await right.getByText(/Give the user View All Data, or View All on the objects/).waitFor();
  await page.clock.runFor(360_000);
  await page.getByText('This result is 6 min old. Something may have changed since.').waitFor();
  await checkAxe(page);
  await screenshot(page, 'wizard-check-old');
  await org.control('/users/rights', { user: 'integration' });
  await page.getByRole('button', { name: 'Check again' }).click();
  await right.getByText('Passed').waitFor();
  await page.getByText('Checked just now').waitFor();
});

test('an object that its user loses while it is chosen is named, and can be left out at once', async () => {
  const page = await openWizard();
  await connected(page);
  await next(page);
  await page.getByText(/^6 objects, .* columns$/).waitFor();
  await org.control('/users/rights', { user: 'integration', objects: { Lead: { read: false } } });
  await page.getByRole('button', { name: 'Check again' }).click();
  const refused = page.getByRole('region', { name: 'These cannot be mirrored as they are' });
  await refused.getByText('Lead').first().waitFor();
  assert.equal(await page.getByRole('button', { name: 'Continue' }).isDisabled(), true);
  await checkAxe(page);
  await refused.getByRole('button', { name: 'Leave out Lead' }).click();
  await page.getByText(/^5 objects, .* columns$/).waitFor();
  await org.control('/users/rights', { user: 'integration' });
  await next(page);
  await heading(page, 'How often it asks');
});

test('who owns the database copies the SQL and each repair, and makes the sync there', async () => {
  await using own = await openOwnDatabase({ prepared: false });
  const server = new URL(own.url);
  const page = await openWizard();
  await connected(page);
  await next(page);
  await page.getByText(/^6 objects, .* columns$/).waitFor();
  await next(page);
  await next(page);
  await heading(page, 'Where the tables are');
  await page.getByRole('radio', { name: 'A database that you own' }).check();
  await fill(page, 'Host', server.hostname);
  await fill(page, 'Port', server.port);
  await fill(page, 'Database', own.name);
  await page.getByRole('button', { name: 'Write the SQL' }).click();
  const statements = await page
    .getByRole('figure', { name: 'The SQL to run first' })
    .locator('code')
    .innerText();
  await own.owner.script(statements);
  await own.superuser.script(`REVOKE USAGE ON SCHEMA _lockstep FROM lockstep_${own.name}_read`);

  await page.getByRole('button', { name: 'Test the database' }).click();
  const grants = check(page, 'grants');
  await grants.getByText('Failed').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Continue' }).isDisabled(), true);
  const repair = await grants.getByRole('figure').locator('code').innerText();
  assert.match(repair, /^GRANT USAGE ON SCHEMA "_lockstep"/);
  await own.owner.script(repair);
  await page.getByRole('button', { name: 'Check again' }).click();
  await page.getByText('All passed: a mirror can be made there.').waitFor();
  await next(page);
  await fill(page, 'Name of the sync', 'owned');
  await page.getByText(/^All of it will do/).waitFor();
  await page.getByText('Show as file').click();
  const file = await page.getByRole('figure', { name: 'The sync as a file' }).innerText();
  assert.match(file, /"urls_file": "database-urls"/);
  assert.ok(!file.includes(clientSecret) && !file.includes('postgres://'));
  await page.getByRole('button', { name: 'Start the sync' }).dblclick();
  await page.getByRole('link', { name: 'Overview' }).waitFor();
  const { items } = (await api.ask('GET', '/api/v1/syncs')).body;
  assert.equal((items as unknown[]).length, 1, 'two presses start one sync');
  const [row] = await own.superuser.query<{ tables: string }>(
    sql`SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'salesforce'`,
  );
  assert.equal(Number(row?.tables), 6);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/owned')).status, 200);
});

test('a key pair that is made here signs in by JWT bearer', async () => {
  const page = await openWizard();
  await page.getByRole('radio', { name: 'JWT bearer' }).check();
  await fill(page, 'Address of the org', org.url);
  await fill(page, 'Consumer key', 'jwt-app');
  await fill(page, 'User name', org.credentials.integration.username);
  await page.getByRole('button', { name: 'Make a key pair' }).click();
  await page.getByText('The certificate, for the app in Salesforce').click();
  const pem = await page
    .getByRole('figure', { name: 'The certificate, for the app in Salesforce' })
    .locator('code')
    .innerText();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download lockstep.crt' }).click();
  assert.equal((await download).suggestedFilename(), 'lockstep.crt');
  await page.getByRole('button', { name: 'Test sign-in' }).click();
  await page.getByRole('alert').getByRole('button', { name: 'Check again' }).waitFor();
  await org.control('/signIn/app', {
    clientId: 'jwt-app',
    flows: ['jwt_bearer'],
    scopes: ['api'],
    approvedUsers: ['integration'],
    certificatePem: pem,
  });
  await page.getByRole('button', { name: 'Check again' }).click();
  await heading(page, 'What this user may do');
});

test('who signs in at Salesforce comes back signed in, and who denies it is told so', async () => {
  await org.control('/signIn/app', {
    clientId: 'web-app',
    flows: ['authorization_code'],
    redirectUris: [`${url}/oauth/callback`],
    scopes: ['api', 'refresh_token'],
  });
  const { username, password: ownPassword } = org.credentials.demo;
  const page = await openWizard();
  await page.getByRole('radio', { name: 'Sign in with Salesforce' }).check();
  await page.getByRole('button', { name: 'Sign in at Salesforce' }).click();
  await page.getByRole('alert').getByText('Enter the address of the org.').waitFor();
  await fill(page, 'Address of the org', org.url);
  await fill(page, 'Consumer key', 'web-app');

  const decide = async (button: string, decision: string) => {
    const opening = page.context().waitForEvent('page');
    await page.getByRole('button', { name: button }).click();
    const window = await opening;
    await page.getByText('Waiting for Salesforce in the other window.').waitFor();
    await window
      .getByRole('button', { name: /Log In|Deny/ })
      .first()
      .waitFor();
    if ((await window.getByLabel('Password').count()) > 0) {
      await window.getByLabel('Username').fill(username);
      await window.getByLabel('Password').fill(ownPassword);
      await window.getByRole('button', { name: 'Log In' }).click();
    }
    await window.getByRole('button', { name: decision }).click();
    return window;
  };
  const denied = await decide('Sign in at Salesforce', 'Deny');
  await denied.getByRole('heading', { name: 'The sign-in failed' }).waitFor();
  await denied.reload();
  await denied.getByText(/^SF-06: This sign-in attempt is over/).waitFor();
  await denied.getByText(/^Start the sign-in again, in one browser/).waitFor();
  await page
    .getByRole('alert')
    .getByText(/SF-\d\d/)
    .waitFor();
  await checkAxe(page);
  await screenshot(page, 'wizard-connect-denied');
  const allowed = await decide('Start again', 'Allow');
  await allowed.getByRole('heading', { name: 'Signed in' }).waitFor();
  await heading(page, 'What this user may do');
});
