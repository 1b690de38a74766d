/**
 * Pages that Salesforce ends before the requested limit. They cost requests and nothing else: every pass ends, finds
 * what it must find, and sends about as many queries as its rows fill such pages.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import {
  type ClockHarness,
  type ClockHarnessOptions,
  dataPath,
  openClockHarness,
} from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const intervalMs = 3 * minuteMs;

/** A deleted log that covers all of time and is empty. */
const emptyLog = {
  deletedRecords: [],
  earliestDateAvailable: '2000-01-01T00:00:00.000+0000',
  latestDateCovered: '2100-01-01T00:00:00.000+0000',
};

let objectsMade = 0;

/** A separate object for each test, so that a cut affects no other test. */
async function openShops(
  count: number,
  { fields = [], ...options }: Partial<ClockHarnessOptions> & { fields?: readonly object[] } = {},
) {
  await using undo = new AsyncDisposableStack();
  const sobject = `Shop${++objectsMade}__c`;
  await org.control('/sobjects/create', { name: sobject, nameNumber: 'S-', fields });
  await org.control('/records/generate', { sobject, count });
  await org.control('/clock/advance', { ms: 24 * hourMs }); // old enough that no poll reads them
  const harness = undo.use(await openClockHarness({ org, sobjects: [sobject], intervalMs, ...options }));
  const table = ident('salesforce', sobject.toLowerCase());
  const ends = undo.move();
  return {
    harness,
    sobject,
    table,
    /** The Ids in the mirror, in order. */
    ids: async () =>
      (await harness.mirror.query<{ id: string }>(sql`SELECT id FROM ${table} ORDER BY id`)).map(
        ({ id }) => id,
      ),
    cut: (...rows: readonly number[]) => org.control('/queries/cut', { sobject, rows }),
    /** Counts the queries that contain this text, alone or inside a composite. */
    counting: (contains: string) =>
      harness.inject({ match: { contains, inside: 'only' }, times: null, effect: { delayMs: 0 } }),
    /** Ends the cuts, and expects the mirror to equal the org. */
    async expectWhole() {
      await org.control('/queries/lift', { sobject });
      await harness.settle();
      await harness.expectConverged();
      await harness.expectIdle();
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Deletes records for good so that only a comparison of Ids can find it. */
async function deleteWithoutTrace(harness: ClockHarness, ids: readonly string[]) {
  const respond = { status: 200, body: emptyLog };
  await harness.inject({ match: { path: '*/deleted*', inside: 'only' }, times: null, effect: { respond } });
  await org.control('/records/hardDelete', { ids });
}

const repairs = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT id, kind FROM _lockstep.repair ORDER BY id`);

const countRepairs = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT kind, count(*) FROM _lockstep.repair GROUP BY kind ORDER BY kind`);

const sweptAt = async (harness: ClockHarness) => {
  const [cursor] = await harness.mirror.query<{ at: number }>(
    sql`SELECT (position ->> 'lastAt')::float AS at FROM _lockstep.cursor WHERE kind = 'sweep'`,
  );
  return cursor?.at;
};

for (const { what, cuts, requestsMax } of [
  { what: 'after 40 rows', cuts: [40], requestsMax: 600 / 40 + 4 * 4 },
  { what: 'each time at another row', cuts: [90, 35, 60], requestsMax: 600 / 30 + 4 * 4 },
]) {
  test(`a sweep whose pages are cut ${what} ends in time, and finds the rows whose records are gone`, async () => {
    await using shops = await openShops(600);
    const { harness } = shops;
    await harness.finishBackfill();
    const ids = await shops.ids();
    const gone = [0, 100, 101, 599].flatMap((place) => ids[place] ?? []);
    const before = await sweptAt(harness);
    await deleteWithoutTrace(harness, gone);
    await shops.cut(...cuts);
    const queries = await shops.counting('Id IN');
    for (let rounds = 0; rounds < 60 && (await sweptAt(harness)) === before; rounds++)
      await harness.pass(intervalMs);
    assert.notEqual(await sweptAt(harness), before, 'it has ended');
    assert.ok((await queries.fired()) <= requestsMax, `${await queries.fired()} queries`);
    await harness.pass(3 * intervalMs);
    assert.deepEqual(
      await repairs(harness),
      gone.map((id) => ({ id, kind: 'no longer visible' })),
    );
    await shops.expectWhole();
  });
}

/** Counts the sync's requests that query the object. */
const countRequests = ({ harness, sobject }: { harness: ClockHarness; sobject: string }) =>
  harness.inject({
    match: { path: '*/composite', user: 'integration', contains: `FROM%20${sobject}` },
    times: null,
    effect: { delayMs: 0 },
  });

test('a backfill whose pages are cut still chains pages: once it knows their length, it asks for several in one request', async () => {
  await using shops = await openShops(1_200, { pageRows: 400 });
  await shops.cut(50);
  const requests = await countRequests(shops);
  await shops.harness.finishBackfill();
  const asked = await requests.fired();
  assert.equal((await shops.ids()).length, 1_200);
  // One request learns the page length, six take four pages each and the poll, and the poll goes on.
  assert.ok(asked <= 1 + 6 + 2, `${asked} requests; one page each would be 24`);
  await shops.expectWhole();
});

test('a backfill also chains pages of an object with more than 400 fields, which the org itself cuts', async () => {
  const fields = Array.from({ length: 405 }, (_, n) => ({
    name: `Field${n}__c`,
    type: 'string',
    length: 20,
  }));
  await using shops = await openShops(1_200, { fields });
  const soql = `SELECT Id, ${fields.map(({ name }) => name).join(', ')} FROM ${shops.sobject}`;
  const page = await org.request('GET', `${dataPath}/query?q=${encodeURIComponent(soql)}`);
  assert.equal((page.json as { records: object[] }).records.length, 250, page.text.slice(0, 200));
  const requests = await countRequests(shops);
  await shops.harness.finishBackfill();
  assert.ok((await requests.fired()) <= 3, `${await requests.fired()} requests; one page each would be 5`);
  await shops.expectWhole();
});

test('when records are read again by Id on cut pages, all of them arrive and the rows of absent ones go', async () => {
  await using shops = await openShops(600);
  const { harness, sobject, table } = shops;
  await harness.finishBackfill();
  const asked = (await shops.ids()).slice(0, 300);
  const gone = asked.slice(0, 15);
  await deleteWithoutTrace(harness, gone);
  await harness.mirror.query(
    sql`UPDATE ${table} SET name = 'Edited by hand' WHERE id = ANY (${asked.slice(15)})`,
  );
  await shops.cut(40);
  const queries = await shops.counting('Id IN');
  const syncRequest = harness.holder.syncRequest('refetch', [sobject], asked);
  assert.deepEqual((await harness.untilDone(syncRequest)).skipped, []);
  assert.ok((await queries.fired()) <= 285 / 40 + 3, `${await queries.fired()} queries`);
  assert.deepEqual(await countRepairs(harness), [{ kind: 'edited', count: 285 }]);
  const left = await shops.ids();
  assert.deepEqual(
    gone.filter((id) => left.includes(id)),
    [],
  );
  await shops.expectWhole();
});

test('a day whose count differs is repaired over cut pages: missing rows arrive, surplus rows go', async () => {
  await using shops = await openShops(600);
  const { harness, table } = shops;
  await harness.finishBackfill();
  const ids = await shops.ids();
  const gone = ids.slice(0, 3);
  await harness.mirror.query(sql`DELETE FROM ${table} WHERE id = ANY (${ids.slice(3, 300)})`);
  await deleteWithoutTrace(harness, gone);
  await shops.cut(40);
  const queries = await shops.counting('ORDER BY Id LIMIT');
  await harness.advance(24 * hourMs);
  await harness.pass(3 * hourMs);
  assert.ok((await queries.fired()) <= 600 / 40 + 3, `${await queries.fired()} pages of records`);
  assert.deepEqual(await countRepairs(harness), [
    { kind: 'missing', count: 297 },
    { kind: 'no longer visible', count: 3 },
  ]);
  assert.deepEqual(new Set(await shops.ids()), new Set(ids.slice(3)));
  await shops.expectWhole();
});
