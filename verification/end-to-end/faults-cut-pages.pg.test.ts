/**
 * Pages that Salesforce ends before the limit that was asked for. They cost requests, and nothing else: every pass
 * ends, finds what it is there to find, and asks about as often as its rows fill pages.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage, type StageOptions } from '@lockstep/harness/stage';

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
  { fields = [], ...options }: Partial<StageOptions> & { fields?: readonly object[] } = {},
) {
  await using undo = new AsyncDisposableStack();
  const sobject = `Shop${++objectsMade}__c`;
  await org.control('/sobjects/create', { name: sobject, nameNumber: 'S-', fields });
  await org.control('/records/generate', { sobject, count });
  await org.control('/clock/advance', { ms: 24 * hourMs }); // so that no poll reads them
  const stage = undo.use(await openStage({ org, sobjects: [sobject], intervalMs, ...options }));
  const table = ident('salesforce', sobject.toLowerCase());
  const ends = undo.move();
  return {
    stage,
    sobject,
    table,
    /** The mirror's own, in its order. */
    ids: async () =>
      (await stage.mirror.query<{ id: string }>(sql`SELECT id FROM ${table} ORDER BY id`)).map(
        ({ id }) => id,
      ),
    cut: (...rows: readonly number[]) => org.control('/queries/cut', { sobject, rows }),
    /** Counts the queries that name this, alone or within requests. */
    counting: (contains: string) =>
      stage.strike({ match: { contains, inside: 'only' }, times: null, effect: { delayMs: 0 } }),
    /** What was cut counts no more, and the mirror is what the org holds. */
    async expectWhole() {
      await org.control('/queries/lift', { sobject });
      await stage.settle();
      await stage.expectConverged();
      await stage.expectRest();
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Deleted for good, in a way that only a comparison of Ids can find. */
async function loseTraceless(stage: Stage, ids: readonly string[]) {
  const respond = { status: 200, body: emptyLog };
  await stage.strike({ match: { path: '*/deleted*', inside: 'only' }, times: null, effect: { respond } });
  await org.control('/records/hardDelete', { ids });
}

const repairs = (stage: Stage) => stage.mirror.query(sql`SELECT id, kind FROM _lockstep.repair ORDER BY id`);

const countRepairs = (stage: Stage) =>
  stage.mirror.query(sql`SELECT kind, count(*) FROM _lockstep.repair GROUP BY kind ORDER BY kind`);

const sweptAt = async (stage: Stage) => {
  const [cursor] = await stage.mirror.query<{ at: number }>(
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
    const { stage } = shops;
    await stage.copy();
    const ids = await shops.ids();
    const gone = [0, 100, 101, 599].flatMap((place) => ids[place] ?? []);
    const before = await sweptAt(stage);
    await loseTraceless(stage, gone);
    await shops.cut(...cuts);
    const questions = await shops.counting('Id IN');
    for (let rounds = 0; rounds < 60 && (await sweptAt(stage)) === before; rounds++)
      await stage.pass(intervalMs);
    assert.notEqual(await sweptAt(stage), before, 'it has ended');
    assert.ok((await questions.fired()) <= requestsMax, `${await questions.fired()} questions`);
    await stage.pass(3 * intervalMs);
    assert.deepEqual(
      await repairs(stage),
      gone.map((id) => ({ id, kind: 'no longer visible' })),
    );
    await shops.expectWhole();
  });
}

/** Requests that ask for anything of the object. */
const countRequests = ({ stage, sobject }: { stage: Stage; sobject: string }) =>
  stage.strike({
    match: { path: '*/composite', user: 'integration', contains: `FROM%20${sobject}` },
    times: null,
    effect: { delayMs: 0 },
  });

test('a first copy whose pages are cut keeps its chains: as soon as their length is known, it asks for several at once', async () => {
  await using shops = await openShops(1_200, { pageRows: 400 });
  await shops.cut(50);
  const requests = await countRequests(shops);
  await shops.stage.copy();
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
  await shops.stage.copy();
  assert.ok(
    (await requests.fired()) <= 3,
    `${await requests.fired()} requests, where a page each would be 5`,
  );
  await shops.expectWhole();
});

test('records that are read again by their Ids on cut pages all come, and those that are absent go', async () => {
  await using shops = await openShops(600);
  const { stage, sobject, table } = shops;
  await stage.copy();
  const asked = (await shops.ids()).slice(0, 300);
  const gone = asked.slice(0, 15);
  await loseTraceless(stage, gone);
  await stage.mirror.query(
    sql`UPDATE ${table} SET name = 'Edited by hand' WHERE id = ANY (${asked.slice(15)})`,
  );
  await shops.cut(40);
  const questions = await shops.counting('Id IN');
  const syncRequest = stage.holder.syncRequest('refetch', [sobject], asked);
  await stage.pass(8 * intervalMs);
  assert.deepEqual((await syncRequest).skipped, []);
  assert.ok((await questions.fired()) <= 285 / 40 + 3, `${await questions.fired()} questions`);
  assert.deepEqual(await countRepairs(stage), [{ kind: 'edited', count: 285 }]);
  const left = await shops.ids();
  assert.deepEqual(
    gone.filter((id) => left.includes(id)),
    [],
  );
  await shops.expectWhole();
});

test('a day on which the count differs is repaired on cut pages, with what is missing and what is surplus', async () => {
  await using shops = await openShops(600);
  const { stage, table } = shops;
  await stage.copy();
  const ids = await shops.ids();
  const gone = ids.slice(0, 3);
  await stage.mirror.query(sql`DELETE FROM ${table} WHERE id = ANY (${ids.slice(3, 300)})`);
  await loseTraceless(stage, gone);
  await shops.cut(40);
  const questions = await shops.counting('ORDER BY Id LIMIT');
  await stage.advance(24 * hourMs);
  await stage.pass(3 * hourMs);
  assert.ok((await questions.fired()) <= 600 / 40 + 3, `${await questions.fired()} pages of records`);
  assert.deepEqual(await countRepairs(stage), [
    { kind: 'missing', count: 297 },
    { kind: 'no longer visible', count: 3 },
  ]);
  assert.deepEqual(new Set(await shops.ids()), new Set(ids.slice(3)));
  await shops.expectWhole();
});
