/** Bulk gives the same rows as pages of a query, value for value, in every version, and whatever its lists say. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import {
  type BulkHarness,
  completions,
  followObject,
  idsInOrg,
  jobs,
  makeObject,
  openBulkHarness,
  untilLogged,
} from '@lockstep/harness/bulk-harness';
import { startOrg } from '@lockstep/harness/org';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

/** One field of each type that Bulk reads. */
const fields = [
  { name: 'Text__c', type: 'string', length: 255 },
  { name: 'Long__c', type: 'textarea', length: 131_072 },
  { name: 'Picked__c', type: 'picklist', picklist: ['null', 'N/A', 'a'] },
  { name: 'Many__c', type: 'multipicklist', picklist: ['a', 'b', 'c;d'] },
  { name: 'Combo__c', type: 'combobox', length: 255 },
  { name: 'Mail__c', type: 'email' },
  { name: 'Call__c', type: 'phone' },
  { name: 'Page__c', type: 'url' },
  { name: 'Owner2__c', type: 'reference', referenceTo: ['Account'] },
  { name: 'Yes__c', type: 'boolean' },
  { name: 'Int__c', type: 'int' },
  { name: 'Whole__c', type: 'long' },
  { name: 'Double__c', type: 'double', precision: 18, scale: 6 },
  { name: 'Money__c', type: 'currency', precision: 18, scale: 2 },
  { name: 'Share__c', type: 'percent', precision: 18, scale: 9 },
  { name: 'Day__c', type: 'date' },
  { name: 'Moment__c', type: 'datetime' },
  { name: 'Clock__c', type: 'time' },
  { name: 'Any__c', type: 'anyType' },
  { name: 'Twice__c', type: 'double', precision: 18, scale: 2, formula: 'Money__c * 2' },
];

const texts = fc.oneof(
  fc.constantFrom(
    ...['null', 'N/A', '#N/A', 'None', 'NaN', 'true', 'false', '0012', '1e5', '\\N', '\\.', 'a\n\\.\nb'],
    ...['"', '""', 'a"b', ',', 'a,b', '\r', 'a\rb', '\r\n', 'a\r\nb', "it's", '{"a":1}', 'x\\', '\u2028'],
    ...['\u{1f600}', 'é', 'e\u0301', '\u05e9\u05dc\u05d5\u05dd', '\u0001', '\t', 'a\0b', '\ufeff', '\ufffd'],
  ),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const orNone = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 5 });
const scaled = (scale: number, digits: number) =>
  fc
    .tuple(fc.bigInt({ min: -(10n ** BigInt(digits)), max: 10n ** BigInt(digits) }), fc.nat(scale))
    .map(([units, places]) => Number(`${units}e-${places}`));
const whole = { min: -99_999_999, max: 99_999_999 };
const day = fc
  .date({ min: new Date('1700-01-01'), max: new Date('4000-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString());
const record = fc.record({
  Text__c: orNone(texts.map((text) => text.slice(0, 80))),
  Long__c: orNone(
    fc.oneof(
      texts,
      texts.map((text) => text.repeat(200).slice(0, 20_000)),
    ),
  ),
  Note__c: orNone(texts),
  Picked__c: orNone(fc.constantFrom('null', 'N/A', 'a')),
  Many__c: orNone(fc.constantFrom('a', 'a;b')),
  Combo__c: orNone(texts.map((text) => text.slice(0, 80))),
  Mail__c: orNone(fc.constantFrom('a@example.com', 'o\'neil+"x"@example.com')),
  Call__c: orNone(fc.constantFrom('+49 (0) 30', '0012')),
  Page__c: orNone(fc.constantFrom('https://example.com/?a=1,2&b="3"')),
  Yes__c: fc.boolean(),
  Int__c: orNone(fc.integer(whole)),
  Whole__c: orNone(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }).map(Number)),
  Double__c: orNone(scaled(6, 11)),
  Money__c: orNone(scaled(2, 12)),
  Share__c: orNone(scaled(4, 8)),
  Day__c: orNone(day.map((text) => text.slice(0, 10))),
  Moment__c: orNone(day.map((text) => `${text.slice(0, 19)}Z`)),
  Clock__c: orNone(day.map((text) => text.slice(11))),
  Any__c: orNone(fc.oneof(fc.integer(), fc.boolean(), fc.constantFrom('x', 'a"b\n', '7', '2026-01-02'))),
});

const count = 1_200;
const writtenCount = 300;

/** Every value as PostgreSQL prints it, by Id. */
async function rowsOf({ harness, table }: BulkHarness): Promise<string[]> {
  const rows = await harness.mirror.query<{ row: string }>(sql`
    SELECT to_jsonb(t)::text AS row FROM (SELECT * FROM ${ident('salesforce', table)} ORDER BY id) t`);
  return rows.map(({ row }) => row);
}

async function mirrored(sobject: string, rows: number): Promise<string[]> {
  await using followed = await followObject({ org, sobject, rows });
  const { harness } = followed;
  await harness.finishBackfill();
  assert.equal(completions(harness), rows === 20 ? 1 : 0);
  const aside = await harness.mirror.query(sql`SELECT id, column_name, code FROM _lockstep.quarantine`);
  assert.deepEqual(aside, []);
  return rowsOf(followed);
}

test('a row that was read by Bulk is the same as by a page of a query, whatever values its fields have', async () => {
  const [accountId = ''] = await idsInOrg(org, 'Account', 1);
  await assertProperty(
    fc.asyncProperty(
      fc.array(record, { minLength: writtenCount, maxLength: writtenCount }),
      async (records) => {
        const sobject = await makeObject(org, count, {
          fields,
          prepare: async (made) => {
            const ids = await idsInOrg(org, made, writtenCount);
            const writes = records.map((values, nth) => ({
              update: ids[nth],
              values: { ...values, Owner2__c: nth % 2 ? accountId : null },
            }));
            await org.control('/records/write', { writes });
          },
        });
        const byBulk = await mirrored(sobject, 20);
        const byPages = await mirrored(sobject, 2_000);
        assert.equal(byPages.length, count);
        for (const [nth, row] of byPages.entries()) assert.deepEqual(byBulk[nth], row);
      },
    ),
    { numRuns: 2, endOnFailure: true },
  );
});

test('before version 58.0 each page names the next, and the backfill is the same', async () => {
  await using shops = await openBulkHarness({ org, count: 3_500, apiVersion: '57.0' });
  const { harness } = shops;
  const lists = await harness.inject({
    match: { path: '*/resultPages' },
    times: null,
    effect: { delayMs: 0 },
  });
  await harness.finishBackfill();
  assert.deepEqual([completions(harness), jobs(harness), await lists.fired()], [1, 1, 0]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a list that leads back to a page makes another job necessary, and nothing is missing', async () => {
  await using shops = await openBulkHarness({ org, count: 2_000 });
  const { harness } = shops;
  const held = await harness.inject({
    match: { path: '*/resultPages' },
    times: null,
    effect: { respond: { status: 503 } },
  });
  await untilLogged(harness, 'bulk results ready');
  const [cursor] = await harness.mirror.query<{ position: { job: { id: string } } }>(
    sql`SELECT position FROM _lockstep.cursor WHERE kind = 'bulk'`,
  );
  const results = `/services/data/v62.0/jobs/query/${cursor?.position.job.id}/results?maxRecords=1000`;
  await held.end();
  await harness.inject({
    match: { path: '*/resultPages' },
    times: 1,
    effect: {
      respond: {
        status: 200,
        body: { resultPages: [{ resultUrl: results }, { resultUrl: results }], done: true },
      },
    },
  });
  await harness.finishBackfill();
  assert.match(harness.log.text(), /its list of pages repeats one/);
  assert.equal(jobs(harness), 2);
  await harness.expectConverged();
});
