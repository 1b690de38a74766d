import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0/sobjects';
const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;

interface Deleted {
  deletedRecords: { id: string; deletedDate: string }[];
  earliestDateAvailable: string;
  latestDateCovered: string;
}
interface Updated {
  ids: string[];
  latestDateCovered: string;
}

/** The last whole minute before the tests began; `minute` counts back from it. */
const lastMinute = Math.floor(Date.now() / minuteMs) * minuteMs;
const minute = (back = 0): number => lastMinute - back * minuteMs;
const text = (time: number): string => new Date(time).toISOString().replace('Z', '+0000');

const ask = (sobject: string, kind: 'updated' | 'deleted', start: string | number, end: string | number) => {
  const written = (time: string | number) => (typeof time === 'number' ? new Date(time).toISOString() : time);
  const q = new URLSearchParams({ start: written(start), end: written(end) });
  return org.request('GET', `${data}/${sobject}/${kind}/?${q.toString()}`);
};

const deletedIn = async (sobject: string, start: number, end: number): Promise<Deleted> =>
  (await ask(sobject, 'deleted', start, end)).json as Deleted;

async function create(sobject: string, body: object): Promise<string> {
  const created = await org.request('POST', `${data}/${sobject}`, { body });
  assert.equal(created.status, 201, created.text);
  return (created.json as { id: string }).id;
}

/** Deletes a record and backdates the deletion. */
async function deleteAt(sobject: string, id: string, time: number): Promise<void> {
  assert.equal((await org.request('DELETE', `${data}/${sobject}/${id}`)).status, 204);
  await org.db.query(
    sql`UPDATE simulator.deletion SET deleted_at = ${text(time)}::timestamptz WHERE record_id = ${id}`,
  );
}

const stampAt = (id: string, time: number) =>
  org.db.query(
    sql`UPDATE org."Account" SET "SystemModstamp" = ${text(time)}::timestamptz WHERE "Id" = ${id}`,
  );

test('updated lists the Ids changed from the first minute on and before the last', async () => {
  const [before, first, inside, last] = [
    await create('Account', { Name: 'before' }),
    await create('Account', { Name: 'first' }),
    await create('Account', { Name: 'inside' }),
    await create('Account', { Name: 'last' }),
  ];
  await stampAt(before, minute(30) - 1000);
  await stampAt(first, minute(30));
  await stampAt(inside, minute(20) - 1000);
  await stampAt(last, minute(20));

  // Both times are truncated to the minute.
  const answer = await ask('Account', 'updated', minute(30) + 59_000, minute(20) + 59_000);

  const { ids, latestDateCovered } = answer.json as Updated;
  const asked = ids.filter((id) => [before, first, inside, last].includes(id));
  assert.deepEqual(asked, [first, inside].toSorted());
  assert.equal(latestDateCovered, text(minute(20)));
});

test('a deleted record moves from the updated to the deleted Ids', async () => {
  const id = await create('Account', { Name: 'gone' });
  await deleteAt('Account', id, minute(10));
  await stampAt(id, minute(10));

  const found = await deletedIn('Account', minute(11), minute(9));
  const changed = (await ask('Account', 'updated', minute(11), minute(9))).json as Updated;

  assert.deepEqual(found.deletedRecords, [{ id, deletedDate: text(minute(10)) }]);
  assert.equal(found.latestDateCovered, text(minute(9)));
  assert.ok(!changed.ids.includes(id));
  assert.deepEqual((await deletedIn('Contact', minute(11), minute(9))).deletedRecords, []);
});

test("both answer with dates in Salesforce's format, to clients that use an offset too", async () => {
  const start = text(minute(5)).replace('+0000', '+00:00');
  for (const kind of ['updated', 'deleted'] as const) {
    const answer = await ask('User', kind, start, text(minute()));
    assert.equal(answer.status, 200, answer.text);
    assert.match((answer.json as Updated).latestDateCovered, /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000\+0000$/);
  }
});

test('dates that are malformed, too old, reversed or in the future are refused', async () => {
  const cases: [string | number, string | number, string][] = [
    [minute(1), minute(1) + 30_000, 'INVALID_REPLICATION_DATE'],
    [minute(1), minute(5), 'INVALID_REPLICATION_DATE'],
    [minute(1), minute(-60), 'INVALID_REPLICATION_DATE'],
    [minute() - 31 * dayMs, minute(), 'INVALID_REPLICATION_DATE'],
    ['yesterday', minute(), 'INVALID_FIELD'],
    ['2026-13-45T99:00:00Z', minute(), 'INVALID_FIELD'],
    [minute(1), '', 'MISSING_ARGUMENT'],
  ];
  for (const kind of ['updated', 'deleted'] as const) {
    for (const [start, end, code] of cases) {
      const answer = await ask('Account', kind, start, end);
      assert.equal(answer.status, 400);
      assert.equal((answer.json as { errorCode: string }[])[0]?.errorCode, code, `${start} ${end}`);
    }
  }
  const [twoWeeks, month] = [minute() - 16 * dayMs, minute() - 29 * dayMs];
  assert.equal((await ask('Account', 'deleted', twoWeeks, minute())).status, 400);
  assert.equal((await ask('Account', 'updated', month, minute())).status, 200);
  assert.equal((await org.request('POST', `${data}/Account/updated`, { body: {} })).status, 405);
});

test('deletions are available for 15 days, or since the delete log was purged', async () => {
  const id = await create('Account', { Name: 'gone' });
  await deleteAt('Account', id, minute(40));
  const before = await deletedIn('Account', minute(41), minute(39));
  assert.equal(before.deletedRecords.length, 1);
  const days = (Date.now() - Date.parse(before.earliestDateAvailable)) / dayMs;
  assert.ok(days >= 15 && days < 15.01, `${days} days`);

  await org.control('/deleteLog/purge', { before: new Date(minute(39)).toISOString() });

  const after = await deletedIn('Account', minute(41), minute(38));
  assert.deepEqual(after.deletedRecords, []);
  assert.equal(after.earliestDateAvailable, text(minute(39)));
});
