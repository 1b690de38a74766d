/**
 * Tables that change while the engine runs, and a database that goes back in time. Covers: a person who drops a
 * column or a table, the destination is restored to yesterday.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { testServerUrl } from '@lockstep/harness/database';
import { startOrg } from '@lockstep/harness/org';
import { destinationNames } from 'lockstep/postgres/testing';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const create = async (harness: ClockHarness, Name: string) =>
  (await harness.write([{ create: 'Account', values: { Name } }]))[0] ?? '';
const nameOf = async (harness: ClockHarness, id: string) => (await harness.row('account', id))?.name;

async function openCopied(): Promise<ClockHarness> {
  const harness = await openClockHarness({ org, sobjects: ['Account', 'Lead'] });
  await harness.finishBackfill();
  return harness;
}

/** Whether the readers' role may read the table: its grants are made with the table. */
const mayRead = async (harness: ClockHarness) => {
  const { reader } = destinationNames(harness.sync.id);
  const [take] = await harness.mirror.query<{ may: boolean }>(
    sql`SELECT has_table_privilege(${reader}, 'salesforce.account', 'SELECT') AS may`,
  );
  return take?.may;
};

const problems = (harness: ClockHarness) =>
  harness.mirror.query<{ sobject: string; kind: string; code: string }>(
    sql`SELECT sobject, kind, code FROM _lockstep.problems ORDER BY sobject, kind`,
  );

for (const [what, statement] of [
  ['a column that somebody drops', sql`ALTER TABLE salesforce.account DROP COLUMN name`],
  [
    'a column that somebody gives another type',
    sql`ALTER TABLE salesforce.account ALTER name TYPE boolean USING true`,
  ],
  ['a table that somebody drops', sql`DROP TABLE salesforce.account`],
] as const) {
  test(`${what} is made again by the next page, filled, and open to its readers`, async () => {
    await using harness = await openCopied();
    const lead = await harness.write([{ create: 'Lead', values: { LastName: 'L', Company: 'Goes on' } }]);
    await harness.mirror.query(statement);
    const id = await create(harness, 'After the change');
    await harness.pass(3 * harness.intervalMs);
    await harness.finishBackfill();
    assert.equal(await nameOf(harness, id), 'After the change');
    assert.equal((await harness.row('lead', lead[0] ?? ''))?.company, 'Goes on');
    assert.equal(await mayRead(harness), true);
    assert.ok(harness.log.text().includes('"code":"SCH-04","msg":"table made again"'), 'it is logged');
    assert.deepEqual(await problems(harness), []);
    assert.deepEqual(harness.holder.syncProblems, [], 'no other object was delayed');
    await harness.settle();
    await harness.expectConverged();
    await harness.expectIdle();
  });
}

test('a changed column type that still takes every value is found by the next start', async () => {
  await using harness = await openCopied();
  await harness.mirror.query(sql`ALTER TABLE salesforce.account ALTER name TYPE varchar(255)`);
  const id = await create(harness, 'Into another type');
  await harness.pass(2 * harness.intervalMs);
  assert.equal(await nameOf(harness, id), 'Into another type');
  const successor = harness.startAnother();
  await harness.finishBackfill();
  assert.deepEqual(successor.syncProblems, []);
  const [column] = await harness.mirror.query(sql`
    SELECT data_type FROM information_schema.columns
     WHERE table_schema = 'salesforce' AND table_name = 'account' AND column_name = 'name'`);
  assert.deepEqual(column, { data_type: 'text' });
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});

test('a table that somebody drops while nothing changes is found by a check', async () => {
  await using harness = await openCopied();
  await harness.mirror.query(sql`DROP TABLE salesforce.account`);
  await harness.pass(65 * minuteMs);
  await harness.finishBackfill();
  assert.equal(await mayRead(harness), true);
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});

/** Copies the mirror's database as it is now; `restore` puts the copy back, whoever is connected. */
async function backUp(harness: ClockHarness) {
  const { database } = harness.sync.destination;
  const copy = `${database}_yesterday`;
  const admin = openDatabase({ url: testServerUrl(), applicationName: 'test-restore', connectionsMax: 1 });
  const copyAs = async (name: string, from: string) => {
    await admin.query(sql`ALTER DATABASE ${ident(from)} ALLOW_CONNECTIONS false`);
    await admin.query(
      sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ${from}`,
    );
    await admin.query(sql`CREATE DATABASE ${ident(name)} TEMPLATE ${ident(from)}`);
    await admin.query(sql`ALTER DATABASE ${ident(from)} ALLOW_CONNECTIONS true`);
  };
  await copyAs(copy, database);
  return {
    async restore() {
      await admin.query(sql`DROP DATABASE ${ident(database)} WITH (FORCE)`);
      await copyAs(database, copy);
    },
    async [Symbol.asyncDispose]() {
      await admin.query(sql`DROP DATABASE ${ident(copy)} WITH (FORCE)`);
      await admin.end();
    },
  };
}

/** Passes a day of changes that the restored database does not have. */
async function liveThroughADay(harness: ClockHarness, ids: { deleted: string; changed: string }) {
  await harness.advance(dayMs);
  const created = await create(harness, 'Since yesterday');
  await harness.write([
    { delete: ids.deleted },
    { update: ids.changed, values: { Name: 'Changed since yesterday' } },
  ]);
  await harness.pass(5 * harness.intervalMs);
  assert.equal(await nameOf(harness, created), 'Since yesterday');
  return created;
}

test('a database that is restored to yesterday while no worker runs the sync catches up from its own cursors', async () => {
  await using harness = await openCopied();
  const ids = {
    deleted: await create(harness, 'To be deleted'),
    changed: await create(harness, 'Yesterday'),
  };
  const hardDeleted = await create(harness, 'To be deleted for good');
  await harness.pass(5 * harness.intervalMs);
  await using backup = await backUp(harness);
  const created = await liveThroughADay(harness, ids);
  await org.control('/records/hardDelete', { ids: [hardDeleted] });
  await harness.holder.stop();
  await backup.restore();
  assert.equal(await nameOf(harness, created), undefined);

  harness.startAnother();
  await harness.pass(5 * harness.intervalMs);
  assert.equal(await nameOf(harness, created), 'Since yesterday');
  assert.equal(await nameOf(harness, ids.changed), 'Changed since yesterday');
  assert.equal(await harness.row('account', ids.deleted), undefined);
  await harness.settle();
  assert.equal(
    await harness.row('account', hardDeleted),
    undefined,
    'its deleted cursor goes on from yesterday too',
  );
  await harness.expectConverged();
  await harness.expectIdle();
});

test('a worker whose database is restored to yesterday while it runs goes on from the cursors there', async () => {
  await using harness = await openCopied();
  const ids = {
    deleted: await create(harness, 'To be deleted'),
    changed: await create(harness, 'Yesterday'),
  };
  await harness.pass(5 * harness.intervalMs);
  await using backup = await backUp(harness);
  await harness.pass(2 * harness.intervalMs);
  const created = await liveThroughADay(harness, ids);
  await backup.restore();
  await harness.pass(5 * harness.intervalMs);
  assert.equal(await nameOf(harness, created), 'Since yesterday');
  assert.equal(await nameOf(harness, ids.changed), 'Changed since yesterday');
  assert.equal(await harness.row('account', ids.deleted), undefined);
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});

test('a page requested before the database was restored is refused, and nothing is skipped', async () => {
  await using harness = await openCopied();
  const ids = {
    deleted: await create(harness, 'To be deleted'),
    changed: await create(harness, 'Yesterday'),
  };
  await harness.pass(5 * harness.intervalMs);
  await using backup = await backUp(harness);
  await harness.pass(2 * harness.intervalMs);
  const created = await liveThroughADay(harness, ids);
  const late = await create(harness, 'On the late page');
  const page = await harness.inject({
    match: { contains: 'SystemModstamp >', inside: 'only' },
    effect: { hang: 'after' },
  });
  await harness.advance(harness.intervalMs);
  await page.untilFired();
  const { received } = harness.holder.counts;
  await backup.restore();
  await page.release();
  await harness.holder.untilAsleep();
  assert.equal(await nameOf(harness, late), undefined);
  assert.equal(harness.holder.counts.received, received, 'the page was refused as a whole');

  harness.startAnother();
  await harness.pass(5 * harness.intervalMs);
  for (const [id, name] of [
    [created, 'Since yesterday'],
    [late, 'On the late page'],
    [ids.changed, 'Changed since yesterday'],
    [ids.deleted, undefined],
  ] as const) {
    assert.equal(await nameOf(harness, id), name);
  }
  await harness.settle();
  await harness.expectConverged();
  await harness.expectIdle();
});
