/** Somebody on call opens the console because of a fault: what is wrong, what to do, and that it is over afterwards. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { type ConsolePage, openConsoleOfSync } from '@lockstep/harness/console';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { changeSettings } from 'lockstep/control';

const { signedIn, url, harness } = await openConsoleOfSync();
const overview = `${url}/syncs/${harness.sync.id}`;
const { org, admin, reader } = harness;

type Page = ConsolePage['page'];
/** What is refused is tried again once a minute. */
const nextTryMs = 90_000;

async function openOverview() {
  const opened = await signedIn({ width: 1_440 });
  after(() => opened.context.close());
  await opened.page.goto(overview);
  await opened.page.locator('[data-live="live"]').waitFor();
  return opened;
}

const needs = (page: Page) => page.getByRole('region', { name: 'What needs you' });
const headline = (page: Page, text: RegExp, timeout = 30_000) =>
  page.getByRole('heading', { level: 1, name: text }).waitFor({ timeout });
const icon = (page: Page) => page.locator('link[rel="icon"]').getAttribute('href');

/** At three widths, in both themes. */
async function lookAt(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1_024, 1_440]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(300); // until the colours have changed
      await checkAxe(page);
      await screenshot(page, `${name}-${colorScheme}-${width}`);
      assert.equal(await isTooWide(page), false, `${name} scrolls sideways at ${width} px`);
    }
  await page.emulateMedia({ colorScheme: 'light' });
}

test('an object whose permission is gone is named in the first sentence, with the next step, until it is back', async () => {
  const { page, complaints } = await openOverview();
  await headline(page, /^Live/);
  await needs(page).getByText('Nothing needs you.', { exact: true }).waitFor();
  assert.equal(await icon(page), '/icon.svg');
  await org.control('/users/rights', { user: 'integration', objects: { Contact: { read: false } } });
  await headline(page, /^Partly working: Contact is stopped/);
  await needs(page).getByText('Contact is stopped').waitFor();
  await needs(page).getByText('Next:').waitFor();
  assert.equal(await icon(page), '/icon-waiting.svg');
  const rows = page.getByRole('table', { name: 'Objects' }).getByRole('row');
  assert.match(await rows.nth(1).innerText(), /^Contact\s+Stopped/, 'what needs somebody comes first');
  await lookAt(page, 'on-call-stopped');
  await needs(page).getByRole('link', { name: 'PERM-02 explained' }).waitFor();
  await needs(page).getByRole('link', { name: 'Open Contact' }).click();
  await headline(page, /^Contact Stopped/);
  await page.getByText('Contact is stopped').waitFor();

  await org.control('/users/rights', { user: 'integration' });
  await headline(page, /^Contact Current/, nextTryMs);
  await page.goto(overview);
  await needs(page).getByText('Nothing needs you.', { exact: true }).waitFor();
  assert.deepEqual(complaints, []);
});

test('a field that is hidden from the sync is named, and its column says since when it keeps its values', async () => {
  const { page, complaints } = await openOverview();
  await org.control('/users/rights', {
    user: 'integration',
    fields: { 'Account.Industry': { read: false } },
  });
  await needs(page).getByText('1 field of Account is hidden').waitFor();
  await headline(page, /^Live/);
  await needs(page).getByRole('link', { name: 'See the columns' }).click();
  await page.getByRole('tab', { name: 'Columns (1)' }).waitFor();
  const industry = page.getByRole('row').filter({ hasText: 'industry' });
  await industry.getByText('Hidden').waitFor();
  await industry.getByText(/ ago$/).waitFor();
  await page.getByRole('checkbox', { name: 'Only columns that are not mirrored' }).check();
  assert.equal(await page.getByRole('table', { name: 'Columns' }).locator('tbody tr').count(), 1);
  await lookAt(page, 'on-call-hidden');
  await org.control('/users/rights', { user: 'integration' });
  await page.getByText('All columns are mirrored.').waitFor({ timeout: nextTryMs });
  assert.deepEqual(complaints, []);
});

test('a record that is set aside is shown with its reason, and tried again when its cause is gone', async () => {
  const { page, complaints } = await openOverview();
  await admin.script(
    `ALTER TABLE salesforce.contact ADD CONSTRAINT theirs CHECK (lastname <> 'Refused') NOT VALID`,
  );
  const [contact] = await reader.query<{ id: string }>(sql`SELECT min(id) AS id FROM salesforce.contact`);
  const id = contact?.id ?? '';
  await harness.call('PATCH', `${dataPath}/sobjects/Contact/${id}`, { LastName: 'Refused' });
  await headline(page, /^Live, with 1 record set aside in Contact/);
  await needs(page).getByText('1 record of Contact is set aside').waitFor();
  await needs(page).getByRole('link', { name: 'See what is set aside' }).click();
  await headline(page, /^Contact With gaps/);
  const row = page.getByRole('row').filter({ hasText: id });
  await row.waitFor();
  await lookAt(page, 'on-call-set-aside');
  await page.setViewportSize({ width: 1_440, height: 900 });
  await row.getByRole('button', { name: `Try again ${id}` }).click();
  await page.getByText(/^Done in .* 1 record set aside: /).waitFor();

  await admin.script('ALTER TABLE salesforce.contact DROP CONSTRAINT theirs');
  await page.getByRole('button', { name: 'Try all again' }).click();
  await page.getByRole('tabpanel').getByText('No record is set aside.').waitFor();
  await headline(page, /^Contact Current/);
  // The sync tries again by itself, too, and may have been faster: the browser writes that answer down.
  const tooLate = /404 .*\/set-aside\/retry$/;
  assert.deepEqual(
    complaints.filter((text) => !tooLate.test(text)),
    [],
  );
});

test('a sign-in that Salesforce refuses is an alert with the way to a new one, and ends by itself when it works', async () => {
  const { page } = await openOverview();
  const refused = await armFault(org, {
    match: { path: '/services/oauth2/token' },
    times: null,
    effect: { answer: 'INVALID_GRANT' },
  });
  await org.control('/signIn/expireTokens', { user: 'integration' });
  await headline(page, /^Sign-in needed since/);
  const alert = page.getByRole('alert').filter({ hasText: 'Sign-in needed' });
  await alert.getByRole('link', { name: 'SF-01 explained' }).waitFor();
  await alert.getByText('Next:').waitFor();
  assert.equal(
    await alert.getByRole('link', { name: 'Sign in again' }).getAttribute('href'),
    `/syncs/${harness.sync.id}/settings`,
  );
  assert.equal(await icon(page), '/icon-stopped.svg');
  await lookAt(page, 'on-call-sign-in');
  await refused.end();
  await changeSettings(harness.control.control, harness.sync.id, {}); // tried again at once
  await headline(page, /^Live/);
  assert.equal(await page.getByRole('alert').count(), 0);
});

test('a paused sync says since when its tables are as they are, and goes on at one press', async () => {
  const { page } = await openOverview();
  await changeSettings(harness.control.control, harness.sync.id, { paused: true });
  await headline(page, /^Paused: the mirror stays as it is\. The tables show Salesforce as of/);
  await lookAt(page, 'on-call-paused');
  await needs(page).getByRole('button', { name: 'Resume' }).click();
  await headline(page, /^Live/);
});
