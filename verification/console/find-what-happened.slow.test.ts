/** Who asks what has happened to an object finds it by filters, and passes the address on. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { type ConsolePage, openConsoleOfSync } from '@lockstep/harness/console';
import { type Activity, recordActivity } from 'lockstep/control';

const { api, signedIn, url, harness } = await openConsoleOfSync();
const screen = `${url}/syncs/${harness.sync.id}/activity`;
const { control } = harness.control;
const hourMs = 3_600_000;
const lastNight = new Date(Math.floor(Date.now() / hourMs) * hourMs - 9 * hourMs);

/** What happened last night: an entry that needed somebody among many that did not. */
async function haveANight(): Promise<void> {
  const facts: Activity[] = [
    { kind: 'problem', event: 'began', sobject: 'Account', detail: 'counts', code: 'DATA-03' },
    { kind: 'state', event: 'rows missing', sobject: 'Account', rows: 12_480 },
    ...Array.from(
      { length: 130 },
      (_, index): Activity => ({
        kind: 'schema',
        event: 'field hidden',
        sobject: 'Contact',
        detail: `Field_${index + 1}__c`,
      }),
    ),
  ];
  for (const fact of facts) {
    recordActivity(control, harness.sync.id, fact);
    await control.activity.flush();
  }
  await harness.control.database.db.query(
    sql`UPDATE lockstep.activity SET at = ${lastNight.toISOString()}::timestamptz + activity_id * interval '1 second'`,
  );
}
await haveANight();

/** As a field of the browser takes it, in this machine's zone. */
function fieldTime(at: Date): string {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

const entries = (page: ConsolePage['page']) => page.locator('[data-entry]');

test('who asks what needed somebody last night finds it, understands it, and passes the address on', async () => {
  const { page, context, complaints } = await signedIn({ width: 1440 });
  await page.goto(screen);
  await page.getByLabel('Object', { exact: true }).selectOption('Account');
  await page.getByLabel('From').fill(fieldTime(new Date(lastNight.getTime() - hourMs)));
  await page.getByLabel('To', { exact: true }).fill(fieldTime(new Date(lastNight.getTime() + hourMs)));
  await page.getByLabel('Only what needed somebody').check();
  await page.getByText('1 entry. These are all.').waitFor();
  await entries(page).getByRole('button', { name: 'Details' }).press('Enter');
  await page.getByRole('link', { name: 'Open Account' }).waitFor();
  await checkAxe(page);
  await screenshot(page, 'activity-open-light-1440');
  const address = page.url();
  assert.match(address, /only=needs-person/);

  const colleague = await signedIn({ colorScheme: 'dark', width: 360 });
  await colleague.page.goto(address);
  await colleague.page.getByText('1 entry. These are all.').waitFor();
  await colleague.page.getByText('12,480 rows no longer visible in Salesforce').waitFor();
  await colleague.page.getByRole('button', { name: 'Only Account' }).waitFor();
  await checkAxe(colleague.page);
  assert.equal(await isTooWide(colleague.page), false);
  await screenshot(colleague.page, 'activity-open-dark-360');
  await colleague.context.close();

  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByText('What happened', { exact: true }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('object'), null);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('an error is explained where it stands, and leads to all of its kind', async () => {
  const { page, context } = await signedIn();
  after(() => context.close());
  await page.goto(`${screen}?object=Account&kind=problem`);
  await entries(page).getByRole('button', { name: 'Details' }).first().click();
  await page.getByText('What to do:').waitFor();
  await page.getByRole('button', { name: 'Only DATA-03' }).click();
  await page.getByLabel('Code').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('code'), 'DATA-03');
  await page.getByRole('link', { name: 'DATA-03' }).first().click();
  await page.getByRole('heading', { level: 1, name: /^DATA-03: / }).waitFor();
});

test('older entries come on demand, and of many only those in sight are in the page', async () => {
  const { page, context } = await signedIn();
  after(() => context.close());
  await page.goto(`${screen}?object=Contact&kind=schema`);
  for (const shown of [50, 100]) {
    const older = page.getByRole('button', { name: 'Show older entries' });
    await page.locator(`[aria-rowcount="${shown + 1}"]`).waitFor();
    await older.click();
  }
  await page.getByText('130 entries. These are all.').waitFor();
  assert.ok((await entries(page).count()) < 100, 'rows out of sight are not in the page');
  await page.keyboard.press('End');
  await page.getByText('Contact: field hidden (Field_1__c)').waitFor();
});

test('new entries wait behind a button, so that no row moves under the pointer', async () => {
  const { page, context } = await signedIn();
  after(() => context.close());
  await page.goto(screen);
  await page.locator('[data-live="live"]').waitFor();
  const first = await entries(page).first().getAttribute('data-entry');
  const { status } = await api().ask('PATCH', `/api/v1/syncs/${harness.sync.id}`, { paused: true });
  assert.equal(status, 200);
  const button = page.getByRole('button', { name: /^\d+ new entr(y|ies)$/ });
  await button.waitFor();
  assert.equal(await entries(page).first().getAttribute('data-entry'), first);
  await button.click();
  await entries(page).filter({ hasText: 'The sync is paused' }).first().waitFor();
  assert.notEqual(await entries(page).first().getAttribute('data-entry'), first);
  await api().ask('PATCH', `/api/v1/syncs/${harness.sync.id}`, { paused: false });
});
