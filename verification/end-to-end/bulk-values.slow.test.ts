/** A backfill by Bulk API 2.0 leaves the rows that reading the same records by REST would. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const sobject = 'Every_Type__c';

/** With a namespace of 15 characters and a name of 40; the coordinates have 71, and PostgreSQL's names end after 63. */
const place = `fifteen_letters__${'Place'.padEnd(40, 'x')}`;

const fields = [
  { name: `${place}__c`, type: 'location' },
  { name: 'Text__c', type: 'string', length: 255 },
  { name: 'Note__c', type: 'textarea', length: 32_000 },
  { name: 'Tags__c', type: 'multipicklist', picklist: ['a', 'b', 'c;d'] },
  { name: 'Whole__c', type: 'int' },
  { name: 'Amount__c', type: 'currency', precision: 18, scale: 2 },
  { name: 'Ratio__c', type: 'double', precision: 18, scale: 15 },
  { name: 'Share__c', type: 'percent', precision: 18, scale: 4 },
  { name: 'Open__c', type: 'boolean' },
  { name: 'Due__c', type: 'date' },
  { name: 'Seen__c', type: 'datetime' },
  { name: 'Opens__c', type: 'time' },
  { name: 'Twice__c', type: 'double', formula: 'Whole__c * 2' },
];

/** With these the object is large enough for a Bulk job. */
const generated = 1_000;

/** Values of a record each. */
const records: readonly object[] = [
  {},
  { Text__c: 'comma, "quotes" and \\backslash\\', Note__c: 'one\r\ntwo\n\n\\.\nthree\ttab' },
  { Text__c: ' spaces kept ', Note__c: '\\.' },
  { Text__c: 'NULL', Note__c: '\\N' },
  { Text__c: '#N/A', Note__c: 'null' },
  { Text__c: '😀 👩‍👩‍👧 שלום مرحبا \u2028 end', Note__c: `${'x'.repeat(31_000)} ü` },
  { Text__c: 'true', Note__c: '1' },
  { Text__c: '007', Note__c: '1E5' },
  { [`${place}__Longitude__s`]: 13.4, [`${place}__Latitude__s`]: 52.5, Tags__c: 'a;b' },
  { Whole__c: -99_999_999, Amount__c: 9_999_999.99, Ratio__c: 0.001 },
  { Whole__c: 0, Amount__c: 10_000_000, Ratio__c: 0.0009 },
  { Whole__c: 99_999_999, Amount__c: -123_456_789_012.34, Ratio__c: 0.123456789012345 },
  { Amount__c: 0, Share__c: 12.5 },
  { Open__c: true, Due__c: '1700-01-01', Seen__c: '1700-01-01T00:00:00Z', Opens__c: '00:00:00Z' },
  { Open__c: false, Due__c: '4000-12-31', Seen__c: '4000-12-31T23:59:59Z', Opens__c: '23:59:59.999Z' },
  { Due__c: '2024-02-29', Seen__c: '2026-03-29T01:30:00+01:00', Opens__c: '14:30:05Z' },
];

const rowsOf = (harness: ClockHarness) =>
  harness.mirror.query<Record<string, string>>(sql`
    SELECT *, xmin::text AS _written FROM ${ident('salesforce', sobject.toLowerCase())} ORDER BY id`);

test('records read by Bulk are the same as read by REST, whatever their values are', async () => {
  await org.control('/sobjects/create', { name: sobject, nameNumber: 'E-', fields });
  await org.control('/records/generate', { sobject, count: generated });
  for (const body of records) {
    const made = await org.request('POST', `${dataPath}/sobjects/${sobject}`, { body });
    assert.equal(made.status, 201, made.text);
  }
  await org.control('/clock/advance', { ms: 24 * 3_600_000 }); // old enough that no poll reads them
  await using harness = await openClockHarness({
    org,
    sobjects: [sobject],
    intervalMs: 30_000,
    pageRows: 20,
  });
  await harness.finishBackfill();
  assert.match(harness.log.text(), /bulk backfill complete/);
  const byBulk = await rowsOf(harness);
  assert.equal(byBulk.length, generated + records.length);
  const placed = byBulk.find(({ tags__c }) => tags__c === 'a;b') ?? {};
  assert.ok(Object.values(placed).map(String).includes('13.4'), 'a coordinate with a long name is there');
  assert.deepEqual(
    await harness.mirror.query(sql`SELECT id, column_name, code FROM _lockstep.set_aside`),
    [],
  );

  const ids = byBulk.slice(-records.length).map(({ id }) => id ?? '');
  assert.ok(ids.includes(String(placed.id)), 'these are the records with special values');
  const again = harness.holder.syncRequest('refetch', [sobject], ids); // queries by Id, which are REST
  assert.deepEqual((await harness.untilDone(again)).setAside, []);
  assert.deepEqual(await rowsOf(harness), byBulk, 'no row was written again');
  await harness.expectConverged();
});
