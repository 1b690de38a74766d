/** Who looks after the server: its password, its sessions, its keys, and who has changed what. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { adminPassword, openConsoleOfSync } from '@lockstep/harness/console';
import { newSync, openTestControl } from '@lockstep/harness/control';
import { makeTestSync } from '@lockstep/harness/test-sync';
import { recordSync } from 'lockstep/control';

const { api, signedIn, newPage, url, harness } = await openConsoleOfSync();
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

test('a sync whose secrets are of another installation is locked, others run, and with its key it goes on', async () => {
  const { control } = harness.control;
  const allowHosts = [new URL(harness.org.url).host];
  const wanted = { name: 'restored', sobjects: ['Lead'], intervalMs: 500, allowHosts };
  const { sync: locked } = await makeTestSync(harness.org, harness.control, wanted);
  await using elsewhere = await openTestControl();
  await recordSync(elsewhere.control, newSync({ id: locked.id }));
  const keyIn = async ({ db }: typeof control): Promise<string> => {
    const [row] = await db.query<{ key: string }>(
      sql`SELECT sealed_data_key AS key FROM lockstep.sync WHERE sync_id = ${locked.id}`,
    );
    return row?.key ?? '';
  };
  const [right, wrong] = [await keyIn(control), await keyIn(elsewhere.control)];
  // It is tried again when its settings change.
  const putBack = async (key: string, pace: number) => {
    await control.db.query(
      sql`UPDATE lockstep.sync SET sealed_data_key = ${key} WHERE sync_id = ${locked.id}`,
    );
    const changed = await api().ask('PATCH', `/api/v1/syncs/${locked.id}`, { interval_ms: pace });
    assert.equal(changed.status, 200);
  };
  await putBack(wrong, 4_000);

  const { page, context } = await signedIn({ width: 1_440 });
  after(() => context.close());
  await page.goto(`${url}/syncs`);
  const row = (name: string) => page.getByRole('row').filter({ hasText: name });
  await row('restored').getByText('Locked', { exact: true }).waitFor();
  await row('harness').getByText('Live', { exact: true }).waitFor();
  await row('restored').getByRole('link', { name: 'restored' }).click();
  await page.getByRole('heading', { level: 1, name: /^Locked: KEY-02/ }).waitFor();
  await page.getByRole('link', { name: 'KEY-02 explained' }).waitFor();
  await page.getByText(/^A credential was sealed with key \w+, which is not the configured one\.$/).waitFor();
  await page.getByText('Tried again when its settings change, and at every start.').waitFor();
  assert.equal(await page.getByText('next try').count(), 0);
  const held = await page.content();
  for (const secret of [harness.org.credentials.integration.clientSecret, right, wrong])
    assert.ok(!held.includes(secret), secret);
  await checkAxe(page);
  await screenshot(page, 'locked-light-1440');

  await putBack(right, 250);
  await page.getByRole('heading', { level: 1, name: /^Live/ }).waitFor();
  await page.goto(`${url}/syncs/${locked.id}/activity?code=KEY-02`);
  await page
    .getByText(/^The sync is locked.*KEY-02/)
    .first()
    .waitFor();
  assert.equal((await api().ask('DELETE', `/api/v1/syncs/${locked.id}`)).status, 200);
});
