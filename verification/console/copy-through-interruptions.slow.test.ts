/** A backfill that is interrupted in turn by the org's quota, by its sign-in and by the database, and goes on each time. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { ident, sql } from '@lockstep/foundation/sql';
import { checkAxe, screenshot } from '@lockstep/harness/browser';
import { openConsole } from '@lockstep/harness/console';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';

const cutPages = (rows: number) =>
  Promise.all(
    ['Account', 'Contact'].map((sobject) => harness.org.control('/queries/cut', { sobject, rows: [rows] })),
  );

const harness = await openEndToEndHarness({
  org: { records: 3_000 },
  sobjects: ['Account', 'Contact'],
  intervalMs: 1_000,
});
after(() => harness[Symbol.asyncDispose]());
await cutPages(4); // so that it lasts however slow the browser is
const { org } = harness;
const { db } = harness.control.control;
const { api, signedIn, url } = await openConsole(harness);
const { page, context, complaints } = await signedIn({ width: 1_440 });
after(() => context.close());

const headline = (name: string | RegExp) =>
  page.getByRole('heading', { level: 1, name }).waitFor({ timeout: 30_000 });
const pill = (word: string) => page.getByRole('banner').getByText(word, { exact: true }).waitFor();
const bar = page.getByRole('progressbar', { name: 'Backfill of Account' });

interface Seen {
  pills: string[];
  rows: number[];
}

/** Runs in the page: notes each pill in its header and each count of Account. */
function watch(): void {
  const inPage = globalThis as unknown as {
    seen: Seen;
    document: {
      querySelector(name: string): { textContent: string; getAttribute(name: string): string | null } | null;
    };
  };
  const { document } = inPage;
  const seen: Seen = { pills: [], rows: [] };
  inPage.seen = seen;
  setInterval(() => {
    const word = document.querySelector('header [data-family]')?.textContent;
    if (word !== undefined && word !== seen.pills.at(-1)) seen.pills.push(word);
    const says = document.querySelector('[aria-label="Backfill of Account"]')?.getAttribute('aria-valuetext');
    const rows = /([\d,]+) of about/.exec(says ?? '')?.[1]?.replaceAll(',', '');
    if (rows !== undefined && Number(rows) !== seen.rows.at(-1)) seen.rows.push(Number(rows));
  }, 50);
}
const seen = () => page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen);

/** Until the page has seen this many more counts. */
async function untilGrown(times = 2): Promise<void> {
  const { length } = (await seen()).rows;
  for (let tries = 0; (await seen()).rows.length < length + times; tries++) {
    assert.ok(tries < 300, 'the copy goes on');
    await systemClock.sleep(100);
  }
}

/** A wait is shown once it has lasted 15 s. This one began earlier. */
async function letItLast(code: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const aged = await db.query(sql`
      UPDATE lockstep.sync_problem SET since = since - interval '15 s'
       WHERE sync_id = ${harness.sync.id} AND code = ${code} RETURNING code`);
    if (aged.length > 0) return;
    await systemClock.sleep(100);
  }
  assert.fail(`${code} did not begin`);
}

test('a request that is lost and sent again changes nothing on the page but the counts', async () => {
  await page.goto(`${url}/syncs/${harness.sync.id}`);
  await page.evaluate(watch);
  harness.startWorker();
  await bar.waitFor();
  await untilGrown();
  const lost = await armFault(org, { match: { path: '*/composite' }, effect: { reset: 'before' } });
  await lost.untilFired();
  await untilGrown();
  const { pills } = await seen();
  assert.deepEqual(pills.slice(pills.indexOf('Backfill')), ['Backfill'], pills.join());
});

test('at 91 % of the quota sentence, pill and chart agree and name a time, and it goes on by itself', async () => {
  await org.control('/limits', { dailyUsed: 91_000 });
  await letItLast('LIM-02');
  await headline(/^Waiting for API quota since \S+ .*next try in 1\d min/);
  await pill('Waiting for API quota');
  await page.getByRole('img', { name: /The org is at 91 %; reading stops at 90 %\.$/ }).waitFor();
  const row = page.getByRole('table', { name: 'Objects' }).getByRole('row').filter({ hasText: 'Account' });
  await row.getByText(/^Waiting for quota until \d\d:\d\d/).waitFor();
  assert.match((await bar.getAttribute('aria-valuetext')) ?? '', /time left: Waiting for quota until \d\d/);
  assert.doesNotMatch(await page.locator('body').innerText(), /Infinity|∞|NaN/);
  await checkAxe(page);
  await screenshot(page, 'quota-wait-light-1440');
  const passed = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Written meanwhile' });
  assert.equal(passed.status, 201, 'the proxy goes on');

  // As soon as an answer tells that there is room, be it one to an application.
  await org.control('/limits', { dailyUsed: 50_000 });
  assert.equal((await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Room' })).status, 201);
  await headline(/^Backfill/);
  await untilGrown();
});

test('a sign-in that is revoked is renewed in another window, and the copy goes on from its count', async () => {
  await org.control('/signIn/app', {
    clientId: 'console-app',
    flows: ['authorization_code'],
    redirectUris: [`http://localhost:${api().port}/oauth/callback`],
    scopes: ['api', 'refresh_token'],
  });
  const before = (await seen()).rows.at(-1) ?? 0;
  const revoked = await armFault(org, {
    match: { path: '/services/oauth2/token', contains: 'client_credentials' },
    times: null,
    effect: { answer: 'INVALID_GRANT' },
  });
  await org.control('/signIn/expireTokens', { user: 'integration' });
  await headline(/^Sign-in needed since/);
  await page.getByRole('alert').getByRole('link', { name: 'Sign in again' }).click();
  await page.getByRole('button', { name: 'Replace the credential' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Method').selectOption('Sign in with Salesforce');
  await dialog.getByLabel('Consumer key').fill('console-app');
  const [salesforce] = await Promise.all([
    context.waitForEvent('page'),
    dialog.getByRole('button', { name: 'Sign in at Salesforce' }).click(),
  ]);
  const { username, password } = org.credentials.demo;
  await salesforce.getByLabel('Username').fill(username);
  await salesforce.getByLabel('Password').fill(password);
  await salesforce.getByRole('button', { name: 'Log In' }).click();
  await salesforce.getByRole('button', { name: 'Allow' }).click();
  await page.getByText('The credential is replaced.').first().waitFor();
  await page.getByRole('link', { name: 'Overview' }).click();
  await headline(/^Backfill/);
  await untilGrown();
  const { rows } = await seen();
  assert.ok(
    rows.slice(-2).every((count) => count > before),
    rows.join(),
  );
  await revoked.end();
});

test('while the database is away the page is amber, not red, and afterwards everything has been copied', async () => {
  const { database } = harness.sync.destination;
  await db.query(sql`ALTER DATABASE ${ident(database)} ALLOW_CONNECTIONS false`);
  try {
    await db.query(
      sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ${database}`,
    );
    await letItLast('DB-02');
    await headline(/^Database not answering since/);
    await pill('Database not answering');
    assert.equal(await page.getByRole('banner').locator('[data-family="waiting"]').count(), 1);
    assert.equal(await page.locator('link[rel="icon"]').getAttribute('href'), '/icon-waiting.svg');
    await checkAxe(page);
    await screenshot(page, 'database-away-light-1440');
  } finally {
    await db.query(sql`ALTER DATABASE ${ident(database)} ALLOW_CONNECTIONS true`);
  }
  await headline(/^Backfill/);
  await cutPages(2_000);
  await headline(/^Live/);
  const { pills, rows } = await seen();
  assert.deepEqual(
    rows,
    rows.toSorted((a, b) => a - b),
    'no count went back',
  );
  const shown = pills.slice(pills.indexOf('Backfill')).filter((word) => word !== 'Catching up');
  const interruptions = ['Waiting for API quota', 'Sign-in needed', 'Database not answering'];
  assert.deepEqual(shown, [...interruptions.flatMap((word) => ['Backfill', word]), 'Backfill', 'Live']);
  const [row] = await harness.reader.query<{ rows: string }>(
    sql`SELECT count(*) AS rows FROM salesforce.account`,
  );
  assert.equal(Number(row?.rows), await harness.countInOrg('Account'));

  for (const code of ['LIM-02', 'SF-01', 'DB-02']) {
    await page.goto(`${url}/syncs/${harness.sync.id}/activity?code=${code}`);
    await page.locator('[data-entry]').filter({ hasText: code }).first().waitFor();
  }
  // Without a sign-in nobody can ask which versions the org has: the browser writes that answer down.
  assert.deepEqual(
    complaints.filter((text) => !/422 .*\/api-versions$/.test(text)),
    [],
  );
});
