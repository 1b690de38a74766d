/** A person signs in, and sees how the sync is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkAxe, screenshot } from '@lockstep/harness/browser';
import { adminPassword, openConsoleOfSync } from '@lockstep/harness/console';

/** Compressed, from the first page up to the overview. */
const scriptBytesMax = 200_000;

test('who signs in sees the sync, its objects, and that the figures are live', async () => {
  const { newPage, url, harness } = await openConsoleOfSync();
  const { page, complaints } = await newPage();

  const scripts: Buffer[] = [];
  page.on('response', (answer) => {
    if (answer.url().endsWith('.js')) void answer.body().then((body) => scripts.push(body));
  });
  await page.goto(`${url}/syncs/${harness.sync.id}`);
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await checkAxe(page);
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('API-13').waitFor();

  await page.getByRole('textbox', { name: 'Password' }).fill(adminPassword);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /^Live/ }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/syncs/${harness.sync.id}`);
  assert.equal(await page.title(), 'Overview – harness – Lockstep');
  const row = page.getByRole('row').filter({ hasText: 'Account' });
  await row.getByText('Current').waitFor();
  assert.match(await row.innerText(), new RegExp(`\\b${await harness.countInOrg('Account')}\\b`));
  await page.locator('[data-live="live"]').waitFor();
  await checkAxe(page);
  await screenshot(page, 'overview');

  const loaded = scripts.reduce((sum, script) => sum + gzipSync(script, { level: 9 }).length, 0);
  assert.ok(loaded > 0 && loaded <= scriptBytesMax, `${loaded} bytes of scripts up to here`);

  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('heading', { level: 1, name: 'Paused' }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('heading', { level: 1, name: /^Live/ }).waitFor();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  // The browser itself writes down each refused request.
  const refused = /the server responded with a status of 40[13]/;
  assert.deepEqual(
    complaints.filter((text) => !refused.test(text)),
    [],
  );
});
