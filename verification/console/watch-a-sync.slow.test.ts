/** Somebody keeps the overview open: copies, changes of fields, and a thousand objects. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { checkAxe, screenshot } from '@lockstep/harness/browser';
import { type ConsolePage, openConsole, openConsoleOfSync } from '@lockstep/harness/console';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { addStreams } from 'lockstep/control';

type Page = ConsolePage['page'];

const rowOf = (page: Page, name: string) =>
  page.getByRole('table', { name: 'Objects' }).getByRole('row').filter({ hasText: name });

test('who watches a backfill sees each page arrive, how it is read, and the time left', async () => {
  const harness = await openEndToEndHarness({
    org: { records: 3_000 },
    sobjects: ['Account', 'Contact'],
    intervalMs: 1_000,
    prepare: async (org) => {
      for (const [sobject, rows] of Object.entries({ Account: 30, Contact: 40 }))
        await org.control('/queries/cut', { sobject, rows: [rows] });
    },
  });
  after(() => harness[Symbol.asyncDispose]());
  const { signedIn, url } = await openConsole(harness);
  const { page, complaints, context } = await signedIn({ width: 1_440 });
  after(() => context.close());
  await page.goto(`${url}/syncs/${harness.sync.id}`);
  await page.getByRole('heading', { level: 1, name: /^Not running/ }).waitFor();
  harness.startWorker();
  await page.getByRole('heading', { level: 1, name: /^Backfill/ }).waitFor();
  const account = rowOf(page, 'Account');
  const bar = account.getByRole('progressbar', { name: 'Backfill of Account' });
  await bar.waitFor();
  await account.getByText('REST').waitFor();
  await account.getByText(/Measuring|Counting/).waitFor();
  await page.getByText('Nothing needs you: it goes on by itself.').waitFor();
  const seen = new Set<number>();
  const percents: number[] = [];
  while (await bar.isVisible()) {
    const text = (await bar.getAttribute('aria-valuetext', { timeout: 500 }).catch(() => null)) ?? '';
    const [, percent, rows] = /^([\d.]+) %, ([\d,]+) of about [\d,]+ records/.exec(text) ?? [];
    if (rows !== undefined) seen.add(Number(rows.replace(/,/g, '')));
    if (percent !== undefined) percents.push(Number(percent));
    if (seen.size === 3) {
      await checkAxe(page);
      for (const width of [360, 1_024, 1_440]) await lookAt(page, `backfill-light-${width}`, width);
      seen.add(-1);
    }
    await page.waitForTimeout(100);
  }
  const counts = [...seen].filter((rows) => rows >= 0);
  assert.ok(counts.length >= 4, `${counts.join()} are the counts that were seen`);
  assert.deepEqual(
    percents,
    percents.toSorted((a, b) => a - b),
    'it never goes back',
  );
  await account.getByText('Current').waitFor();
  await page.getByRole('heading', { level: 1, name: /^Live/ }).waitFor();
  await page.getByText('Nothing needs you.', { exact: true }).waitFor();

  await page.goto(`${url}/syncs`);
  const inList = page.getByRole('table', { name: 'Syncs' }).getByRole('row').filter({ hasText: 'harness' });
  const [behind, quota] = [inList.getByText(/^\d+ s$/), inList.getByText(/^[\d.]+ %$/)];
  for (const figure of [behind, quota]) await figure.waitFor();
  assert.deepEqual(complaints, []);
});

async function lookAt(page: Page, name: string, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await screenshot(page, name);
}

const live = await openConsoleOfSync();
const overview = `${live.url}/syncs/${live.harness.sync.id}`;

test('while figures change for ten seconds nothing on the page moves', async () => {
  for (const width of [360, 1_280]) {
    const { page, context } = await live.signedIn({ width });
    await page.goto(overview);
    await page.locator('[data-live="live"]').waitFor();
    await page.getByText(/Salesforce’s counts are its own estimate/).waitFor();
    await page.waitForTimeout(1_500); // the chart loads
    await page.evaluate(watchShifts);
    for (let second = 0; second < 10; second++) {
      await live.harness.call('POST', `${dataPath}/sobjects/Account`, { Name: `Moving ${width} ${second}` });
      await page.waitForTimeout(1_000);
    }
    const shift = await page.evaluate(() => (globalThis as unknown as { shift: Shift }).shift);
    assert.ok(shift.sum < 0.01, `${width} px: ${shift.sum} by ${shift.places.join('; ')}`);
    await context.close();
  }
});

interface Shift {
  sum: number;
  places: string[];
}

/** Runs in the page. */
function watchShifts(): void {
  const page = globalThis as unknown as { shift: Shift; document: object };
  page.shift = { sum: 0, places: [] };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as {
      value: number;
      sources: { node: { outerHTML?: string } | null }[];
    }[]) {
      page.shift.sum += entry.value;
      for (const { node } of entry.sources) page.shift.places.push((node?.outerHTML ?? '').slice(0, 200));
    }
  });
  observer.observe({ type: 'layout-shift' } as never);
}

test('a field that somebody adds in Salesforce appears on the page that is open, with what was done about it', async () => {
  const { page, context, complaints } = await live.signedIn({ width: 1_440 });
  after(() => context.close());
  await page.goto(overview);
  await page.locator('[data-live="live"]').waitFor();
  await page.getByText('No object or field has changed in 30 days.').waitFor();
  await live.harness.org.control('/fields/create', {
    sobject: 'Account',
    field: { name: 'Region__c', type: 'string', length: 40 },
  });
  const changes = page.getByRole('region', { name: 'Schema changes' });
  // Descriptions are asked for about once a minute.
  await changes.getByText('Account: field added (Region__c)').waitFor({ timeout: 90_000 });
  await changes.getByText('A column was made, and is filled: all records are read again.').waitFor();
  await page.getByRole('link', { name: 'Account', exact: true }).click();
  await page.getByRole('tab', { name: 'Schema changes' }).click();
  await page.getByRole('cell', { name: 'Account: field added (Region__c)' }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('tab'), 'schema');
  await page.getByRole('tab', { name: 'Columns' }).click();
  await page.getByRole('row').filter({ hasText: 'region__c' }).getByText('Mirrored').waitFor();
  assert.deepEqual(complaints, []);
});

test('a thousand objects: few of them are in the page, and a filter finds one at once', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  await makeThousand(harness);
  const opened = await openConsole(harness);
  const { page, context }: ConsolePage = await opened.signedIn();
  await page.goto(`${opened.url}/syncs/${harness.sync.id}/objects`);
  await page.getByRole('heading', { level: 2, name: 'All objects (1,000)' }).waitFor();
  const rows = page.getByRole('table', { name: 'Objects' }).locator('tbody tr:not([aria-hidden])');
  await rows.first().waitFor();
  const countRows = async () => {
    const count = await rows.count();
    assert.ok(count > 5 && count <= 60, `${count} rows are in the page`);
  };
  await countRows();
  await page.mouse.wheel(0, 20_000);
  await page.waitForTimeout(300);
  await countRows();
  await page.keyboard.press('/');
  await page.keyboard.type('Object_777__c');
  await page.getByText('1 row of 1,000').waitFor();
  await page.getByRole('link', { name: 'Object_777__c' }).waitFor();
  await page.goto(`${opened.url}/syncs/${harness.sync.id}`);
  await page.getByRole('link', { name: 'All 1,000 objects' }).waitFor();
  assert.equal(await page.getByRole('table', { name: 'Objects' }).locator('tbody tr').count(), 12);
  await context.close();
});

/** A sync with 999 further objects, as they are before anything of them has been read. Nobody runs it. */
async function makeThousand({ admin, control: { control }, sync }: EndToEndHarness): Promise<void> {
  const names = Array.from({ length: 999 }, (_, index) => `Object_${index + 1}__c`);
  await admin.query(sql`
    INSERT INTO _lockstep.checkpoint (sobject, table_name, replicateable)
    SELECT name, lower(name), true FROM unnest(${names}::text[]) AS name`);
  await addStreams(control, sync.id, names);
}
