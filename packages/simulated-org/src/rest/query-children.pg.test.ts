import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 2000 });
after(() => org[Symbol.asyncDispose]());

interface Result<Record> {
  totalSize: number;
  done: boolean;
  nextRecordsUrl?: string;
  records: Record[];
}
interface Line {
  attributes: object;
  Id: string;
}
interface Invoice extends Line {
  Invoice_Lines__r: Result<Line> | null;
}
interface Account extends Line {
  Invoices__r: Result<Invoice> | null;
}

const get = async <Value>(path: string): Promise<Value> => {
  const answer = await org.request('GET', path, { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Value;
};
const query = <Record>(soql: string, version = 'v62.0') =>
  get<Result<Record>>(`/services/data/${version}/query?q=${encodeURIComponent(soql)}`);

async function rest<Record>(first: Result<Record>): Promise<Result<Record>[]> {
  const pages = [first];
  for (let next = first.nextRecordsUrl; next; next = pages.at(-1)?.nextRecordsUrl) {
    pages.push(await get<Result<Record>>(next));
  }
  return pages;
}

// The first account has an invoice of 450 lines, the second 3 invoices of 90 lines; the others have fewer than 50.
const accounts = await org.db.query<{ id: string }>(
  sql`SELECT "Id" AS id FROM org."Account" WHERE NOT "IsDeleted" ORDER BY "Id" LIMIT 40`,
);
await org.db.query(sql`UPDATE org."Invoice_Line__c" SET "IsDeleted" = true`);
await org.db.query(sql`UPDATE org."Invoice__c" SET "IsDeleted" = true`);
let count = 0;

async function addInvoice(accountId: string, lines: number): Promise<string> {
  count += 1;
  const invoiceId = `a009${String(count).padStart(11, '0')}AAA`;
  await org.db.query(sql`
    INSERT INTO org."Invoice__c"
    SELECT (jsonb_populate_record(NULL::org."Invoice__c", to_jsonb(one) || ${JSON.stringify({
      Id: invoiceId,
      Account__c: accountId,
      IsDeleted: false,
      External_Id__c: null,
    })}::jsonb)).* FROM (SELECT * FROM org."Invoice__c" LIMIT 1) one`);
  await org.db.query(sql`
    INSERT INTO org."Invoice_Line__c"
    SELECT (jsonb_populate_record(NULL::org."Invoice_Line__c", to_jsonb(one) || jsonb_build_object(
             'Id', 'a01' || lpad((${count} * 1000 + n)::text, 12, '9') || 'AAA', 'Invoice__c', ${invoiceId}::text,
             'IsDeleted', false, 'External_Id__c', null, 'Position__c', n))).*
      FROM (SELECT * FROM org."Invoice_Line__c" LIMIT 1) one, generate_series(1, ${lines}) n`);
  return invoiceId;
}

const large = await addInvoice(accounts[0]?.id ?? '', 450);
for (let i = 0; i < 3; i += 1) await addInvoice(accounts[1]?.id ?? '', 90);
for (const { id } of accounts.slice(2)) await addInvoice(id, 45);

test('a result of children that does not fit a batch has its own next page', async () => {
  const first = await query<Invoice>(
    `SELECT Id, (SELECT Id, Position__c FROM Invoice_Lines__r ORDER BY Position__c DESC) FROM Invoice__c WHERE Id = '${large}'`,
  );
  const [invoice] = first.records;
  assert.deepEqual([first.totalSize, first.done, first.records.length], [1, true, 1]);
  assert(invoice?.Invoice_Lines__r);

  const pages = await rest(invoice.Invoice_Lines__r);
  assert.deepEqual(
    pages.map(({ totalSize, done, records }) => [totalSize, done, records.length]),
    [
      [450, false, 199],
      [450, false, 200],
      [450, true, 51],
    ],
  );
  assert.match(pages[0]?.nextRecordsUrl ?? '', /^\/services\/data\/v62\.0\/query\/0r8\w{15}-199$/);
  const positions = pages.flatMap((page) =>
    page.records.map((line) => 'Position__c' in line && line.Position__c),
  );
  assert.deepEqual(
    positions,
    Array.from({ length: 450 }, (_, i) => 450 - i),
  );
});

test("a subquery's own limit and offset end its pages", async () => {
  const read = async (window: string) => {
    const first = await query<Invoice>(
      `SELECT (SELECT Id FROM Invoice_Lines__r ${window}) FROM Invoice__c WHERE Id = '${large}'`,
    );
    const lines = first.records[0]?.Invoice_Lines__r;
    assert(lines);
    return (await rest(lines)).map(({ totalSize, records }) => `${records.length} of ${totalSize}`);
  };
  assert.deepEqual(await read('LIMIT 199'), ['199 of 199']);
  assert.deepEqual(await read('LIMIT 250'), ['199 of 250', '51 of 250']);
  assert.deepEqual(await read('LIMIT 300 OFFSET 440'), ['10 of 10']);
  assert.deepEqual(await read('OFFSET 440'), ['10 of 10']);
});

test('children count as rows of a batch: a record that does not fit with its children begins the next', async () => {
  const soql = 'SELECT Id, (SELECT Id FROM Invoice_Lines__r) FROM Invoice__c ORDER BY Id';
  const pages = await rest(await query<Invoice>(soql));

  const invoices = pages.flatMap((page) => page.records);
  assert.equal(invoices.length, 1 + 3 + 38);
  assert.equal(new Set(invoices.map(({ Id }) => Id)).size, invoices.length);
  for (const { records, totalSize, done } of pages) {
    const rows = records.map(({ Invoice_Lines__r: lines }) => 1 + (lines?.records.length ?? 0));
    assert(rows.reduce((sum, one) => sum + one, 0) <= 200);
    assert.equal(totalSize, invoices.length);
    assert.equal(done, records === pages.at(-1)?.records);
  }
  assert.equal(pages[0]?.records.length, 1, 'the lines of the first fill the batch');
  assert.equal(pages[1]?.records.length, 2, 'two invoices of 90 lines');
  const seen = invoices.reduce((sum, { Invoice_Lines__r: lines }) => sum + (lines?.totalSize ?? 0), 0);
  assert.equal(seen, 450 + 3 * 90 + 38 * 45);
});

test('children of children are paged too, also on a page of the children', async () => {
  const soql = `SELECT Id, (SELECT Id, (SELECT Id FROM Invoice_Lines__r ORDER BY Position__c) FROM Invoices__r ORDER BY Id)
    FROM Account WHERE Id IN ('${accounts[0]?.id}', '${accounts[1]?.id}') ORDER BY Id`;
  const pages = await rest(await query<Account>(soql));
  const found = pages.flatMap((page) => page.records);
  const [first, second] = found;
  assert.equal(first?.Invoices__r?.totalSize, 1);
  const lines = first?.Invoices__r?.records[0]?.Invoice_Lines__r;
  assert(lines);
  assert.deepEqual(
    (await rest(lines)).map(({ records }) => records.length),
    [199, 200, 51],
  );
  assert.deepEqual(
    second?.Invoices__r?.records.map((invoice) => invoice.Invoice_Lines__r?.totalSize),
    [90, 90, 90],
  );
  assert.equal(pages.length, 2);
});

test('before version 58.0 children have no children', async () => {
  const soql = 'SELECT Id, (SELECT Id, (SELECT Id FROM Invoice_Lines__r) FROM Invoices__r) FROM Account';
  assert((await query(soql, 'v58.0')).totalSize > 0);
  const answer = await org.request('GET', `/services/data/v57.0/query?q=${encodeURIComponent(soql)}`);
  const [error] = answer.json as { errorCode: string; message: string }[];
  assert.equal(answer.status, 400);
  assert.equal(error?.errorCode, 'MALFORMED_QUERY');
  assert.match(
    error?.message ?? '',
    /SOQL statements cannot query aggregate relationships more than 1 level away from the root entity object\.$/,
  );
});

test('wide records make a batch smaller, down to the minimum size', async () => {
  await org.db.query(sql`UPDATE org."Invoice_Line__c" SET "Description__c" = repeat('x', 80000)
    WHERE "Invoice__c" = ${large}`);
  const soql = `SELECT Id, Description__c FROM Invoice_Line__c WHERE Invoice__c = '${large}'`;
  const wide = (await org.request('GET', `/services/data/v62.0/query?q=${soql.replaceAll(' ', '+')}`))
    .json as Result<Line>;
  assert.deepEqual([wide.totalSize, wide.done], [450, false]);
  assert(wide.records.length >= 200 && wide.records.length < 250, `${wide.records.length} records`);
  const pages = await rest(wide);
  assert.equal(new Set(pages.flatMap((page) => page.records.map(({ Id }) => Id))).size, 450);
});
