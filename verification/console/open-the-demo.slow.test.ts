/** The demo opens its console by a link, which works once. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkAxe, openBrowser, screenshot } from '@lockstep/harness/browser';
import { openCli } from '@lockstep/harness/cli-process';

test("who opens the demo's link is signed in, and the link signs in nobody else", async () => {
  await using cli = await openCli();
  const demo = await cli.start(['demo', '--records', '300', '--activity', '0'], 'A link that signs in');
  const text = await readFile(join(cli.dataDir, 'sign-in-link'), 'utf8');
  const link = /http:\S+/.exec(text)?.[0] ?? '';
  const browser = await openBrowser();

  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(new URL('/syncs', link).href);
  await page.getByRole('heading', { level: 1, name: 'Open the demo by its link' }).waitFor();
  await page
    .getByText('The demo has no password: the link that it shows at its start signs in, once.')
    .waitFor();
  await checkAxe(page);
  await screenshot(page, 'demo-without-link');
  await page.goto(link); // into the same tab: only the fragment changes
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  assert.ok(!page.url().includes('link='), 'the link stays in no address bar');

  const other = await browser.newContext();
  const late = await other.newPage();
  await late.goto(link);
  await late.getByRole('alert').getByText('This link does not sign in any more').waitFor();
  await late.getByText('Start the demo again: it shows a new one.').waitFor();
  await checkAxe(late);
  await screenshot(late, 'demo-link-used');
  await demo.end('SIGTERM');
});
