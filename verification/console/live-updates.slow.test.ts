/** Live figures while the server goes away and comes back, while a proxy lets no stream through, and on request. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ConsolePage, openConsoleOfSync } from '@lockstep/harness/console';

type Page = ConsolePage['page'];

const { signedIn, url, harness, stopServer, startServer } = await openConsoleOfSync();
const overview = `${url}/syncs/${harness.sync.id}`;
let names = 0;

/** Changes the number of rows of the Account table, and says what it will be. */
async function addAccount(): Promise<string> {
  const before = await harness.countInOrg('Account');
  const answer = await harness.call('POST', '/services/data/v62.0/sobjects/Account', {
    Name: `New ${++names}`,
  });
  assert.equal(answer.status, 201, answer.text);
  return String(before + 1);
}

test('a server that restarts: the page says since when its figures are, and then shows the new ones', async () => {
  const { page, context } = await signedIn();
  after(() => context.close());
  await page.goto(overview);
  await page.locator('[data-live="live"]').waitFor();
  const first = await addAccount();
  const row = page.getByRole('row').filter({ hasText: 'Account' });
  await row.getByText(first, { exact: true }).waitFor();

  await stopServer();
  await page.getByText(/^Reconnecting, figures from \d\d:\d\d:\d\d$/).waitFor();
  await row.getByText(first, { exact: true }).waitFor();
  const second = await addAccount();
  await startServer();
  await page.locator('[data-live="live"]').waitFor();
  await row.getByText(second, { exact: true }).waitFor();
});

test('where no event stream comes through, the figures are read every 10 s', async () => {
  const { page, context } = await signedIn();
  after(() => context.close());
  await context.route('**/events', (route) => route.fulfill({ status: 403, body: 'no streams here' }));
  await page.goto(overview);
  await page.getByText('Updating every 10 s').waitFor();
  const rows = await addAccount();
  await page.getByRole('row').filter({ hasText: 'Account' }).getByText(rows, { exact: true }).waitFor();
});

/** Chromium without a window takes all its pages for visible. */
async function hide(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { document } = globalThis as unknown as { document: EventTarget };
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

async function show(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { document } = globalThis as unknown as { document: EventTarget & { hidden?: boolean } };
    delete document.hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

test('tabs in the background hold no stream, so an eighth tab is live, and they follow all the same', async () => {
  const { page: first, context } = await signedIn();
  after(() => context.close());
  const tabs = [first];
  while (tabs.length < 8) tabs.push(await context.newPage());
  for (const [number, tab] of tabs.entries()) {
    await tab.goto(overview);
    await tab.locator('[data-live="live"]').waitFor();
    if (number < tabs.length - 1) await hide(tab);
  }
  await first.getByText('Updating every 10 s').waitFor();
  const rows = await addAccount();
  const row = first.getByRole('row').filter({ hasText: 'Account' });
  await row.getByText(rows, { exact: true }).waitFor();
  await show(first);
  await first.locator('[data-live="live"]').waitFor();
});

test('who stops the updates gets none until they are resumed', async () => {
  const { page, context } = await signedIn();
  after(() => context.close());
  await page.goto(overview);
  await page.locator('[data-live="live"]').waitFor();
  const row = page.getByRole('row').filter({ hasText: 'Account' });
  const before = String(await harness.countInOrg('Account'));
  await row.getByText(before, { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Stop updates' }).click();
  await page.getByText('Updates stopped').waitFor();
  const rows = await addAccount();
  assert.equal(await row.getByText(before, { exact: true }).count(), 1);
  await page.getByRole('button', { name: 'Resume updates' }).click();
  await row.getByText(rows, { exact: true }).waitFor();
});

test('a session that ends leads to the sign-in, and from there back', async () => {
  const { page, context } = await signedIn();
  after(() => context.close());
  await page.goto(`${overview}/objects?filter=acc`);
  await page.locator('[data-live="live"]').waitFor();
  await context.clearCookies();
  await page.getByRole('link', { name: 'System' }).click();
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('to'), '/system');
});
