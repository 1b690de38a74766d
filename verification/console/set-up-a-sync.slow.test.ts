/** From the link of the first start to the first rows: what a person does who has never read the docs. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkAxe, isTooWide, openBrowser, screenshot } from '@lockstep/harness/browser';
import { openServerWithOrg } from '@lockstep/harness/server-with-org';
import type { Page } from 'playwright-core';

const began = performance.now();
const started = await openServerWithOrg({ org: { records: 1_000 } });
const { org, server } = started;
const startedMs = performance.now() - began;
after(() => started[Symbol.asyncDispose]());
const browser = await openBrowser();
const url = (server.apiUrl ?? '').replace('127.0.0.1', 'localhost');
const password = 'a long phrase is fine';
const { clientId, clientSecret } = org.credentials.integration;

/** Of the first start: nobody sees what a process without a terminal prints. */
async function setupLink(): Promise<string> {
  const text = await readFile(join(server.cli.dataDir, 'setup-token'), 'utf8');
  const link = /http:\S+\/setup#token=\S+/.exec(text)?.[0];
  assert.ok(link, text);
  return link;
}

const heading = (page: Page, name: string | RegExp) =>
  page.getByRole('heading', { level: 1, name }).waitFor();
const next = (page: Page) => page.getByRole('button', { name: 'Continue' }).click();

/** The page as it is, in one theme and at one width. */
async function look(page: Page, name: string): Promise<void> {
  await checkAxe(page);
  assert.equal(await isTooWide(page), false, `${name} scrolls sideways`);
  await screenshot(page, name);
}

test('who opens the link of the first start connects an org, chooses objects and sees the first rows', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(await setupLink());
  const from = performance.now();
  await heading(page, 'Set up Lockstep');
  assert.ok(!page.url().includes('token'), 'the token stays in no address bar');
  await look(page, 'setup');
  await page.getByRole('textbox', { name: 'Choose a password' }).fill('short');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.getByText('The password has 5 of the 12 characters that it needs.').waitFor();
  await page.getByRole('textbox', { name: 'Choose a password' }).fill(password);
  await page.keyboard.press('Enter');

  await heading(page, 'Connect an org');
  await page.getByRole('textbox', { name: 'Address of the org' }).fill(org.url);
  await page.getByRole('textbox', { name: 'Consumer key' }).fill(clientId);
  await page.getByRole('textbox', { name: 'Consumer secret' }).fill(clientSecret);
  await page.keyboard.press('Enter');
  await heading(page, 'What this user may do');
  await look(page, 'wizard-check');
  await next(page);
  await heading(page, 'Choose objects');
  await page.getByText(/^6 objects, about [\d,]+ records, \d+ columns$/).waitFor();
  await look(page, 'wizard-objects');
  await next(page);
  await heading(page, 'How often it asks');
  await look(page, 'wizard-budget');
  await next(page);
  await heading(page, 'Where the tables are');
  await look(page, 'wizard-destination');
  await next(page);
  await heading(page, 'Review and start');
  await page.getByText(/^All of it will do\. 6 tables with \d+ columns will be made\.$/).waitFor();
  await look(page, 'wizard-review');
  await page.getByRole('button', { name: 'Start the sync' }).click();

  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Overview' }).waitFor();
  const row = page.getByRole('row').filter({ hasText: 'Account' });
  await row
    .getByText(/^[1-9][\d,]*$/)
    .first()
    .waitFor();
  const ms = performance.now() - from;
  process.stderr.write(`start ${Math.round(startedMs)} ms, link to first rows ${Math.round(ms)} ms\n`);
  assert.ok(startedMs + ms < 120_000);
  const stored = await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }));
  assert.ok(!stored.includes(clientSecret));
  await context.close();
});
