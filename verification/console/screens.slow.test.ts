/** Every screen, in both themes and from the narrowest window to 4K: nothing is wrong with its accessibility, and nothing overflows. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { builtConsole } from '@lockstep/console/build';
import { systemClock } from '@lockstep/foundation/clock';
import { openApi, openApiOn } from '@lockstep/harness/api-harness';
import { checkAxe, isTooWide, type Page, screenshot } from '@lockstep/harness/browser';
import { openConsoleOfSync } from '@lockstep/harness/console';
import {
  type ConsoleScreen,
  demoAccessScreen,
  demoDoorScreen,
  demoTourScreen,
  screensOf,
  setupScreen,
  signInScreen,
} from '@lockstep/harness/console-screens';
import { makeSignInLink } from 'lockstep/operations/sign-in-link';

const { newPage, signedIn, url, harness } = await openConsoleOfSync();

const undo = new AsyncDisposableStack();
after(() => undo.disposeAsync());
const allowHosts = [new URL(harness.org.url).host];
const consoleFolder = builtConsole;
const openDemo = async (control: typeof harness.control) =>
  undo.use(await openApiOn(control, allowHosts, { consoleFolder, signInLink: makeSignInLink(systemClock) }));
/** Nobody has set it up. */
const fresh = undo.use(await openApi([], { consoleFolder }));
const freshDemo = await openDemo(fresh.control);
/** The same sync as a demo. A cookie counts at all ports of a machine, so who is signed in here is so there. */
const demo = await openDemo(harness.control);

const themes = ['light', 'dark'] as const;
/** What axe looks at is the same at the widest as at the usual width. */
const widths = [
  { width: 320, hasAxe: true },
  { width: 1280, hasAxe: true },
  { width: 3840, hasAxe: false },
];

/** The browser itself writes down each refused request, such as that for the session of nobody. */
const refused = /the server responded with a status of 401/;

for (const colorScheme of themes)
  for (const { width, hasAxe } of widths) {
    const look = async (
      page: Page,
      at: string,
      { name, path, heading }: ConsoleScreen,
      part = page.getByRole('heading', { level: 1, name: heading }),
    ) => {
      await page.goto(`${at}${path}`);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await part.waitFor();
      await page.waitForLoadState('load');
      assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, name);
      if (hasAxe) await checkAxe(page);
      await screenshot(page, `${name}-${colorScheme}-${width}`);
      assert.equal(await isTooWide(page), false, `${name} scrolls sideways`);
    };

    test(`each screen is accessible and fits, ${colorScheme}, ${width} px wide`, async () => {
      await harness.call('GET', '/services/data/v62.0/query?q=SELECT+Id+FROM+Account');
      const { page, complaints, context } = await signedIn({ colorScheme, width });
      for (const screen of screensOf(harness.sync.id)) await look(page, url, screen);
      const tour = page.getByRole('region', { name: 'Tour' });
      await look(page, demo.url, demoTourScreen(harness.sync.id), tour.getByText('1 of 4'));
      await tour.getByRole('button', { name: 'Skip the tour' }).click();
      const band = page.getByText('Demo: data comes from a simulated Salesforce org.');
      await look(page, demo.url, demoAccessScreen, band);
      assert.deepEqual(complaints, []);
      await context.close();
    });

    test(`whoever is not signed in finds all accessible, too, ${colorScheme}, ${width} px wide`, async () => {
      const { page, complaints, context } = await newPage({ colorScheme, width });
      await look(page, fresh.url, setupScreen);
      await look(page, url, signInScreen);
      await look(page, freshDemo.url, demoDoorScreen);
      assert.deepEqual(
        complaints.filter((text) => !refused.test(text)),
        [],
      );
      await context.close();
    });
  }

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
