/** What one does with an object on its page: compare it, read it again, remove it; and with keys alone. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { openConsole, openConsoleOfSync } from '@lockstep/harness/console';
import { openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

const { signedIn, url, harness } = await openConsoleOfSync({ sobjects: ['Account', 'Contact', 'Lead'] });
const objects = `${url}/syncs/${harness.sync.id}/objects`;

async function open(address: string) {
  const opened = await signedIn({ width: 1_440 });
  after(() => opened.context.close());
  await opened.page.goto(address);
  await opened.page.locator('[data-live="live"]').waitFor();
  return opened;
}

test('an object is read again after its costs are told, and a row that somebody removed comes back', async () => {
  const { page, complaints } = await open(`${objects}/Account`);
  const rows = await harness.countInOrg('Account');
  await harness.admin.script(
    'DELETE FROM salesforce.account WHERE id = (SELECT min(id) FROM salesforce.account)',
  );
  await page.getByRole('button', { name: 'Read again' }).click();
  const dialog = page.getByRole('dialog', { name: 'Read Account again' });
  for (const term of ['What happens', 'What stays', 'What it costs']) await dialog.getByText(term).waitFor();
  await dialog.getByText(`About 1 request for ${rows} records`).waitFor();
  await checkAxe(page);
  await screenshot(page, 'read-again');
  await dialog.getByRole('button', { name: 'Read Account again' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByText(/^Done in .* 1 row was missing, and is repaired\.$/).waitFor();
  const [found] = await harness.reader.query<{ count: string }>(
    sql`SELECT count(*) AS count FROM salesforce.account`,
  );
  assert.equal(Number(found?.count), rows);
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.getByRole('menuitem', { name: 'Counts' }).click();
  await page.getByText(/^Done in .* Nothing differed\.$/).waitFor();
  assert.deepEqual(complaints, []);
});

test('brackets lead to the next and the previous object and keep the tab, unless keys are switched off', async () => {
  const { page, complaints } = await open(`${objects}/Account?tab=columns`);
  const at = () => new URL(page.url()).pathname.split('/').at(-1);
  await page.keyboard.press(']');
  await page.getByRole('heading', { level: 1, name: /^Contact/ }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('tab'), 'columns');
  await page.keyboard.press('[');
  await page.getByRole('heading', { level: 1, name: /^Account/ }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('[ind]');
  assert.equal(at(), 'Account', 'a bracket in a field is text');
  assert.equal(await page.getByRole('searchbox', { name: 'Filter' }).inputValue(), '[ind]');
  await page.getByRole('heading', { level: 1 }).focus();
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await dialog.getByText('Goes to the next object').waitFor();
  await checkAxe(page);
  await screenshot(page, 'shortcuts');
  await dialog.getByRole('switch', { name: 'Single keys do something' }).press('Space');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await page.keyboard.press(']');
  await page.keyboard.press('?');
  await page.waitForTimeout(300);
  assert.equal(at(), 'Account');
  assert.equal(await dialog.count(), 0);
  assert.deepEqual(complaints, []);
});

test('objects are added after what that makes is told, and copied at once; one is removed by typing its name', async () => {
  const { page, complaints } = await open(objects);
  await page.getByRole('button', { name: 'Add objects' }).click();
  await page.getByRole('searchbox', { name: /^Find an object/ }).fill('opp');
  await page.getByRole('checkbox', { name: 'Add Opportunity', exact: true }).check();
  await page.getByText(/^1 object, about \d+ records$/).waitFor();
  await checkAxe(page);
  await screenshot(page, 'add-objects');
  await page.getByRole('button', { name: 'Add 1 object' }).click();
  const adding = page.getByRole('dialog', { name: 'Add 1 object' });
  await adding.getByText(/^Opportunity as table opportunity, \d+ columns/).waitFor();
  await screenshot(page, 'add-objects-dialog');
  await adding.getByRole('button', { name: 'Add 1 object' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Opportunity' });
  await row.getByText('Current').waitFor({ timeout: 30_000 });

  await row.getByRole('link', { name: 'Opportunity' }).click();
  await page.getByRole('button', { name: 'Remove' }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove Opportunity from the sync' });
  const remove = dialog.getByRole('button', { name: 'Remove Opportunity from the sync' });
  await dialog.getByText('salesforce.opportunity with its rows').waitFor();
  assert.equal(await remove.isEnabled(), true, 'nothing is erased while the table stays');
  await dialog.getByRole('radio', { name: /^Drop the table/ }).check();
  await dialog.getByText('salesforce.opportunity is dropped with all its rows.').waitFor();
  assert.equal(await remove.isDisabled(), true);
  await dialog.getByRole('textbox', { name: 'Type Opportunity to confirm' }).fill('Opportunity');
  await checkAxe(page);
  await screenshot(page, 'remove-object');
  await remove.click();
  await page.getByText('Opportunity is no longer synced.').first().waitFor();
  await page.getByRole('heading', { level: 2, name: 'All objects (3)' }).waitFor();
  assert.equal(await row.count(), 0);
  await harness.until(
    sql`SELECT to_regclass('salesforce.opportunity') IS NULL`,
    'the table of Opportunity is dropped',
  );
  assert.deepEqual(complaints, []);
});

test('each part of an object’s page, and the page that adds objects, is accessible and fits', async () => {
  const places = [
    '/Account',
    '/Account?tab=columns',
    '/Account?tab=set-aside',
    '/Account?tab=schema',
    '?add=yes',
  ];
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 700, 1_440]) {
      const { page, context, complaints } = await signedIn({ colorScheme, width });
      for (const place of places) {
        await page.goto(`${objects}${place}`);
        await page.locator('[data-live="live"]').waitFor();
        await page.locator('[aria-busy="true"]').first().waitFor({ state: 'hidden' });
        await checkAxe(page);
        await screenshot(page, `objects${place.replace(/\W+/g, '-')}-${colorScheme}-${width}`);
        assert.equal(await isTooWide(page), false, `${place} scrolls sideways at ${width} px`);
      }
      assert.deepEqual(complaints, []);
      await context.close();
    }
});

test('the demo says what it is, and its tour can be taken by keys, or skipped once and for all', async () => {
  await using demo = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  const opened = await openConsole(demo, { isDemo: true });
  demo.startWorker();
  await demo.untilComplete();
  const { page, context, complaints } = await opened.signedIn({ width: 1_440 });
  await page.goto(opened.url);
  await page.getByText('Demo: data comes from a simulated Salesforce org.').waitFor();
  const tour = page.getByRole('region', { name: 'Tour' });
  await tour.getByText('1 of 4').waitFor();
  await checkAxe(page);
  await screenshot(page, 'demo-tour');
  await tour.getByRole('button', { name: 'Next' }).focus();
  await page.keyboard.press('Enter');
  await tour.getByText('2 of 4').waitFor();
  await tour.getByRole('button', { name: 'Skip the tour' }).click();
  await tour.waitFor({ state: 'hidden' });
  await page.reload();
  await page.getByText('Demo: data comes from a simulated Salesforce org.').waitFor();
  assert.equal(await tour.count(), 0);
  await page.getByRole('button', { name: 'Take the tour' }).click();
  await tour.getByText('1 of 4').waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
