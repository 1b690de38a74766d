/** Who asks what became of the writes of an application finds them by their outcome. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { openConsoleOfSync } from '@lockstep/harness/console';
import { armFault } from '@lockstep/harness/injected-fault';

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

test('a write whose answer is lost is listed as unknown, SQL shows that it did happen, and nothing tells what it said', async () => {
  const { page, context } = await signedIn({ width: 1440 });
  after(() => context.close());
  const told: string[] = [];
  page.on('response', (answer) => {
    const isText = answer.url().includes('/api/') && !answer.url().endsWith('/events');
    if (isText) void answer.text().then((text) => told.push(text));
  });
  await page.goto(screen);
  await page.getByText('3 requests. These are all.').waitFor();
  await armFault(harness.org, {
    match: { method: 'POST', path: '*/sobjects/Account' },
    effect: { reset: 'after' },
  });
  const name = 'Only the caller knows this';
  const lost = await harness.call('POST', accounts, { Name: name });
  assert.deepEqual([lost.status, lost.headers.get('lockstep-outcome')], [504, 'unknown']);

  await page.getByRole('button', { name: 'Refresh' }).click();
  const row = page.locator('[data-entry]').filter({ hasText: 'Unknown' });
  await row.getByRole('button', { name: 'Details' }).click();
  await page
    .getByText(/^Its answer was lost: nobody knows whether Salesforce did it\. Look the record up/)
    .waitFor();
  await screenshot(page, 'proxy-unknown-light-1440');
  await harness.until(sql`SELECT count(*) = 1 FROM salesforce.account WHERE name = ${name}`, 'it did happen');

  const stored = await page.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])');
  const everything = [...told, String(stored), await page.content()].join('\n');
  assert.match(everything, /"outcome":"unknown"/);
  for (const secret of [name, 'Written through', await harness.org.token('demo')])
    assert.ok(!everything.includes(secret), secret);
});
