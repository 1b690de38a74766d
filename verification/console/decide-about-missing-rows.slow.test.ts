/** Many records vanish at once. Nothing is deleted until somebody has understood the question and has decided. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { openCli } from '@lockstep/harness/cli-process';
import { type ConsolePage, openConsoleOfSync } from '@lockstep/harness/console';

type Page = ConsolePage['page'];

const { api, signedIn, url, harness } = await openConsoleOfSync({ org: { records: 1_000 } });
const place = `${url}/syncs/${harness.sync.id}`;
const cli = await openCli(api().environment);
after(() => cli[Symbol.asyncDispose]());

async function rowsOf(object: string): Promise<number> {
  const [row] = await harness.reader.query<{ rows: string }>(
    sql`SELECT count(*) AS rows FROM ${ident('salesforce', object.toLowerCase())}`,
  );
  return Number(row?.rows);
}

/** Takes records from the sync's sight, as a lost permission does, and has the object compared on its page. */
async function vanish(
  page: Page,
  object: string,
  share: number,
): Promise<{ before: number; hidden: number }> {
  const before = await rowsOf(object);
  const { hidden } = await harness.org.control<{ hidden: number }>('/records/hide', {
    user: 'integration',
    sobject: object,
    share,
  });
  await page.goto(`${place}/objects/${object}`);
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.getByRole('menuitem', { name: 'Ids' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: `Compare the Ids of ${object}` })
    .click();
  await page.getByRole('heading', { level: 1, name: `${object} Rows missing` }).waitFor();
  assert.equal(await rowsOf(object), before, 'nothing is removed');
  return { before, hidden };
}

/** What the same sync is by the command line. */
async function byCommand(): Promise<{ state_word: string; headline: string; missing: number }> {
  const { stdout } = await cli.run(['status', '--json']);
  const { items } = JSON.parse(stdout) as {
    items: { state_word: string; headline: string; objects: { missing_rows: number }[] }[];
  };
  const [sync] = items;
  assert.ok(sync, stdout);
  return { ...sync, missing: sync.objects.reduce((sum, one) => sum + one.missing_rows, 0) };
}

/** The newest first. */
async function activityOf(page: Page, object: string): Promise<string[]> {
  await page.goto(`${place}/activity?object=${object}`);
  await page.getByText(/These are all\.$/).waitFor();
  return page.locator('[data-entry]').allInnerTexts();
}

test('10 % of the Contacts vanish: the question says what has happened, and who keeps them loses none', async () => {
  const { page, context, complaints } = await signedIn({ width: 1_440 });
  after(() => context.close());
  const { before, hidden } = await vanish(page, 'Contact', 0.1);
  const told = `${hidden} rows of Contact are no longer visible in Salesforce`;

  await page.goto(place);
  await page.getByRole('heading', { level: 1, name: `Partly working: ${told}` }).waitFor();
  const { state_word: word, headline, missing } = await byCommand();
  assert.deepEqual([word, missing], ['Partly working', hidden]);
  assert.ok(headline.includes(told), headline);
  const needs = page.getByRole('region', { name: 'What needs you' });
  await needs.getByRole('link', { name: 'PERM-05 explained' }).waitFor();
  await needs.getByRole('link', { name: 'Decide about the rows' }).click();
  await page.getByText(told).waitFor();
  await page.getByText(/^None was removed\. Usual causes: a lost permission, a sharing rule,/).waitFor();
  for (const [colorScheme, width] of [
    ['dark', 360],
    ['light', 1_440],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await checkAxe(page);
    await screenshot(page, `rows-missing-${colorScheme}-${width}`);
    assert.equal(await isTooWide(page), false);
  }

  await page.getByRole('button', { name: 'Keep all rows and go on' }).click();
  const dialog = page.getByRole('dialog', { name: `Keep ${hidden} rows` });
  await dialog.getByText('The rows stay, marked as no longer visible, and reading goes on.').waitFor();
  await checkAxe(page);
  await screenshot(page, 'rows-missing-keep');
  await dialog.getByRole('button', { name: `Keep ${hidden} rows` }).click();
  await page.getByRole('heading', { level: 1, name: 'Contact Current' }).waitFor();
  await page.getByText('All rows are kept.', { exact: true }).waitFor();
  assert.equal(await rowsOf('Contact'), before);

  const entries = await activityOf(page, 'Contact');
  const vanished = entries.findIndex((text) =>
    text.includes(`${hidden} rows no longer visible in Salesforce`),
  );
  const decided = entries.findIndex((text) => text.includes('missing rows are kept (by administrator)'));
  assert.ok(decided >= 0 && vanished > decided, entries.join('\n'));
  assert.deepEqual(complaints, []);
});

test('who finds that the Accounts were deleted removes them by typing how many, and no others', async () => {
  const { page, context, complaints } = await signedIn({ width: 1_440 });
  after(() => context.close());
  const { before, hidden } = await vanish(page, 'Account', 0.2);
  await page.getByRole('button', { name: `They were deleted: remove ${hidden} rows` }).click();
  const dialog = page.getByRole('dialog', { name: `Remove ${hidden} rows` });
  const remove = dialog.getByRole('button', { name: `Remove ${hidden} rows` });
  await dialog.getByText('All other rows. Salesforce is not changed.').waitFor();
  assert.equal(await remove.isDisabled(), true);
  await dialog.getByRole('textbox').fill(String(hidden));
  await remove.click();
  await page.getByRole('heading', { level: 1, name: 'Account Current' }).waitFor();
  await page.getByText('The rows are removed with the next reading.', { exact: true }).waitFor();
  await harness.until(sql`SELECT count(*) = ${before - hidden} FROM salesforce.account`, 'the rows are gone');
  const entries = await activityOf(page, 'Account');
  assert.ok(
    entries.some((text) => text.includes('missing rows are removed (by administrator)')),
    entries.join('\n'),
  );
  assert.equal((await byCommand()).missing, 0);
  assert.deepEqual(complaints, []);
});
