/** The wizard that makes a sync, where there is one already. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSyncOf } from '@lockstep/harness/api-harness';
import { checkAxe, isTooWide, type Page, screenshot } from '@lockstep/harness/browser';
import { fill, heading, next, openFirstStart, untilRows } from '@lockstep/harness/first-start';
import { tabTo } from '@lockstep/harness/keyboard';

const { org, server, accepted, setupLink, openWindow, untilConnected, url, password } =
  await openFirstStart();
const { clientId, clientSecret } = org.credentials.integration;
await accepted('POST', '/api/v1/syncs', newSyncOf(org, { name: 'Acme' }));

test('of two who open the link of the first start at once one becomes the administrator, the other is told', async () => {
  const link = await setupLink();
  const windows = [await openWindow(), await openWindow()];
  const pages = windows.map(({ page }) => page);
  for (const page of pages) {
    await page.goto(link);
    await fill(page, 'Choose a password', password);
  }
  await Promise.all(pages.map((page) => page.keyboard.press('Enter')));
  const ends = pages.map(async (page) => {
    const isTold = page.getByRole('alert').getByText('Set-up is finished');
    await page.getByRole('button', { name: 'Sign out' }).or(isTold).waitFor();
    return isTold.isVisible();
  });
  const areTold = await Promise.all(ends);
  assert.equal(areTold.filter((isTold) => isTold).length, 1);
  const late = pages[areTold.indexOf(true)];
  assert.ok(late);
  await late.getByText('if it was made a moment ago, somebody else was faster').waitFor();
  await late.getByRole('alert').getByRole('link', { name: 'Sign in' }).click();
  await heading(late, 'Sign in');
  for (const { context } of windows) await context.close();
});

/** Fills the wizard's first step in by keys alone, and makes the app in Salesforce as it says. */
async function enterJwt(page: Page): Promise<void> {
  await tabTo(page, 'Address of the org');
  await page.keyboard.type(org.url);
  await tabTo(page, /^Sign in with Salesforce/);
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.getByRole('radio', { name: 'JWT bearer' }).isChecked(), true);
  await tabTo(page, 'Consumer key');
  await page.keyboard.type('jwt-app');
  await tabTo(page, 'User name');
  await page.keyboard.type(org.credentials.integration.username);
  await tabTo(page, 'Make a key pair');
  await page.keyboard.press('Enter');
  await tabTo(page, 'The certificate, for the app in Salesforce');
  await page.keyboard.press('Enter');
  const certificatePem = await page
    .getByRole('figure', { name: 'The certificate, for the app in Salesforce' })
    .locator('code')
    .textContent();
  await org.control('/signIn/app', {
    clientId: 'jwt-app',
    flows: ['jwt_bearer'],
    scopes: ['api'],
    approvedUsers: ['integration'],
    certificatePem,
  });
}

test('a second sync that signs in by JWT is made by keyboard alone, and the focus is always in sight', async () => {
  const { context, page } = await openWindow();
  await page.goto(`${url}/syncs/new/connect`);
  await heading(page, 'Sign in');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  await heading(page, 'Connect an org');

  await enterJwt(page);
  await tabTo(page, 'Test sign-in');
  await page.keyboard.press('Enter');
  await heading(page, 'What this user may do');
  await page.getByText('This org is already synced as Acme.').waitFor();
  await tabTo(page, 'Continue');
  await page.keyboard.press('Enter');

  await heading(page, 'Choose objects');
  await page.getByRole('checkbox', { name: 'Select Lead' }).waitFor();
  await tabTo(page, 'Select Lead');
  await page.keyboard.press('Space');
  await tabTo(page, 'Fields of Opportunity');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Fields of Opportunity' });
  await dialog.getByRole('checkbox', { name: 'Description' }).waitFor();
  await tabTo(page, /^Description Description/);
  await page.keyboard.press('Space');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await page.getByText(/^5 objects, about [\d,]+ records, \d+ columns$/).waitFor();
  await page.getByText('1 field left out').waitFor();
  await tabTo(page, 'Continue');
  await page.keyboard.press('Enter');

  await heading(page, 'How often it asks');
  await tabTo(page, 'One request every … seconds');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('1');
  await page.getByText('86,400 (86 %)').waitFor();
  await page.getByText(/^That is 86 % of what the org allows/).waitFor();
  await tabTo(page, 'Continue');
  await page.keyboard.press('Enter');
  await heading(page, 'Where the tables are');
  await tabTo(page, 'Continue');
  await page.keyboard.press('Enter');

  await heading(page, 'Review and start');
  await page.getByText('A sync named "Acme" already exists').first().waitFor();
  await tabTo(page, 'Name of the sync');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('second');
  await page.getByText(/^All of it will do\. 5 tables/).waitFor();
  await tabTo(page, 'Start the sync');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Overview' }).waitFor();
  await untilRows(page, 'Account');
  const { body } = await server.ask('GET', '/api/v1/syncs/second');
  assert.deepEqual([body.interval_ms, body.fields_left_out], [1_000, ['Opportunity.Description']]);
  await context.close();
});

test('a reload keeps the answers without the secrets, and opens no step before its check', async () => {
  const { context, page } = await openWindow();
  await context.request.post(`${url}/api/v1/session`, { data: { password } });
  await page.goto(`${url}/syncs/new/review`);
  await heading(page, 'Connect an org');
  await untilConnected(page);
  await next(page);
  await page.getByRole('checkbox', { name: 'Select Lead' }).uncheck();
  await page.reload();
  await heading(page, 'Connect an org');
  await page.getByText('A reload keeps your answers, but not the secrets: enter them again.').waitFor();
  const [address, secret] = ['Address of the org', 'Consumer secret'].map((name) =>
    page.getByRole('textbox', { name }),
  );
  assert.deepEqual([await address?.inputValue(), await secret?.inputValue()], [org.url, '']);
  await page.getByRole('button', { name: 'Test sign-in' }).click();
  await page.getByRole('alert').getByText('Enter the consumer secret.').waitFor();
  await fill(page, 'Consumer secret', clientSecret);
  await page.keyboard.press('Enter');
  await heading(page, 'What this user may do');
  await next(page);
  await page.getByText(/^5 objects/).waitFor();
  assert.equal(await page.getByRole('checkbox', { name: 'Select Lead' }).isChecked(), false);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await heading(page, 'Sign in');
  assert.equal(await page.evaluate("sessionStorage.getItem('lockstep.new-sync')"), null);
  await context.close();
});

test('in an org with few requests the pace begins slower and says why, and one that cannot be kept goes no further', async (t) => {
  await org.control('/limits', { dailyMax: 15_000 });
  const { context, page } = await openWindow();
  await context.request.post(`${url}/api/v1/session`, { data: { password } });
  await page.goto(`${url}/syncs/new/connect`);
  await untilConnected(page);
  await next(page);
  await page.getByText(/^6 objects, .* columns$/).waitFor();
  await next(page);
  await heading(page, 'How often it asks');
  const every = page.getByRole('textbox', { name: 'One request every … seconds' });
  assert.equal(await every.inputValue(), '12');
  await page
    .getByText(
      "One request every 3 s would use 192 % of this org's daily limit, so it is set to one every 12 s.",
    )
    .waitFor();
  await page.getByText('7,200 (48 %)').waitFor();
  const proceed = page.getByRole('button', { name: 'Continue' });
  assert.equal(await proceed.isEnabled(), true);
  const from = performance.now();
  await every.fill('1');
  await page.getByText('86,400 (576 %)').waitFor();
  t.diagnostic(`from a key to the figures: ${Math.round(performance.now() - from)} ms`);
  await page.getByText(/^That is 576 % .* the sync would stop each day before its end\./).waitFor();
  assert.equal(await page.getByRole('textbox', { name: '= requests a day' }).inputValue(), '86400');
  assert.equal(await proceed.isDisabled(), true);
  await page.getByRole('button', { name: 'Slower' }).click();
  await page.getByText('43,200 (288 %)').waitFor();
  await org.control('/limits', { dailyMax: 100_000 });
  await context.close();
});

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [360, 1024, 1440])
    test(`each step is accessible and fits, ${colorScheme}, ${width} px wide`, async () => {
      const { context, page } = await openWindow({ colorScheme, width });
      const look = async (name: string) => {
        await checkAxe(page);
        await page.evaluate('scrollTo(0, 0)');
        await screenshot(page, `${name}-${colorScheme}-${width}`);
        assert.equal(await isTooWide(page), false, `${name} scrolls sideways`);
      };
      await page.goto(`${url}/sign-in`);
      await heading(page, 'Sign in');
      await look('sign-in');
      await fill(page, 'Password', password);
      await page.keyboard.press('Enter');
      await heading(page, 'All syncs');
      await page.getByText('second').waitFor();
      await look('syncs');
      await page.goto(`${url}/syncs/new/connect`);
      await heading(page, 'Connect an org');
      await page.getByText('Create the app in Salesforce (4 min)').click();
      await page.getByRole('radio', { name: 'JWT bearer' }).check();
      await look('wizard-connect-jwt');
      await page.getByRole('radio', { name: 'Client credentials' }).check();
      await fill(page, 'Consumer key', clientId);
      await fill(page, 'Consumer secret', 'wrong');
      await fill(page, 'Address of the org', org.url);
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('SF-07').waitFor();
      await look('wizard-connect-refused');
      await untilConnected(page);
      await look('wizard-check');
      await next(page);
      await page.getByText(/^6 objects, .* columns$/).waitFor();
      await look('wizard-objects');
      await page.getByRole('button', { name: 'Fields of Account' }).click();
      await page.getByRole('dialog').getByRole('checkbox').first().waitFor();
      await look('wizard-fields');
      await page.keyboard.press('Escape');
      await next(page);
      await heading(page, 'How often it asks');
      await look('wizard-budget');
      await next(page);
      await heading(page, 'Where the tables are');
      await page.getByRole('radio', { name: 'A database that you own' }).check();
      await fill(page, 'Host', 'localhost');
      await fill(page, 'Database', 'crm');
      await page.getByRole('button', { name: 'Write the SQL' }).click();
      await page.getByText('CREATE ROLE').first().waitFor();
      await page.getByRole('button', { name: 'Test the database' }).click();
      await page.getByText('Repair what has failed, then check again.').waitFor();
      await look('wizard-destination');
      await page.getByRole('radio', { name: 'A private database' }).check();
      await next(page);
      await fill(page, 'Name of the sync', 'third');
      await page.getByText(/^All of it will do/).waitFor();
      await look('wizard-review');
      await context.close();
    });
