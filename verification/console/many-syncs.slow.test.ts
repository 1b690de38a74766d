/** A thousand syncs, and an org of hundreds of objects: lists stay short in the page and quick to filter. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { builtConsole } from '@lockstep/console/build';
import { openApi } from '@lockstep/harness/api-harness';
import { checkAxe, isTooWide, openBrowser, type Page, screenshot } from '@lockstep/harness/browser';
import { newSync } from '@lockstep/harness/control';
import { startOrg } from '@lockstep/harness/org';
import { createAdministrator, recordSync } from 'lockstep/control';

const password = 'a long phrase is fine';
const undo = new AsyncDisposableStack();
after(() => undo.disposeAsync());
const org = undo.use(await startOrg({ records: 100 }));
const api = undo.use(await openApi([new URL(org.url).host], { consoleFolder: builtConsole }));
const { control } = api.control;
await createAdministrator(control, password);
const browser = await openBrowser();

async function openAt(path: string, options: { width?: number } = {}): Promise<Page> {
  const context = await browser.newContext(options);
  undo.defer(() => context.close());
  await context.request.post(`${api.url}/api/v1/session`, { data: { password } });
  const page = await context.newPage();
  await page.goto(`${api.url}${path}`);
  return page;
}

/** From a key until the page shows what it leads to. */
async function typed(page: Page, key: string, shown: string | RegExp): Promise<number> {
  const from = performance.now();
  await page.keyboard.press(key);
  await page.getByText(shown).first().waitFor();
  return performance.now() - from;
}

test('an empty list says what to do, and a thousand syncs keep it short', async (t) => {
  const page = await openAt('/syncs');
  await page.getByText('No sync yet.').waitFor();
  await checkAxe(page);
  await screenshot(page, 'syncs-empty');
  await page.getByRole('link', { name: 'Connect Salesforce' }).click();
  await page.getByRole('heading', { level: 1, name: 'Connect an org' }).waitFor();

  for (let number = 0; number < 1_000; number++)
    await recordSync(control, newSync({ name: `sync ${String(number).padStart(4, '0')}` }));
  const from = performance.now();
  await page.goto(`${api.url}/syncs`);
  const table = page.getByRole('table', { name: 'Syncs' });
  await table.getByText('sync 0000').waitFor();
  const firstMs = performance.now() - from;
  await page.locator('table[aria-rowcount="1001"]').waitFor();
  const allMs = performance.now() - from;
  t.diagnostic(`the first of 1,000 syncs: ${Math.round(firstMs)} ms, all: ${Math.round(allMs)} ms`);
  assert.ok((await table.getByRole('row').count()) < 100, 'only the rows in sight are in the page');
  await page.evaluate('scrollTo(0, 20_000)');
  await table
    .getByText(/^sync 0[34]\d\d$/)
    .first()
    .waitFor();
  assert.ok((await table.getByRole('row').count()) < 100);
  await page.evaluate('scrollTo(0, 0)');
  await page.getByRole('searchbox', { name: 'Filter' }).focus();
  await page.keyboard.type('sync 099');
  const ms = await typed(page, '7', '1 row of 1,000');
  t.diagnostic(`a key in the filter: ${Math.round(ms)} ms`);
  await checkAxe(page);
  await screenshot(page, 'syncs-1000');
  assert.equal(new URL(page.url()).searchParams.get('filter'), 'sync 0997');

  const narrow = await openAt('/syncs', { width: 360 });
  await narrow.getByText('sync 0000').waitFor();
  assert.ok((await narrow.getByRole('listitem').count()) < 100);
  assert.equal(await isTooWide(narrow), false);
});

/** The simulated org makes a table for each, some 70 ms of work. */
const madeObjects = 400;

test('an org of hundreds of objects: a custom one is found by a few letters, and ticked', async (t) => {
  for (let number = 0; number < madeObjects; number++) {
    const name = `Thing_${String(number).padStart(4, '0')}`;
    await org.control('/sobjects/create', { name: `${name}__c`, label: name.replace('_', ' '), fields: [] });
  }
  const { clientId, clientSecret } = org.credentials.integration;
  const page = await openAt('/syncs/new/connect');
  const fill = (name: string, value: string) => page.getByRole('textbox', { name }).fill(value);
  await page.getByRole('radio', { name: 'Client credentials' }).check();
  await fill('Address of the org', org.url);
  await fill('Consumer key', clientId);
  await fill('Consumer secret', clientSecret);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Continue' }).click();
  const from = performance.now();
  const table = page.getByRole('table', { name: 'Objects of the org' });
  await table.getByText('Account', { exact: true }).first().waitFor();
  t.diagnostic(`a list of ${madeObjects} more objects: ${Math.round(performance.now() - from)} ms`);
  assert.ok((await table.getByRole('row').count()) < 100, 'only the rows in sight are in the page');
  await page.getByRole('searchbox', { name: 'Find an object by label or API name' }).focus();
  await page.keyboard.type('thing 03');
  const ms = await typed(page, '9', /^10 of 4\d\d objects$/);
  t.diagnostic(`a key in the search: ${Math.round(ms)} ms`);
  for (const name of ['Thing 0397', 'Thing 0398'])
    await page.getByRole('checkbox', { name: `Select ${name}` }).check();
  await page.getByText(/^8 objects, .* columns$/).waitFor();
  await page.getByRole('searchbox', { name: 'Find an object by label or API name' }).fill('account');
  await page.getByRole('button', { name: 'Fields of Account', exact: true }).click();
  for (const field of ['Description', 'Fax', 'Site'])
    await page
      .getByRole('dialog')
      .getByRole('checkbox', { name: new RegExp(`\\b${field} · `) })
      .uncheck();
  await page.keyboard.press('Escape');
  await table.getByText(/3 fields left out/).waitFor();
  await page.getByRole('searchbox', { name: 'Find an object by label or API name' }).fill('');
  await page.getByRole('combobox', { name: 'Show' }).selectOption('Not possible');
  const row = table.getByRole('row').filter({ hasText: 'FieldDefinition' });
  await row.getByText('can only be queried with a filter').waitFor();
  assert.equal(await row.getByRole('checkbox').isDisabled(), true);
  await page.locator('button:enabled').filter({ hasText: 'Continue' }).waitFor();
  await checkAxe(page);
});
