/** Who asks what became of the writes of an application finds them by their outcome. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { openConsoleOfSync } from '@lockstep/harness/console';

const { signedIn, url, harness } = await openConsoleOfSync();
const screen = `${url}/syncs/${harness.sync.id}/proxy`;
const accounts = '/services/data/v62.0/sobjects/Account';

test('who asks what became of a write finds it by its outcome, and sees where its time went', async () => {
  const made = await harness.call('POST', accounts, { Name: 'Written through' });
  assert.equal(made.status, 201, made.text);
  const { id } = JSON.parse(made.text) as { id: string };
  assert.equal((await harness.call('PATCH', `${accounts}/${id}`, { Name: 'Changed' })).status, 204);
  assert.equal((await harness.call('POST', accounts, { Nonsense: 1 })).status, 400);
  await harness.call('GET', `${accounts}/${id}`);

  const { page, context, complaints } = await signedIn({ width: 1440 });
  after(() => context.close());
  await page.goto(screen);
  await page.getByText('3 requests. These are all.').waitFor();
  await page.getByRole('button', { name: 'Refused' }).click();
  await page.getByText('1 request. These are all.').waitFor();
  await page.getByLabel('Outcome', { exact: true }).selectOption('applied');
  const row = page.locator('[data-entry]').filter({ hasText: id.slice(0, 15) });
  await row.getByRole('button', { name: 'Details' }).click();
  await page.getByText("Salesforce's answer").waitFor();
  await checkAxe(page);
  await screenshot(page, 'proxy-open-light-1440');

  const colleague = await signedIn({ colorScheme: 'dark', width: 360 });
  after(() => colleague.context.close());
  await colleague.page.goto(page.url());
  await colleague.page.getByText("Salesforce's answer").waitFor();
  assert.equal(await isTooWide(colleague.page), false);
  await checkAxe(colleague.page);
  await screenshot(colleague.page, 'proxy-open-dark-360');

  await page.getByRole('tab', { name: 'By hour' }).click();
  await page.locator('canvas').waitFor();
  await screenshot(page, 'proxy-chart-light-1440');
  await page.getByRole('combobox', { name: 'Range' }).selectOption('week');
  await page.getByRole('button', { name: 'Show as table' }).click();
  await page.getByRole('table').getByRole('row').nth(1).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('range'), 'week');
  assert.deepEqual(complaints, []);
});
