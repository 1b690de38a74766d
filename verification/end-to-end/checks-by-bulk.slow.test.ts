/**
 * A large table is swept and compared by one job instead of hundreds of pages: what changed without a trace is found,
 * what is merely not visible stays until a person decides.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

/** Objects of 1,000 records and more are large. */
const pageRows = 20;
const records = 1_200;
const hourMs = 3_600_000;
const intervalMs = 3 * 60_000;

/** A deleted log that covers all of time and is empty. */
const emptyLog = {
  deletedRecords: [],
  earliestDateAvailable: '2000-01-01T00:00:00.000+0000',
  latestDateCovered: '2100-01-01T00:00:00.000+0000',
};

const fields = [
  { name: 'Amount__c', type: 'double', precision: 16, scale: 2 },
  { name: 'Twice__c', type: 'double', precision: 18, scale: 2, formula: 'Amount__c * 2' },
];

let objectsMade = 0;

/** A large table that has been copied, in a sync that asks for few pages. */
async function openShops() {
  await using undo = new AsyncDisposableStack();
  const sobject = `Check${++objectsMade}__c`;
  await org.control('/sobjects/create', { name: sobject, nameNumber: 'C-', fields });
  await org.control('/records/generate', { sobject, count: records });
  await org.control('/clock/advance', { ms: 24 * hourMs });
  const harness = undo.use(await openClockHarness({ org, sobjects: [sobject], intervalMs, pageRows }));
  await harness.finishBackfill();
  const table = ident('salesforce', sobject.toLowerCase());
  const rows = await harness.mirror.query<{ id: string }>(sql`SELECT id FROM ${table} ORDER BY id`);
  const ends = undo.move();
  return {
    harness,
    sobject,
    table,
    ids: rows.map(({ id }) => id),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

async function deleteWithoutTrace(harness: ClockHarness, ids: readonly string[]) {
  const respond = { status: 200, body: emptyLog };
  await harness.inject({ match: { path: '*/deleted*', inside: 'only' }, times: null, effect: { respond } });
  await org.control('/records/hardDelete', { ids });
}

/** A sweep is due once a day, or at once if somebody asks for it. */
const sweep = (harness: ClockHarness, sobject: string) =>
  harness.untilDone(harness.holder.syncRequest('verify ids', [sobject]));

async function untilLogged(harness: ClockHarness, message: string): Promise<void> {
  for (let tries = 0; tries < 700 && !harness.log.text().includes(message); tries++)
    await harness.pass(intervalMs);
  assert.ok(harness.log.text().includes(message), `logged: ${message}`);
}

const repairs = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT id, kind FROM _lockstep.repair ORDER BY id`);

const sweepPages = (harness: ClockHarness) =>
  harness.inject({ match: { contains: 'Id IN', inside: 'only' }, times: null, effect: { delayMs: 0 } });

test('a sweep by one job finds records that are gone without a trace, and removes them after a second look', async () => {
  await using shops = await openShops();
  const { harness, ids, sobject } = shops;
  const gone = [0, 100, 101, 1_199].flatMap((place) => ids[place] ?? []);
  await deleteWithoutTrace(harness, gone);
  const pages = await sweepPages(harness);
  await sweep(harness, sobject);
  assert.match(harness.log.text(), /bulk sweep complete/);
  await harness.pass(3 * intervalMs);
  assert.deepEqual(
    await repairs(harness),
    gone.map((id) => ({ id, kind: 'no longer visible' })),
  );
  assert.ok((await pages.fired()) <= 2, 'only the records that were not seen are asked for by Id');
  await harness.expectConverged();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a sweep by one job corrects formulas that changed without a stamp', async () => {
  await using shops = await openShops();
  const { harness, sobject } = shops;
  const [, twice] = fields;
  await org.control('/fields/change', {
    sobject,
    name: 'Twice__c',
    field: { ...twice, formula: 'Amount__c * 3' },
  });
  await sweep(harness, sobject);
  assert.match(harness.log.text(), /bulk sweep complete/);
  await harness.pass(3 * intervalMs);
  await harness.expectConverged();
});

test('rows that a sweep by one job misses because a permission was lost stay until a person decides', async () => {
  await using shops = await openShops();
  const { harness, sobject } = shops;
  await org.control('/records/hide', { user: 'integration', sobject, share: 0.58 });
  await sweep(harness, sobject);
  assert.match(harness.log.text(), /bulk sweep complete/);
  await harness.pass(3 * intervalMs);
  const [status] = await harness.mirror.query<{ state: string; missing_rows: number; rows: number }>(
    sql`SELECT state, missing_rows, rows FROM _lockstep.status`,
  );
  assert.equal(status?.state, 'rows missing');
  assert.equal(status?.rows, records);
  assert.ok((status?.missing_rows ?? 0) > records / 2);
  await org.control('/records/show', { user: 'integration' });
});

test('a content check by one job repairs what somebody has changed in the mirror', async () => {
  await using shops = await openShops();
  const { harness, table, ids, sobject } = shops;
  const [edited = ''] = ids;
  await harness.mirror.query(sql`UPDATE ${table} SET amount__c = -1 WHERE id = ${edited}`);
  await harness.untilDone(harness.holder.syncRequest('verify content', [sobject]));
  assert.match(harness.log.text(), /bulk content complete/);
  assert.deepEqual(await repairs(harness), [{ id: edited, kind: 'edited' }]);
  await harness.expectConverged();
});

test('a sweep that has forgotten what it has seen, as after a crash of the server, removes nothing and begins again', async () => {
  await using shops = await openShops();
  const { harness, sobject } = shops;
  const swept = harness.holder.syncRequest('verify ids', [sobject]);
  const held = await harness.inject({
    match: { path: '*/results' },
    after: 1,
    times: null,
    effect: { respond: { status: 503 } },
  });
  for (let tries = 0; tries < 20 && (await held.fired()) === 0; tries++) await harness.pass(intervalMs);
  await harness.mirror.query(sql`TRUNCATE _lockstep.seen`);
  await held.end();
  await untilLogged(harness, 'it is not known which records it has seen');
  await untilLogged(harness, 'bulk sweep complete');
  await harness.untilDone(swept);
  assert.deepEqual(await repairs(harness), []);
  await harness.expectConverged();
});

test('if Bulk refuses, the checks go page by page', async () => {
  await using shops = await openShops();
  const { harness, ids, sobject } = shops;
  await harness.inject({
    match: { path: '*/jobs/query', method: 'POST' },
    times: null,
    effect: { respond: { status: 400, body: [{ errorCode: 'LIMIT_EXCEEDED', message: 'no more jobs' }] } },
  });
  const gone = ids.slice(0, 2);
  await deleteWithoutTrace(harness, gone);
  await sweep(harness, sobject);
  assert.match(harness.log.text(), /read page by page/);
  assert.equal((await repairs(harness)).length, 2);
  await harness.expectConverged();
});
