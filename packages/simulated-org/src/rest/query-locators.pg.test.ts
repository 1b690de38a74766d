import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 3000 });
after(() => org[Symbol.asyncDispose]());

interface Page {
  totalSize: number;
  done: boolean;
  nextRecordsUrl?: string;
  records: { Id: string; Title: string | null }[];
}

const headers = { 'Sforce-Query-Options': 'batchSize=200' };
const query = async (soql: string, resource = 'query') =>
  (await org.request('GET', `/services/data/v62.0/${resource}?q=${encodeURIComponent(soql)}`, { headers }))
    .json as Page;
const next = async ({ nextRecordsUrl }: Page) =>
  (await org.request('GET', nextRecordsUrl ?? '')).json as Page;

async function rest(first: Page): Promise<Page[]> {
  const pages = [first];
  for (let last = first; last.nextRecordsUrl; last = pages.at(-1) ?? last) pages.push(await next(last));
  return pages;
}

const idsOf = (pages: Page[]) => pages.flatMap((page) => page.records.map(({ Id }) => Id));

const soql = "SELECT Id, Title FROM Contact WHERE Title != 'Nobody' ORDER BY LastName, Id";

test('writes between the pages of a result neither repeat nor drop a record', async () => {
  const before = idsOf(await rest(await query(soql)));

  const first = await query(soql);
  // The last becomes the first in the order, and ten new ones come before all others.
  await org.db.query(sql`UPDATE org."Contact" SET "LastName" = 'AAAA' WHERE "Id" = ${before.at(-1)}`);
  for (let i = 0; i < 10; i += 1) {
    const made = await org.request('POST', '/services/data/v62.0/sobjects/Contact', {
      body: { LastName: `AA${i}` },
    });
    assert.equal(made.status, 201, made.text);
  }

  assert.deepEqual(idsOf(await rest(first)), before);
});

test('records are read with their page, and one deleted before that is missing from it', async () => {
  const before = idsOf(await rest(await query(soql)));
  const [changed = '', deleted = ''] = before.slice(300);

  const first = await query(soql);
  await org.db.query(sql`UPDATE org."Contact" SET "Title" = 'Nobody' WHERE "Id" = ${changed}`);
  const gone = await org.request('DELETE', `/services/data/v62.0/sobjects/Contact/${deleted}`);
  assert.equal(gone.status, 204);

  const pages = await rest(first);
  assert.deepEqual(
    idsOf(pages),
    before.filter((id) => id !== deleted),
  );
  assert.equal(pages[1]?.records.length, 199);
  assert.match(pages[1]?.nextRecordsUrl ?? '', /-400$/);
  const record = pages[1]?.records.find(({ Id }) => Id === changed);
  assert.equal(record?.Title, 'Nobody', 'it no longer matches, and shows its current value');
  assert(pages.every(({ totalSize }) => totalSize === before.length));

  const all = await query(soql.replace("WHERE Title != 'Nobody'", ''), 'queryAll');
  assert(idsOf(await rest(all)).includes(deleted));
});

test('a page can be read again, starting at any of its records', async () => {
  const first = await query(soql);
  const all = idsOf(await rest(first));
  const from = async (offset: number) =>
    (await org.request('GET', (first.nextRecordsUrl ?? '').replace(/-200$/, `-${offset}`))).json as Page;
  for (const offset of [0, 1, 199, 200, all.length - 1]) {
    const { records, totalSize, done } = await from(offset);
    assert.deepEqual(
      records.map(({ Id }) => Id),
      all.slice(offset, offset + 200),
    );
    assert.deepEqual([totalSize, done], [all.length, offset + 200 >= all.length]);
  }
});

test('a limited result ends at its limit', async () => {
  const pages = await rest(await query(`${soql} LIMIT 450 OFFSET 100`));
  assert.deepEqual(
    pages.map(({ totalSize, done, records }) => [totalSize, done, records.length]),
    [
      [450, false, 200],
      [450, false, 200],
      [450, true, 50],
    ],
  );
  assert.equal((await query(`${soql} LIMIT 200`)).done, true);
});

test('locators that are two days old are refused, and deleted when the next one is created', async () => {
  const old = await query(soql);
  await org.db.query(
    sql`UPDATE simulator.locator SET created_at = created_at - interval '2 days' + interval '1 minute'`,
  );
  assert.equal((await next(old)).records.length, 200);
  await org.db.query(sql`UPDATE simulator.locator SET created_at = created_at - interval '1 minute'`);

  const answer = await org.request('GET', old.nextRecordsUrl ?? '');

  assert.equal(answer.status, 400);
  assert.deepEqual(answer.json, [{ message: 'invalid query locator', errorCode: 'INVALID_QUERY_LOCATOR' }]);
  await query(soql);
  const [left] = await org.db.query<{ count: number }>(sql`SELECT count(*) AS count FROM simulator.locator`);
  assert.equal(left?.count, 1);
});
