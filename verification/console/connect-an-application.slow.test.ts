/** A person connects an application: makes a login, copies lines that work, and sees a measured write. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { checkAxe, isTooWide, screenshot } from '@lockstep/harness/browser';
import { openCli } from '@lockstep/harness/cli-process';
import { type ConsolePage, openConsoleOfSync } from '@lockstep/harness/console';
import { armFault } from '@lockstep/harness/injected-fault';

type Page = ConsolePage['page'];

const { signedIn, url, harness, api } = await openConsoleOfSync();
const connect = `${url}/syncs/${harness.sync.id}/connect`;
const undo = new AsyncDisposableStack();
after(() => undo.disposeAsync());
const cli = undo.use(await openCli());

const clipboard = (page: Page): Promise<string> =>
  page.evaluate(() =>
    (
      globalThis as unknown as { navigator: { clipboard: { readText(): Promise<string> } } }
    ).navigator.clipboard.readText(),
  );
const mayCopy = (context: ConsolePage['context']) =>
  context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
/** The text of the whole page, with what its fields hold. */
const source = (page: Page): Promise<string> => page.content();

test('who connects an application gets a line for psql that returns rows', async (t) => {
  const { page, context, complaints } = await signedIn();
  await mayCopy(context);
  await page.goto(connect);
  const read = page.getByRole('region', { name: 'Read with SQL' });
  await read.getByRole('button', { name: 'New login' }).click();
  const dialog = page.getByRole('dialog', { name: 'New login' });
  await dialog.getByRole('button', { name: 'Create login' }).click();
  await dialog.getByText('A name is needed.').waitFor();
  await dialog.getByRole('textbox').fill('billing');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'hidden' });
  await read.getByText('Shown only here').waitFor();

  const copy = read.getByRole('tabpanel').getByRole('button', { name: 'Copy', exact: true });
  await copy.click();
  assert.doesNotMatch(await clipboard(page), /PGPASSWORD/);
  await read.getByRole('checkbox', { name: 'Include password' }).check();
  await copy.waitFor();
  await copy.click();
  await read.getByRole('tabpanel').getByRole('button', { name: 'Copied' }).waitFor();
  const line = await clipboard(page);
  const [, password = ''] = /^PGPASSWORD='(\w+)' psql 'postgresql:/.exec(line) ?? [];
  assert.notEqual(password, '', line);
  assert.equal((await source(page)).includes(password), false, 'the page does not hold the password');
  if (spawnSync('psql', ['--version']).error) t.diagnostic('psql is not installed: the line was not run');
  else {
    const { code, stdout, stderr } = await cli.shell(line);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\b001\w{15}\b.*\n(.*\n)*\(5 rows\)/);
  }
  await checkAxe(page);
  await screenshot(page, 'connect-made');
  await read.getByRole('button', { name: 'Show', exact: true }).click();
  assert.equal((await source(page)).includes(password), true);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the keyboard alone chooses a snippet and copies it, and the address names it', async () => {
  const { page, context, complaints } = await signedIn();
  await mayCopy(context);
  await page.goto(connect);
  const write = page.getByRole('region', { name: 'Write through the proxy' });
  await write.getByRole('tab', { name: 'curl' }).focus();
  await page.keyboard.press('ArrowRight');
  await write.getByRole('tabpanel', { name: 'jsforce' }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('write'), 'jsforce');
  await page.keyboard.press('c');
  await write.getByRole('tabpanel').getByRole('button', { name: 'Copied' }).waitFor();
  const copied = await clipboard(page);
  assert.ok(copied.includes(`instanceUrl: '${harness.base}'`), copied);
  assert.match(copied, /update\(\{ Id: '001\w{15}', Description: /);

  await page.goto(`${connect}?object=Contact&read=metabase&write=go`);
  await page.getByText('Only these: salesforce').waitFor();
  await page.getByText(/sobjects\/Contact\/003\w{15}/).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('who tries a write sees how long it took and that SQL showed it, and no key stays', async () => {
  const { page, context, complaints } = await signedIn();
  await page.goto(connect);
  const trial = page.getByRole('region', { name: 'Try it' });
  const record = trial.getByRole('textbox', { name: 'Record Id' });
  await page.getByText(/sobjects\/Account\/001\w{15}/).waitFor();
  const id = await record.inputValue();
  assert.match(id, /^001\w{15}$/);
  const before = await harness.call('GET', `/services/data/v62.0/sobjects/Account/${id}?fields=Description`);

  await trial.getByRole('button', { name: 'Try it' }).click();
  const dialog = page.getByRole('dialog', { name: 'Write to Salesforce' });
  assert.equal(await dialog.getByText('What it costs').count(), 1);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await trial.getByRole('listitem').count(), 0, 'nothing is written without a confirmation');
  await trial.getByRole('button', { name: 'Try it' }).click();
  await dialog.getByRole('button', { name: 'Write to Salesforce' }).click();
  await trial.getByText(/^The write took \d+ ms, and SQL showed it before its answer came\./).waitFor();
  const steps = await trial.getByRole('listitem').allInnerTexts();
  assert.equal(steps.length, 4);
  assert.match(steps.join('\n'), /Write through the proxy\s+\d+ ms\s+204 · Lockstep-Applied: yes/);
  assert.equal(await trial.getByRole('img', { name: 'Ok' }).count(), 4);
  await checkAxe(page);
  await screenshot(page, 'connect-tried');
  const changed = await harness.call('GET', `/services/data/v62.0/sobjects/Account/${id}?fields=Description`);
  assert.equal(changed.text.replace(/"attributes".*?\},/, ''), before.text.replace(/"attributes".*?\},/, ''));
  const keys = await api().ask('GET', `/api/v1/syncs/${harness.sync.id}/proxy-keys`);
  assert.deepEqual(keys.body.items, []);

  await trial.getByRole('radio', { name: 'Your own token' }).check();
  await trial.getByRole('button', { name: 'Try it' }).click();
  await trial.getByText('A token is needed.').waitFor();
  await trial.getByLabel('Access token of Salesforce').fill(await harness.org.token('demo'));
  await record.fill('001000000000000AAA');
  await trial.getByRole('button', { name: 'Try it' }).click();
  await dialog.getByRole('button', { name: 'Write to Salesforce' }).click();
  await trial.getByText('It did not work: Read through the proxy.').waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('keys and logins are made, shown once, and taken back', async () => {
  const { page, context, complaints } = await signedIn();
  await page.goto(connect);
  const keys = page.getByRole('region', { name: 'Keys of the proxy' });
  await keys.getByText('No key yet.').waitFor();
  await keys.getByRole('button', { name: 'Make a key' }).click();
  const form = page.getByRole('dialog');
  await form.getByRole('textbox', { name: 'Name' }).fill('exports');
  await checkAxe(page);
  await screenshot(page, 'connect-new-key');
  await form.getByRole('button', { name: 'Make the key' }).click();
  await form.getByText('nothing stores it').waitFor();
  await page.keyboard.press('Escape'); // what is shown once is not lost by that
  assert.doesNotMatch(await source(page), /lsp_/);
  await form.getByRole('button', { name: 'Show' }).click();
  await form.getByText(/^lsp_/).waitFor();
  await form.getByRole('button', { name: 'I have stored it' }).click();
  await keys.getByRole('button', { name: 'Revoke exports' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke exports' }).click();
  await keys.getByText('No key yet.').waitFor();

  const { body } = await api().ask('POST', `/api/v1/syncs/${harness.sync.id}/readers`, { name: 'old' });
  const reads = async () => {
    const reader = openDatabase({ url: String(body.mirror_url), applicationName: 'old', connectionsMax: 1 });
    try {
      await reader.query(sql`SELECT 1`);
      return true;
    } catch {
      return false;
    } finally {
      await reader.end();
    }
  };
  assert.equal(await reads(), true);
  await page.reload();
  const logins = page.getByRole('region', { name: 'Logins', exact: true });
  await logins.getByRole('button', { name: 'Drop login old' }).click();
  const drop = page.getByRole('dialog', { name: 'Drop login old' });
  await drop.getByText('its sessions end').waitFor();
  await drop.getByRole('button', { name: 'Drop login old' }).click();
  await drop.waitFor({ state: 'hidden' });
  await logins.getByRole('row').filter({ hasText: 'old' }).waitFor({ state: 'hidden' });
  assert.equal(await reads(), false);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('where a page has no clipboard the old way copies, and where nothing does the text is selected', async () => {
  const { page, context, complaints } = await signedIn();
  // As over plain http, at any name but localhost.
  await context.addInitScript(`
    Object.defineProperty(globalThis, 'isSecureContext', { value: false });
    Object.defineProperty(navigator, 'clipboard', { value: undefined });`);
  await page.goto(`${connect}?write=curl`);
  const panel = page.getByRole('region', { name: 'Write through the proxy' }).getByRole('tabpanel');
  await panel.getByText(/sobjects\/Account\/001\w{15}/).waitFor();
  await panel.getByRole('button', { name: 'Copy', exact: true }).click();
  await panel.getByRole('button', { name: 'Copied' }).waitFor();
  const field = page.getByRole('textbox', { name: 'Record Id' });
  await field.fill('');
  await page.keyboard.press('ControlOrMeta+V');
  const line = (await panel.locator('code').innerText()).replaceAll(/\s+/g, '');
  assert.equal((await field.inputValue()).replaceAll(/\s+/g, ''), line);

  await page.evaluate('document.execCommand = () => false');
  await panel.getByRole('button', { name: 'Copy', exact: true }).click();
  await panel.getByRole('button', { name: 'Press Ctrl+C to copy' }).waitFor();
  assert.equal(String(await page.evaluate('String(getSelection())')).replaceAll(/\s+/g, ''), line);
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [360, 1024, 1440])
    test(`the connect page is accessible and fits, ${colorScheme}, ${width} px wide`, async () => {
      const { page, context, complaints } = await signedIn({ colorScheme, width });
      for (const [name, query] of [
        ['connect', ''],
        ['connect-form', '?read=metabase&write=simple-salesforce'],
      ] as const) {
        await page.goto(`${connect}${query}`);
        await page
          .getByText(/\b001\w{15}\b/)
          .first()
          .waitFor();
        await checkAxe(page);
        await screenshot(page, `${name}-${colorScheme}-${width}`);
        assert.equal(await isTooWide(page), false);
      }
      assert.deepEqual(complaints, []);
      await context.close();
    });

test('while the database is away its fault stands above the snippets, which stay', async () => {
  const { page, context } = await signedIn({ width: 1024 });
  const { db } = harness.control.control;
  const { database } = harness.sync.destination;
  const fault = page.getByRole('main').getByRole('link', { name: /^DB-\d\d$/ });
  await page.goto(connect);
  await page.getByRole('tabpanel', { name: 'psql' }).waitFor();
  await db.query(sql`ALTER DATABASE ${ident(database)} ALLOW_CONNECTIONS false`);
  try {
    await db.query(sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${database}`);
    await fault.waitFor();
    await page.getByRole('tabpanel', { name: 'psql' }).getByText('postgresql://').waitFor();
    await page.getByRole('tabpanel', { name: 'curl' }).getByText('Authorization: Bearer').waitFor();
    await checkAxe(page);
    await screenshot(page, 'connect-away');
  } finally {
    await db.query(sql`ALTER DATABASE ${ident(database)} ALLOW_CONNECTIONS true`);
  }
  await fault.waitFor({ state: 'hidden' });
  await context.close();
});

test('a database that goes away in the middle of a trial leaves the record as it was, and the page says how far it came', async () => {
  const { page, context } = await signedIn({ width: 1024 });
  const { db } = harness.control.control;
  const { database } = harness.sync.destination;
  await page.goto(connect);
  const trial = page.getByRole('region', { name: 'Try it' });
  await page.getByText(/sobjects\/Account\/001\w{15}/).waitFor();
  const id = await trial.getByRole('textbox', { name: 'Record Id' }).inputValue();
  const path = `/services/data/v62.0/sobjects/Account/${id}?fields=Description`;
  const before = await harness.call('GET', path);
  const slow = await armFault(harness.org, { match: { method: 'PATCH' }, effect: { delayAnswerMs: 1_500 } });
  await trial.getByRole('button', { name: 'Try it' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Write to Salesforce' }).click();
  await slow.untilFired();
  await db.query(sql`ALTER DATABASE ${ident(database)} ALLOW_CONNECTIONS false`);
  try {
    await db.query(sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${database}`);
    await trial.getByText('Salesforce has accepted the write; the mirror does not show it yet.').waitFor();
    await trial
      .getByText(/^204 · Lockstep-Applied: pending · the answer came before the mirror showed the write/)
      .waitFor();
    await screenshot(page, 'connect-trial-interrupted');
  } finally {
    await db.query(sql`ALTER DATABASE ${ident(database)} ALLOW_CONNECTIONS true`);
  }
  const afterwards = await harness.call('GET', path);
  assert.equal(afterwards.text, before.text);
  const keys = await api().ask('GET', `/api/v1/syncs/${harness.sync.id}/proxy-keys`);
  assert.deepEqual(keys.body.items, []);
  await context.close();
});
