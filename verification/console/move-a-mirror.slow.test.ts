/** Who has moved the database of a mirror tells Lockstep where it is now. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { checkAxe, screenshot } from '@lockstep/harness/browser';
import { openConsoleOfSync } from '@lockstep/harness/console';
import { testServerUrl } from '@lockstep/harness/database';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { givenDestination } from 'lockstep/operations/given-destination';

const undo = new AsyncDisposableStack();
after(() => undo.disposeAsync());
const own = undo.use(await openOwnDatabase());
const { signedIn, url, harness } = await openConsoleOfSync({
  sobjects: ['Account'],
  destination: givenDestination({ ...own.form(), schema: 'salesforce', share_schema: false }),
});
const open = (address: string) => {
  const db = openDatabase({ url: address, applicationName: 'test', connectionsMax: 1 });
  undo.defer(() => db.end());
  return db;
};

test('a database that is at another address is tested first, then used, and the activity says who moved it', async () => {
  const { page, context, complaints } = await signedIn({ width: 1_440 });
  undo.defer(() => context.close());
  await page.goto(`${url}/syncs/${harness.sync.id}/settings`);
  await page.getByRole('button', { name: 'Move to another address' }).waitFor();

  // It is copied under another name, as a dump or a promoted replica would do, and the old one takes nobody any more.
  const admin = open(testServerUrl());
  const moved = `${own.name}_moved`;
  await admin.query(sql`ALTER DATABASE ${ident(own.name)} ALLOW_CONNECTIONS false`);
  await admin.query(
    sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ${own.name}`,
  );
  await admin.query(sql`CREATE DATABASE ${ident(moved)} TEMPLATE ${ident(own.name)}`);
  undo.defer(async () => void (await admin.query(sql`DROP DATABASE ${ident(moved)} WITH (FORCE)`)));
  const there = (address: string) => databaseUrl(address, { database: moved });

  await page.getByRole('button', { name: 'Move to another address' }).click();
  const dialog = page.getByRole('dialog', { name: 'Move to another address' });
  await dialog.getByLabel("Address with the writer's login").fill(there(own.url));
  await dialog.getByLabel("Address with the reader's login").fill(there(own.readerUrl));
  await dialog.getByRole('button', { name: 'Test' }).click();
  await dialog.getByText('Every test has passed. Nothing has been changed yet.').waitFor();
  await checkAxe(page);
  await screenshot(page, 'move-tested');
  await dialog.getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByText('The mirror is read and written at the new address.').first().waitFor();
  await page.getByText(`/${moved}`).first().waitFor();
  const { password } = new URL(own.url);
  assert.ok(password.length > 10 && !(await page.content()).includes(password), 'no password is shown');

  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('heading', { level: 1, name: /^Live/ }).waitFor();
  const written = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'After the move' });
  assert.equal(written.headers.get('lockstep-applied'), 'yes', written.text);
  const rows = await open(there(own.readerUrl)).query(
    sql`SELECT name FROM salesforce.account WHERE name = 'After the move'`,
  );
  assert.equal(rows.length, 1);
  await page.getByRole('link', { name: 'Activity', exact: true }).click();
  await page.getByText('The mirror is reached at another address (by administrator)').first().waitFor();
  // Whether a private database was left behind is asked, and there is none: the browser writes that answer down.
  assert.deepEqual(
    complaints.filter((text) => !/404 .*\/former-database/.test(text)),
    [],
  );
});
