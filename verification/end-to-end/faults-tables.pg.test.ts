/**
 * Tables that change under the engine, and a database that goes back in time. Rows of the list of faults: 65 (a person
 * who drops a column or a table), 66 (the destination is restored to yesterday).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { testServerUrl } from '@lockstep/harness/database';
import { startOrg } from '@lockstep/harness/org';
import { openStage, type Stage } from '@lockstep/harness/stage';
import { destinationNames } from 'lockstep/postgres/testing';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const create = async (stage: Stage, Name: string) =>
  (await stage.write([{ create: 'Account', values: { Name } }]))[0] ?? '';
const nameOf = async (stage: Stage, id: string) => (await stage.row('account', id))?.name;

async function openCopied(): Promise<Stage> {
  const stage = await openStage({ org, sobjects: ['Account', 'Lead'] });
  await stage.copy();
  return stage;
}

/** As its readers' role may: their grants were given when the table was made. */
const mayRead = async (stage: Stage) => {
  const { reader } = destinationNames(stage.sync.id);
  const [take] = await stage.mirror.query<{ may: boolean }>(
    sql`SELECT has_table_privilege(${reader}, 'salesforce.account', 'SELECT') AS may`,
  );
  return take?.may;
};

const problems = (stage: Stage) =>
  stage.mirror.query<{ sobject: string; kind: string; code: string }>(
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
    await using stage = await openCopied();
    const lead = await stage.write([{ create: 'Lead', values: { LastName: 'L', Company: 'Goes on' } }]);
    await stage.mirror.query(statement);
    const id = await create(stage, 'After the change');
    await stage.pass(3 * stage.intervalMs);
    await stage.copy();
    assert.equal(await nameOf(stage, id), 'After the change');
    assert.equal((await stage.row('lead', lead[0] ?? ''))?.company, 'Goes on');
    assert.equal(await mayRead(stage), true);
    assert.ok(stage.log.text().includes('"code":"SCH-04","msg":"table made again"'), 'a person is told');
    assert.deepEqual(await problems(stage), []);
    assert.deepEqual(stage.holder.syncProblems, [], 'no other object has waited for it');
    await stage.settle();
    await stage.expectConverged();
    await stage.expectRest();
  });
}

test('a column of another type that takes every value all the same is found by the next start', async () => {
  await using stage = await openCopied();
  await stage.mirror.query(sql`ALTER TABLE salesforce.account ALTER name TYPE varchar(255)`);
  const id = await create(stage, 'Into another type');
  await stage.pass(2 * stage.intervalMs);
  assert.equal(await nameOf(stage, id), 'Into another type');
  const successor = stage.startAnother();
  await stage.copy();
  assert.deepEqual(successor.syncProblems, []);
  const [column] = await stage.mirror.query(sql`
    SELECT data_type FROM information_schema.columns
     WHERE table_schema = 'salesforce' AND table_name = 'account' AND column_name = 'name'`);
  assert.deepEqual(column, { data_type: 'text' });
  await stage.settle();
  await stage.expectConverged();
  await stage.expectRest();
});

test('a table that somebody drops while nothing changes is found by a check', async () => {
  await using stage = await openCopied();
  await stage.mirror.query(sql`DROP TABLE salesforce.account`);
  await stage.pass(65 * minuteMs);
  await stage.copy();
  assert.equal(await mayRead(stage), true);
  await stage.settle();
  await stage.expectConverged();
  await stage.expectRest();
});

/** Of the mirror's database as it is now; put back by `restore`, whoever is connected. */
async function backUp(stage: Stage) {
  const { database } = stage.sync.destination;
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

/** A day of changes that the restored database does not know of. */
async function liveThroughADay(stage: Stage, ids: { deleted: string; changed: string }) {
  await stage.advance(dayMs);
  const created = await create(stage, 'Since yesterday');
  await stage.write([
    { delete: ids.deleted },
    { update: ids.changed, values: { Name: 'Changed since yesterday' } },
  ]);
  await stage.pass(5 * stage.intervalMs);
  assert.equal(await nameOf(stage, created), 'Since yesterday');
  return created;
}

test('a database that is restored to yesterday while nobody runs the sync is caught up from its own cursors', async () => {
  await using stage = await openCopied();
  const ids = { deleted: await create(stage, 'To be deleted'), changed: await create(stage, 'Yesterday') };
  const hardDeleted = await create(stage, 'To be deleted for good');
  await stage.pass(5 * stage.intervalMs);
  await using backup = await backUp(stage);
  const created = await liveThroughADay(stage, ids);
  await org.control('/records/hardDelete', { ids: [hardDeleted] });
  await stage.holder.stop();
  await backup.restore();
  assert.equal(await nameOf(stage, created), undefined);

  stage.startAnother();
  await stage.pass(5 * stage.intervalMs);
  assert.equal(await nameOf(stage, created), 'Since yesterday');
  assert.equal(await nameOf(stage, ids.changed), 'Changed since yesterday');
  assert.equal(await stage.row('account', ids.deleted), undefined);
  await stage.settle();
  assert.equal(
    await stage.row('account', hardDeleted),
    undefined,
    'its log of deletions goes on from yesterday too',
  );
  await stage.expectConverged();
  await stage.expectRest();
});

test('a holder whose database is restored to yesterday under it goes on from the cursors there', async () => {
  await using stage = await openCopied();
  const ids = { deleted: await create(stage, 'To be deleted'), changed: await create(stage, 'Yesterday') };
  await stage.pass(5 * stage.intervalMs);
  await using backup = await backUp(stage);
  await stage.pass(2 * stage.intervalMs);
  const created = await liveThroughADay(stage, ids);
  await backup.restore();
  await stage.pass(5 * stage.intervalMs);
  assert.equal(await nameOf(stage, created), 'Since yesterday');
  assert.equal(await nameOf(stage, ids.changed), 'Changed since yesterday');
  assert.equal(await stage.row('account', ids.deleted), undefined);
  await stage.settle();
  await stage.expectConverged();
  await stage.expectRest();
});

test('a page that was asked for before the database went back is refused there, and nothing is skipped', async () => {
  await using stage = await openCopied();
  const ids = { deleted: await create(stage, 'To be deleted'), changed: await create(stage, 'Yesterday') };
  await stage.pass(5 * stage.intervalMs);
  await using backup = await backUp(stage);
  await stage.pass(2 * stage.intervalMs);
  const created = await liveThroughADay(stage, ids);
  const late = await create(stage, 'On the late page');
  const page = await stage.strike({
    match: { contains: 'SystemModstamp >', inside: 'only' },
    effect: { hang: 'after' },
  });
  await stage.advance(stage.intervalMs);
  await page.struck();
  const { received } = stage.holder.counts;
  await backup.restore();
  await page.release();
  await stage.holder.untilRest();
  assert.equal(await nameOf(stage, late), undefined);
  assert.equal(stage.holder.counts.received, received, 'the page was refused as a whole');

  stage.startAnother();
  await stage.pass(5 * stage.intervalMs);
  for (const [id, name] of [
    [created, 'Since yesterday'],
    [late, 'On the late page'],
    [ids.changed, 'Changed since yesterday'],
    [ids.deleted, undefined],
  ] as const) {
    assert.equal(await nameOf(stage, id), name);
  }
  await stage.settle();
  await stage.expectConverged();
  await stage.expectRest();
});
