/** The console's first task: from the link of the first start to the first rows, without having read the docs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, heading, next, openFirstStart, untilRows } from '@lockstep/harness/first-start';

/** Of the issue, for the whole way. */
const twoMinutesMs = 120_000;

test('who opens the link of the first start connects an org, chooses objects and sees the first rows', async (t) => {
  const began = performance.now();
  const { org, setupLink, openWindow, untilConnected, url, password } = await openFirstStart();
  const startedMs = performance.now() - began;
  const { clientSecret } = org.credentials.integration;
  const { context, page } = await openWindow();
  await page.goto(`${url}/syncs`);
  await heading(page, 'Set up Lockstep'); // whoever comes without the link is led here too
  const from = performance.now();
  const link = await setupLink();
  await page.goto(link);
  await heading(page, 'Set up Lockstep');
  assert.ok(!page.url().includes('token'), 'the token stays in no address bar');
  await fill(page, 'Choose a password', 'short');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.getByText('The password has 5 of the 12 characters that it needs.').waitFor();
  await fill(page, 'Choose a password', password);
  await page.keyboard.press('Enter');

  await untilConnected(page);
  await next(page);
  await heading(page, 'Choose objects');
  await page.getByText(/^6 objects, about [\d,]+ records, \d+ columns$/).waitFor();
  await next(page);
  await heading(page, 'How often it asks');
  await next(page);
  await heading(page, 'Where the tables are');
  await next(page);
  await heading(page, 'Review and start');
  await page.getByText(/^All of it will do\. 6 tables with \d+ columns will be made\.$/).waitFor();
  await page.getByRole('button', { name: 'Start the sync' }).click();
  await page.getByRole('link', { name: 'Overview' }).waitFor();
  await untilRows(page, 'Account');
  const ms = performance.now() - from;
  t.diagnostic(`start ${Math.round(startedMs)} ms, from the link to the first rows ${Math.round(ms)} ms`);
  assert.ok(startedMs + ms < twoMinutesMs);

  const stored = await page.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])');
  assert.ok(!String(stored).includes(clientSecret));
  await page.goto(link); // who is signed in has nothing to set up
  await page.getByRole('link', { name: 'Overview' }).waitFor();
  await context.close();

  const { context: other, page: late } = await openWindow();
  await late.goto(link);
  await heading(late, 'Lockstep is set up');
  await late.getByRole('link', { name: 'Sign in' }).click();
  await heading(late, 'Sign in');
  await other.close();
});
