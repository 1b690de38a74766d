/**
 * Large objects are backfilled by Bulk API 2.0. Whatever becomes of a job, the mirror ends up equal to the org, and what
 * polls and proxied writes have stored meanwhile is newer than the job's results.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import {
  completions,
  hourMs,
  idsInOrg,
  intervalMs,
  jobs,
  openBulkHarness,
  untilLogged,
} from '@lockstep/harness/bulk-harness';
import { type ClockHarness, dataPath } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const openShops = (count: number, { prepare }: { prepare?: (sobject: string) => Promise<void> } = {}) =>
  openBulkHarness({ org, count, ...(prepare && { prepare }) });

const armNext = (fault: object) => org.control('/jobs/fault', { next: 'query', fault });

const minuteMs = 60_000;

/** How the object is read by now, from the view that readers see. */
const methodOf = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT method, reason FROM _lockstep.backfill_method`);

async function idsIn({ harness, table }: { harness: ClockHarness; table: string }): Promise<string[]> {
  const rows = await harness.mirror.query<{ id: string }>(sql`
    SELECT id FROM ${ident('salesforce', table)} ORDER BY id`);
  return rows.map(({ id }) => id);
}

test('a large object is read by one job, in a few requests, and is the same as by pages', async () => {
  await using shops = await openShops(3_000);
  const { harness } = shops;
  const pages = await harness.inject({
    match: { contains: `FROM ${shops.sobject} ORDER BY Id`, inside: 'only' },
    times: null,
    effect: { delayMs: 0 },
  });
  await untilLogged(harness, 'bulk results ready');
  assert.deepEqual(await methodOf(harness), [{ method: 'bulk', reason: null }]);
  await harness.finishBackfill();
  await harness.expectConverged();
  assert.equal(jobs(harness), 1);
  assert.equal(await pages.fired(), 0);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('what polls and proxied writes store after the results are ready is newer than the job’s rows', async () => {
  await using shops = await openShops(2_000);
  const { harness, sobject } = shops;
  const [patched = '', changed = '', removed = '', gone = ''] = await idsInOrg(org, sobject, 4);
  const results = await harness.inject({
    match: { path: '*/results' },
    times: null,
    effect: { respond: { status: 503 } },
  });
  await untilLogged(harness, 'bulk results ready');
  const address = `${dataPath}/sobjects/${sobject}`;
  const { status, applied } = await harness.call('PATCH', `${address}/${patched}`, {
    Note__c: 'by the proxy',
  });
  assert.deepEqual([status, applied], [204, 'yes']);
  await harness.call('DELETE', `${address}/${removed}`);
  await harness.write([{ update: changed, values: { Note__c: 'by somebody' } }, { delete: gone }]);
  for (let polls = 0; (await harness.row(shops.table, changed)) === undefined && polls < 20; polls++)
    await harness.pass(intervalMs);
  await results.end();
  await harness.finishBackfill();
  assert.equal((await harness.row(shops.table, patched))?.note__c, 'by the proxy');
  assert.equal((await harness.row(shops.table, changed))?.note__c, 'by somebody');
  assert.equal(await harness.row(shops.table, removed), undefined);
  assert.equal(await harness.row(shops.table, gone), undefined);
  await harness.expectConverged();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

for (const { what, fault, told } of [
  { what: 'is aborted', fault: { kind: 'abort' }, told: 'the job was aborted' },
  { what: 'loses its results', fault: { kind: 'lose-results' }, told: 'NOT_FOUND' },
  { what: 'loses its locators', fault: { kind: 'expire-locators' }, told: 'INVALID_QUERY_LOCATOR' },
  {
    what: 'has its columns in another order',
    fault: { kind: 'reorder-columns' },
    told: 'the columns of a Bulk result',
  },
  { what: 'counts a record too many', fault: { kind: 'miscount', by: 1 }, told: 'the number of records' },
  { what: 'counts a record too few', fault: { kind: 'miscount', by: -1 }, told: 'the number of records' },
])
  test(`a job that ${what} is replaced by another`, async () => {
    await using shops = await openShops(2_000, { prepare: () => armNext(fault).then(() => undefined) });
    const { harness } = shops;
    await harness.finishBackfill();
    assert.ok(harness.log.text().includes(told), 'it is told why');
    assert.equal(jobs(harness), 2);
    assert.equal(completions(harness), 1);
    await harness.expectConverged();
    await harness.settle();
    await harness.expectConvergedAndIdle();
  });

test('a job that fails is read in two parts, divided by Ids', async () => {
  const fault = { kind: 'fail', errorMessage: 'InternalServerError : Retried more than fifteen times' };
  await using shops = await openShops(2_000, { prepare: () => armNext(fault).then(() => undefined) });
  const { harness } = shops;
  await harness.finishBackfill();
  assert.equal(jobs(harness), 3);
  await harness.expectConverged();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('an object whose jobs come to nothing is read page by page, and says so', async () => {
  await using shops = await openShops(1_200);
  const { harness } = shops;
  const lost = await harness.inject({
    match: { path: '*/resultPages' },
    times: null,
    effect: { respond: { status: 404, body: [{ errorCode: 'NOT_FOUND', message: 'gone' }] } },
  });
  await untilLogged(harness, 'read page by page');
  await lost.end();
  assert.deepEqual(await methodOf(harness), [{ method: 'pages', reason: 'NOT_FOUND' }]);
  await harness.finishBackfill();
  assert.equal(completions(harness), 0);
  await harness.expectConverged();
});

test('an object that Bulk refuses is read page by page', async () => {
  await using shops = await openShops(1_200);
  const { harness } = shops;
  await harness.inject({
    match: { path: '*/jobs/query', method: 'POST' },
    times: null,
    effect: {
      respond: {
        status: 400,
        body: [{ errorCode: 'INVALIDENTITY', message: `Entity is not supported by the Bulk API.` }],
      },
    },
  });
  await harness.finishBackfill();
  assert.match(harness.log.text(), /read page by page/);
  await harness.expectConverged();
});

test('a job that hangs for an hour is given up, and the object is read page by page', async () => {
  await using shops = await openShops(1_200, {
    prepare: () => armNext({ kind: 'stay' }).then(() => undefined),
  });
  const { harness } = shops;
  await untilLogged(harness, 'bulk job created');
  await harness.pass(hourMs + 2 * 60_000);
  await harness.finishBackfill();
  assert.match(harness.log.text(), /its job hangs/);
  await harness.expectConverged();
});

test('polls go on beside a job, even if it could be asked about at every request', async () => {
  await using shops = await openBulkHarness({
    org,
    count: 1_200,
    prepare: () => armNext({ kind: 'stay' }).then(() => undefined),
    everyMs: minuteMs,
  });
  const { harness, sobject, table } = shops;
  await untilLogged(harness, 'bulk job created');
  const [changed = ''] = await idsInOrg(org, sobject, 1);
  await harness.write([{ update: changed, values: { Note__c: 'read by a poll' } }]);
  for (let polls = 0; polls < 10; polls++) await harness.pass(minuteMs);
  assert.equal((await harness.row(table, changed))?.note__c, 'read by a poll');
});

test('a page that breaks off is read again, from where it was stored', async () => {
  await using shops = await openShops(3_000);
  const { harness } = shops;
  await harness.inject({
    match: { path: '*/results' },
    times: 4,
    effect: { truncate: { bytes: 20_000, end: 'reset' } },
  });
  await harness.finishBackfill();
  assert.equal(jobs(harness), 1);
  await harness.expectConverged();
});

test('another worker goes on with the same job, whatever the former one still sends', async () => {
  await using shops = await openShops(4_000);
  const { harness } = shops;
  await untilLogged(harness, 'bulk results ready');
  harness.startAnother();
  await harness.finishBackfill();
  assert.equal(jobs(harness), 1);
  await harness.expectConverged();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a table that is restored is filled again by a job, and every row ends up as in the org', async () => {
  await using shops = await openShops(2_000);
  const { harness, table } = shops;
  await harness.finishBackfill();
  await harness.mirror.query(sql`ALTER TABLE ${ident('salesforce', table)} DROP COLUMN note__c`);
  const [id = ''] = await idsIn(shops);
  await harness.write([{ update: id, values: { Note__c: 'makes a page fail' } }]);
  await untilLogged(harness, 'table made again');
  await harness.finishBackfill();
  assert.equal(completions(harness), 2);
  await harness.settle();
  await harness.expectConverged();
});

test('text that CSV and PostgreSQL have special ideas about arrives as it is', async () => {
  const odd = ['line\n\\.\nline', '"quoted", and,\r\ncommas', '\u2028 emoji \u{1f600} \u202e rtl', ' '];
  await using shops = await openShops(1_500, {
    prepare: async (sobject) => {
      const ids = await idsInOrg(org, sobject, odd.length);
      const writes = ids.map((id, nth) => ({ update: id, values: { Note__c: odd[nth] } }));
      await org.control('/records/write', { writes });
    },
  });
  const { harness } = shops;
  await harness.finishBackfill();
  assert.equal(completions(harness), 1);
  await harness.settle();
  await harness.expectConverged();
});
