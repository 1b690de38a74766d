/** Who looks after the server: its password, its sessions, its keys, and who has changed what. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { adminPassword, openConsoleOfSync } from '@lockstep/harness/console';

const { signedIn, newPage, url, harness } = await openConsoleOfSync();
const newPassword = 'another long phrase';

test('who changes the password is asked for the current one, and all other sessions end', async () => {
  const [{ page, context }, other] = [await signedIn(), await signedIn()];
  after(() => Promise.all([context.close(), other.context.close()]));
  await other.page.goto(`${url}/system`);
  await page.goto(`${url}/system?tab=access`);
  const change = page.getByRole('button', { name: 'Change the password' });
  await change.click();
  await page.getByRole('alert').getByRole('link', { name: 'Enter the current password.' }).click();
  await page.keyboard.type('not the password');
  await page.getByLabel('New password', { exact: true }).fill(newPassword);
  await page.getByLabel('New password again').fill(`${newPassword}.`);
  await change.click();
  await page.getByText('This is not the same as above.').first().waitFor();
  await checkAxe(page);
  await screenshot(page, 'password-refused');
  await page.getByLabel('New password again').fill(newPassword);
  await change.click();
  await page.getByRole('alert').getByText('API-13').waitFor();
  await page.getByLabel('Current password').fill(adminPassword);
  await change.click();
  await page.getByText('The password is changed').first().waitFor();

  await other.page.reload();
  await other.page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await other.page.getByRole('textbox', { name: 'Password' }).fill(newPassword);
  await other.page.keyboard.press('Enter');
  await other.page.getByRole('heading', { level: 1, name: 'System' }).waitFor();

  await page.reload();
  await page.getByRole('button', { name: 'Sign out all others' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out all others' }).click();
  await page.getByText('All other sessions have ended.').first().waitFor();
  await other.page.reload();
  await other.page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();

  // Back to what the other tests sign in with.
  await page.getByLabel('Current password').fill(newPassword);
  await page.getByLabel('New password', { exact: true }).fill(adminPassword);
  await page.getByLabel('New password again').fill(adminPassword);
  await change.click();
  await page.getByText('The password is changed').first().waitFor();
});

test('a key of the API is shown once, works until it is revoked, and the audit log names it', async () => {
  const { page, context, complaints } = await signedIn({ width: 1440 });
  after(() => context.close());
  await page.goto(`${url}/system?tab=access`);
  await page.getByRole('button', { name: 'Make a key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('nightly');
  await dialog.getByLabel('May').selectOption('write');
  await dialog.getByLabel('Valid for').selectOption('30');
  await dialog.getByRole('button', { name: 'Make the key' }).click();
  await dialog.getByRole('button', { name: 'Show' }).click();
  const key = await dialog.locator('code').innerText();
  await dialog.getByRole('button', { name: 'I have stored it' }).click();
  const change = (body: object) =>
    fetch(`${url}/api/v1/syncs/${harness.sync.id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  assert.equal((await change({ interval_ms: 500 })).status, 200);

  await page.getByRole('button', { name: 'Revoke nightly' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke nightly' }).click();
  await page.getByText('The key nightly is revoked.').first().waitFor();
  assert.equal((await change({ interval_ms: 250 })).status, 401);

  await page.getByRole('tab', { name: 'Audit log' }).click();
  await page.getByLabel('Who', { exact: true }).selectOption('key nightly');
  const row = page.locator('[data-entry]').filter({ hasText: 'Change sync' });
  await row.getByRole('button', { name: 'Details' }).click();
  await page.getByRole('row').filter({ hasText: 'interval_ms' }).getByText('500').waitFor();
  await checkAxe(page);
  await screenshot(page, 'audit-open-light-1440');
  assert.deepEqual(complaints, []);
});

test('times change to UTC at once, and stay so', async () => {
  const { page, context } = await signedIn({ colorScheme: 'dark', width: 360 });
  after(() => context.close());
  await page.goto(`${url}/system`);
  await page.getByLabel('Times').selectOption('UTC');
  await page
    .getByText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)
    .first()
    .waitFor();
  await page.goto(`${url}/syncs/${harness.sync.id}/activity`);
  await page.getByLabel('From (UTC)').waitFor();
  assert.equal(await isTooWide(page), false);
});

test('who is not signed in looks up what a code means, and finds others', async () => {
  const { page, context } = await newPage();
  after(() => context.close());
  await page.goto(`${url}/errors/SF-01`);
  await page.getByText('Needs somebody').waitFor();
  await page.getByRole('link', { name: 'All codes' }).click();
  await page.getByLabel('Filter').fill('pooler');
  await page.getByRole('link', { name: 'DB-20' }).click();
  await page.getByRole('heading', { level: 1, name: 'DB-20: A connection pooler is in the way' }).waitFor();
});
