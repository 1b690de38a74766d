/** Every screen, in both themes and from the narrowest window to 4K: nothing is wrong with its accessibility, and nothing overflows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { openConsoleOfSync } from '@lockstep/harness/console';
import { screensOf } from '@lockstep/harness/console-screens';

const { signedIn, url, harness } = await openConsoleOfSync();

const themes = ['light', 'dark'] as const;
const widths = [320, 1280, 3840];

for (const colorScheme of themes)
  for (const width of widths)
    test(`each screen is accessible and fits, ${colorScheme}, ${width} px wide`, async () => {
      await harness.call('GET', '/services/data/v62.0/query?q=SELECT+Id+FROM+Account');
      const { page, complaints, context } = await signedIn({ colorScheme, width });
      for (const { name, path, heading } of screensOf(harness.sync.id)) {
        await page.goto(`${url}${path}`);
        await page.getByRole('heading', { level: 1, name: heading }).waitFor();
        await page.waitForLoadState('load');
        assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, name);
        await checkAxe(page);
        await screenshot(page, `${name}-${colorScheme}-${width}`);
        assert.equal(await isTooWide(page), false, `${name} scrolls sideways`);
      }
      assert.deepEqual(complaints, []);
      await context.close();
    });

test('a dialog and a menu work under the content policy, and give the focus back', async () => {
  const { page, complaints } = await signedIn();
  await page.goto(`${url}/syncs/${harness.sync.id}/settings`);
  const open = page.getByRole('button', { name: 'Delete this sync' });
  await open.click();
  const dialog = page.getByRole('dialog', { name: 'Delete harness' });
  await dialog.getByText('What stays').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Cancel' }).evaluate(isFocused), true);
  assert.equal(await dialog.getByRole('button', { name: 'Delete harness' }).isDisabled(), true);
  await dialog.getByRole('textbox').fill('harness');
  assert.equal(await dialog.getByRole('button', { name: 'Delete harness' }).isEnabled(), true);
  await checkAxe(page);
  await screenshot(page, 'dialog');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(await open.evaluate(isFocused), true);

  await page.goto(`${url}/syncs/${harness.sync.id}/objects/Account`);
  const verify = page.getByRole('button', { name: 'Verify' });
  await verify.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.getByRole('menuitem', { name: 'Ids' }).press('Escape');
  assert.equal(await verify.evaluate(isFocused), true);
  await verify.press('Enter');
  await page.getByRole('menuitem', { name: 'Counts' }).press('Enter');
  await page.getByText('Account is being compared with Salesforce.').first().waitFor();
  assert.deepEqual(complaints, []);
});

const isFocused = (element: unknown) =>
  element === (globalThis as unknown as { document: { activeElement: unknown } }).document.activeElement;

test('the theme is chosen in the header, and a reload keeps it', async () => {
  const { page, complaints } = await signedIn();
  await page.goto(`${url}/system`);
  await page.getByRole('button', { name: 'Theme: System' }).click();
  await page.getByRole('button', { name: 'Theme: Light' }).click();
  await page.getByRole('button', { name: 'Theme: Dark' }).waitFor();
  await page.reload();
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  await page.getByRole('radio', { name: 'Dark' }).waitFor();
  assert.equal(await page.getByRole('radio', { name: 'Dark' }).isChecked(), true);
  assert.deepEqual(complaints, []);
});
