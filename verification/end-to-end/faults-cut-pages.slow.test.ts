/**
 * Pages that Salesforce ends before the limit that was asked for. They cost requests, and nothing else: every pass
 * ends, finds what it is there to find, and asks about as often as its rows fill pages.
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

/** A log of deletions that has covered all times and knows of nothing. */
const emptyLog = {
  deletedRecords: [],
  earliestDateAvailable: '2000-01-01T00:00:00.000+0000',
  latestDateCovered: '2100-01-01T00:00:00.000+0000',
};

let objectsMade = 0;

/** An object of its own for each test, so that no cut reaches another one. */
async function openShops(
  count: number,
  { fields = [], ...options }: Partial<ClockHarnessOptions> & { fields?: readonly object[] } = {},
) {
  await using undo = new AsyncDisposableStack();
  const sobject = `Shop${++objectsMade}__c`;
  await org.control('/sobjects/create', { name: sobject, nameNumber: 'S-', fields });
  await org.control('/records/generate', { sobject, count });
  await org.control('/clock/advance', { ms: 24 * hourMs }); // so that no poll reads them
  const harness = undo.use(await openClockHarness({ org, sobjects: [sobject], intervalMs, ...options }));
  const table = ident('salesforce', sobject.toLowerCase());
  const ends = undo.move();
  return {
    harness,
    sobject,
    table,
    /** The mirror's own, in its order. */
    ids: async () =>
      (await harness.mirror.query<{ id: string }>(sql`SELECT id FROM ${table} ORDER BY id`)).map(
        ({ id }) => id,
      ),
    cut: (...rows: readonly number[]) => org.control('/queries/cut', { sobject, rows }),
    /** Counts the queries that name this, alone or within requests. */
    counting: (contains: string) =>
      harness.inject({ match: { contains, inside: 'only' }, times: null, effect: { delayMs: 0 } }),
    /** What was cut counts no more, and the mirror is what the org holds. */
    async expectWhole() {
      await org.control('/queries/lift', { sobject });
      await harness.settle();
      await harness.expectConverged();
      await harness.expectRest();
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Deleted for good, in a way that only a comparison of Ids can find. */
async function loseTraceless(harness: ClockHarness, ids: readonly string[]) {
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
  { what: 'each time elsewhere', cuts: [90, 35, 60], requestsMax: 600 / 30 + 4 * 4 },
]) {
  test(`a sweep whose pages are cut ${what} ends in time, and finds the rows that have no record any more`, async () => {
    await using shops = await openShops(600);
    const { harness } = shops;
    await harness.copy();
    const ids = await shops.ids();
    const gone = [0, 100, 101, 599].flatMap((place) => ids[place] ?? []);
    const before = await sweptAt(harness);
    await loseTraceless(harness, gone);
    await shops.cut(...cuts);
    const questions = await shops.counting('Id IN');
    for (let rounds = 0; rounds < 60 && (await sweptAt(harness)) === before; rounds++)
      await harness.pass(intervalMs);
    assert.notEqual(await sweptAt(harness), before, 'it has ended');
    assert.ok((await questions.fired()) <= requestsMax, `${await questions.fired()} questions`);
    await harness.pass(3 * intervalMs);
    assert.deepEqual(
      await repairs(harness),
      gone.map((id) => ({ id, kind: 'no longer visible' })),
    );
    await shops.expectWhole();
  });
}

/** Requests that ask for anything of the object. */
const countRequests = ({ harness, sobject }: { harness: ClockHarness; sobject: string }) =>
  harness.inject({
    match: { path: '*/composite', user: 'integration', contains: `FROM%20${sobject}` },
    times: null,
    effect: { delayMs: 0 },
  });

test('a backfill whose pages are cut keeps its chains: as soon as their length is known, it asks for several at once', async () => {
  await using shops = await openShops(1_200, { pageRows: 400 });
  await shops.cut(50);
  const requests = await countRequests(shops);
  await shops.harness.copy();
  const asked = await requests.fired();
  assert.equal((await shops.ids()).length, 1_200);
  // One learns how long pages are, six take four of them each beside the poll, and the poll goes on.
  assert.ok(asked <= 1 + 6 + 2, `${asked} requests, where a page each would be 24`);
  await shops.expectWhole();
});

test('an object with more than 400 fields, whose pages the org cuts by itself, is copied in chains too', async () => {
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
  await shops.harness.copy();
  assert.ok(
    (await requests.fired()) <= 3,
    `${await requests.fired()} requests, where a page each would be 5`,
  );
  await shops.expectWhole();
});

test('records that are read again by their Ids on cut pages all come, and those that are absent go', async () => {
  await using shops = await openShops(600);
  const { harness, sobject, table } = shops;
  await harness.copy();
  const asked = (await shops.ids()).slice(0, 300);
  const gone = asked.slice(0, 15);
  await loseTraceless(harness, gone);
  await harness.mirror.query(
    sql`UPDATE ${table} SET name = 'Edited by hand' WHERE id = ANY (${asked.slice(15)})`,
  );
  await shops.cut(40);
  const questions = await shops.counting('Id IN');
  const syncRequest = harness.holder.syncRequest('refetch', [sobject], asked);
  await harness.pass(8 * intervalMs);
  assert.deepEqual((await syncRequest).skipped, []);
  assert.ok((await questions.fired()) <= 285 / 40 + 3, `${await questions.fired()} questions`);
  assert.deepEqual(await countRepairs(harness), [{ kind: 'edited', count: 285 }]);
  const left = await shops.ids();
  assert.deepEqual(
    gone.filter((id) => left.includes(id)),
    [],
  );
  await shops.expectWhole();
});

test('a day on which the count differs is repaired on cut pages, with what is missing and what is surplus', async () => {
  await using shops = await openShops(600);
  const { harness, table } = shops;
  await harness.copy();
  const ids = await shops.ids();
  const gone = ids.slice(0, 3);
  await harness.mirror.query(sql`DELETE FROM ${table} WHERE id = ANY (${ids.slice(3, 300)})`);
  await loseTraceless(harness, gone);
  await shops.cut(40);
  const questions = await shops.counting('ORDER BY Id LIMIT');
  await harness.advance(24 * hourMs);
  await harness.pass(3 * hourMs);
  assert.ok((await questions.fired()) <= 600 / 40 + 3, `${await questions.fired()} pages of records`);
  assert.deepEqual(await countRepairs(harness), [
    { kind: 'missing', count: 297 },
    { kind: 'no longer visible', count: 3 },
  ]);
  assert.deepEqual(new Set(await shops.ids()), new Set(ids.slice(3)));
  await shops.expectWhole();
});
