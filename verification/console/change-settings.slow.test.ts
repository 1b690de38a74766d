/** Who changes the settings of a sync sees what they cost, can take them back, and overwrites nobody else's. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { type ConsolePage, openConsoleOfSync } from '@lockstep/harness/console';

const { api, signedIn, url, harness } = await openConsoleOfSync();
const screen = `${url}/syncs/${harness.sync.id}/settings`;

const syncNow = async () => (await api().ask('GET', `/api/v1/syncs/${harness.sync.id}`)).body;

async function open(options?: Parameters<typeof signedIn>[0]): Promise<ConsolePage> {
  const opened = await signedIn(options);
  after(() => opened.context.close());
  await opened.page.goto(screen);
  await opened.page.getByLabel('Seconds between two requests').waitFor();
  return opened;
}

/** The button of the form that a field is in. */
const saveOf = (page: ConsolePage['page'], field: string) =>
  page
    .locator('form')
    .filter({ has: page.getByLabel(field) })
    .getByRole('button', { name: 'Save', exact: true });

test('who changes the interval sees what it costs before, and undoes it after', async () => {
  const { page, complaints } = await open();
  await page.getByText(/^That is 346 % of what the org allows/).waitFor();
  const every = page.getByLabel('Seconds between two requests');
  await every.fill('3');
  await page.getByText('28,800 (29 %)').waitFor();
  assert.equal(await page.getByLabel('Requests a day').inputValue(), '28,800');
  await page.getByLabel('Requests a day').fill('8640');
  assert.equal(await every.inputValue(), '10');
  await every.fill('0.1');
  await every.press('Enter');
  await page.getByText('Enter a number from 0.2 to 300.').waitFor();
  await checkAxe(page);

  await every.fill('10');
  await every.press('Enter');
  await page.getByText('The pace is saved.').first().waitFor();
  assert.equal((await syncNow()).interval_ms, 10_000);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('The pace is as it was.').first().waitFor();
  assert.equal((await syncNow()).interval_ms, 250);
  assert.equal(await every.inputValue(), '0.25');
  assert.deepEqual(complaints, []);
});

test('who changes a setting that somebody else has changed meanwhile sees both, and decides', async () => {
  const [mei, omar] = [await open(), await open({ colorScheme: 'dark', width: 360 })];
  await omar.page.getByLabel('Stop line, in percent').fill('60');
  await mei.page.getByLabel('Stop line, in percent').fill('80');
  await saveOf(mei.page, 'Stop line, in percent').click();
  await mei.page.getByText('The pace is saved.').first().waitFor();

  await saveOf(omar.page, 'Stop line, in percent').click();
  const notice = omar.page.getByRole('alert');
  await notice.getByText('It was administrator.').waitFor();
  const row = notice.getByRole('row').filter({ hasText: 'Stop line' });
  assert.deepEqual(await row.getByRole('cell').allInnerTexts(), ['90 %', '80 %', '60 %']);
  await checkAxe(omar.page);
  assert.equal(await isTooWide(omar.page), false);
  await screenshot(omar.page, 'settings-conflict-dark-360');
  assert.equal((await syncNow()).stop_at_percent, 80);
  await notice.getByRole('button', { name: 'Save mine all the same' }).click();
  await omar.page.getByText('The pace is saved.').first().waitFor();
  assert.equal((await syncNow()).stop_at_percent, 60);

  // Who has nothing unsaved sees the other's change by itself.
  await mei.page.locator('input[value="60"]').waitFor();
  await mei.page.getByLabel('Stop line, in percent').fill('50');
  await api().ask('PATCH', `/api/v1/syncs/${harness.sync.id}`, { stop_at_percent: 90 });
  await saveOf(mei.page, 'Stop line, in percent').click();
  await mei.page.getByRole('alert').waitFor();
  await screenshot(mei.page, 'settings-conflict-light-1280');
  await mei.page.getByRole('alert').getByRole('button', { name: 'Take theirs' }).click();
  assert.equal(await mei.page.getByLabel('Stop line, in percent').inputValue(), '90');
  assert.equal((await syncNow()).stop_at_percent, 90);
});

test('fields left out, foreign keys, writes while the database is away and the API version are changed', async () => {
  const { page } = await open();
  await page.getByLabel('Fields left out').fill('Account.Description\n*.Secret__c');
  await saveOf(page, 'Fields left out').click();
  await page.getByText('The list of fields is saved.').first().waitFor();
  assert.deepEqual((await syncNow()).fields_left_out, ['Account.Description', '*.Secret__c']);
  await page.getByLabel('Fields left out').fill('not a field');
  await saveOf(page, 'Fields left out').click();
  await page.getByRole('alert').getByText('API-01').waitFor();

  await page.getByRole('radio', { name: /^Forwarded/ }).check();
  await page.getByText('What happens to writes is saved.').first().waitFor();
  assert.equal((await syncNow()).on_database_down, 'forward');

  const version = page.getByRole('combobox', { name: 'API version' });
  const other = await version
    .locator('option')
    .evaluateAll((options) =>
      options.map((option) => (option as unknown as { value: string }).value).find((one) => one !== '62.0'),
    );
  assert.ok(other);
  await version.selectOption(other);
  await saveOf(page, 'API version').click();
  await page.getByText('The API version is saved.').first().waitFor();
  assert.equal((await syncNow()).api_version, other);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('The API version is as it was.').first().waitFor();
});

test('a credential is tried before it replaces the old one', async () => {
  const { page } = await open();
  const { clientId, clientSecret } = harness.org.credentials.integration;
  await page.getByRole('button', { name: 'Replace the credential' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Consumer key').fill(clientId);
  await dialog.getByLabel('Consumer secret').fill('not the secret');
  await dialog.getByRole('button', { name: 'Test' }).click();
  await dialog.getByRole('alert').waitFor();
  await screenshot(page, 'credential-refused');
  await dialog.getByLabel('Consumer secret').fill(clientSecret);
  await dialog.getByRole('button', { name: 'Test' }).click();
  await dialog.getByText('It works, and it is of this org.').waitFor();
  await dialog.getByRole('button', { name: 'Replace', exact: true }).click();
  await page.getByText('The credential is replaced.').first().waitFor();
});

test('who signs in at Salesforce in another window comes back to a replaced credential', async () => {
  await harness.org.control('/signIn/app', {
    clientId: 'console-app',
    flows: ['authorization_code'],
    redirectUris: [`http://localhost:${api().port}/oauth/callback`],
    scopes: ['api', 'refresh_token'],
  });
  const { page, context } = await open();
  await page.getByRole('button', { name: 'Replace the credential' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Method').selectOption('Sign in with Salesforce');
  await dialog.getByLabel('Consumer key').fill('console-app');
  const [salesforce] = await Promise.all([
    context.waitForEvent('page'),
    dialog.getByRole('button', { name: 'Sign in at Salesforce' }).click(),
  ]);
  await dialog.getByText('Salesforce is open in another window.').waitFor();
  await dialog.getByText(`http://localhost:${api().port}/oauth/callback`).waitFor();
  const { username, password } = harness.org.credentials.demo;
  await salesforce.getByLabel('Username').fill(username);
  await salesforce.getByLabel('Password').fill(password);
  await salesforce.getByRole('button', { name: 'Log In' }).click();
  await salesforce.getByRole('button', { name: 'Allow' }).click();
  await page.getByText('The credential is replaced.').first().waitFor();
  await page.getByText('Refresh token', { exact: true }).waitFor();
  assert.equal((await syncNow()).flow, 'refresh token');
});

test('a move to a database that does not hold the mirror is refused with what is wrong', async () => {
  const { page } = await open();
  await page.getByRole('button', { name: 'Move to another address' }).click();
  const dialog = page.getByRole('dialog');
  await dialog
    .getByLabel("Address with the writer's login")
    .fill('postgres://a:b@127.0.0.1:1/none?sslmode=disable');
  await dialog
    .getByLabel("Address with the reader's login")
    .fill('postgres://c:d@127.0.0.1:1/none?sslmode=disable');
  await dialog.getByRole('button', { name: 'Test' }).click();
  await dialog.getByRole('alert').getByText('Next:').first().waitFor();
  await checkAxe(page);
  await screenshot(page, 'move-refused');
});

test('who types the name of a sync deletes it, in two tries if something is in the way', async () => {
  const { page } = await open();
  const { db } = harness.control.control;
  const { id } = harness.sync;
  const left = () =>
    db.query<{ name: string }>(sql`
    SELECT datname::text AS name FROM pg_database WHERE strpos(datname, ${id}) > 0
     UNION ALL SELECT rolname::text FROM pg_roles WHERE strpos(rolname, ${id}) > 0`);
  const names = (await left()).map(({ name }) => name);
  const group = names.find((name) => name.endsWith('_read')) ?? '';
  await page.getByRole('button', { name: 'Delete this sync' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete harness' });
  for (const name of names) await dialog.getByText(name).first().waitFor();
  await dialog.getByText(`everything in the org ${harness.org.orgId}`).waitFor();
  const confirm = dialog.getByRole('button', { name: 'Delete harness' });
  await dialog.getByRole('textbox').fill('harnes');
  assert.equal(await confirm.isDisabled(), true);
  await dialog.getByRole('textbox').fill('harness');

  await db.query(sql`GRANT SELECT ON lockstep.migration TO ${ident(group)}`);
  try {
    await confirm.click();
    const alert = dialog.getByRole('alert');
    await alert.getByText(`The role ${group} has rights in `).waitFor({ timeout: 60_000 });
    assert.ok(await alert.evaluate(isInSight), 'a long dialog shows why it stopped');
    await checkAxe(page);
    await screenshot(page, 'deletion-stopped');
  } finally {
    await db.query(sql`REVOKE SELECT ON lockstep.migration FROM ${ident(group)}`);
  }
  await confirm.click();
  await page.getByRole('heading', { level: 1, name: 'All syncs' }).waitFor({ timeout: 60_000 });
  await page.getByText('harness has been deleted.').first().waitFor();
  await page.getByText('No sync yet.').waitFor();
  assert.deepEqual(await left(), []);
  assert.equal((await api().ask('GET', `/api/v1/syncs/${id}`)).status, 404);
  await page.goto(`${url}/system?tab=audit`);
  await page.locator('[data-entry]').filter({ hasText: 'Delete sync' }).first().waitFor();
});

/** Runs in the page. */
function isInSight(element: unknown): boolean {
  const { innerHeight } = globalThis as unknown as { innerHeight: number };
  const { top, bottom } = (
    element as { getBoundingClientRect(): { top: number; bottom: number } }
  ).getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight * 0.95;
}
