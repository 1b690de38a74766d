import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

/** Values written to Salesforce as JSON text, and what SQL shows. */
const fields: readonly { field: string; json: string; shows: string | null }[] = [
  { field: 'External_Id__c', json: '"EXT \'quoted\' \\"twice\\""', shows: `EXT 'quoted' "twice"` },
  { field: 'Status__c', json: '"Draft"', shows: 'Draft' },
  { field: 'Tags__c', json: '"a;b"', shows: 'a;b' },
  { field: 'Channel__c', json: '"Post"', shows: 'Post' },
  { field: 'Billing_Email__c', json: '"zoë@example.com"', shows: 'zoë@example.com' },
  { field: 'Billing_Phone__c', json: '"+49 (0) 30/1"', shows: '+49 (0) 30/1' },
  {
    field: 'Portal_Url__c',
    json: '"https://example.com/a?b=c&d=%20"',
    shows: 'https://example.com/a?b=c&d=%20',
  },
  { field: 'Issued_On__c', json: '"1700-01-01"', shows: '1700-01-01' },
  { field: 'Due_At__c', json: '"4000-12-31T23:59:59.000Z"', shows: '4000-12-31 23:59:59+00' },
  { field: 'Cutoff_Time__c', json: '"14:30:05.000Z"', shows: '14:30:05' },
  { field: 'Paid_Amount__c', json: '9007199254740993.1', shows: '9007199254740993.1' },
  { field: 'Discount__c', json: '0.1', shows: '0.1' },
  { field: 'Exchange_Rate__c', json: '123456789012.345678', shows: '123456789012.345678' },
  { field: 'Installments__c', json: '-12345678', shows: '-12345678' },
  { field: 'Ledger_Number__c', json: '123456789012345678', shows: '123456789012345678' },
  { field: 'Is_Disputed__c', json: 'true', shows: 't' },
  { field: 'Place__Latitude__s', json: '52.520008', shows: '52.520008' },
  { field: 'Settings__c', json: '{"a": 1.10, "b": [null, "x"]}', shows: '{"a": 1.10, "b": [null, "x"]}' },
  { field: 'Summary__c', json: '"line\\nbreak\\ttab \\u2028 \\\\"', shows: 'line\nbreak\ttab \u2028 \\' },
  { field: 'Note__c', json: `"${'x'.repeat(130_000)} 😀 שלום"`, shows: `${'x'.repeat(130_000)} 😀 שלום` },
];

test('values of every field type go from Salesforce’s answer to SQL unchanged', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Invoice__c'] });
  harness.startWorker();
  await harness.untilComplete();
  const body = `{${fields.map(({ field, json }) => `"${field}": ${json}`).join(', ')}}`;
  const created = await harness.org.request('POST', `${dataPath}/sobjects/Invoice__c`, {
    body,
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(created.status, 201, created.text);
  const { id } = created.json as { id: string };
  await harness.until(
    sql`SELECT EXISTS (SELECT FROM salesforce.invoice__c WHERE id = ${id})`,
    'the invoice is there',
  );
  const [row] = await harness.reader.query<Record<string, string | null>>(
    sql`SELECT * FROM salesforce.invoice__c WHERE id = ${id}`,
  );
  for (const { field, shows } of fields) assert.equal(row?.[field.toLowerCase()], shows, field);
  assert.equal(row?.total__c !== null, true, 'a roll-up is there');
  assert.equal(row?.balance__c !== null, true, 'a formula is there');
  assert.equal('place__c' in (row ?? {}), false, 'a compound field has no column, but its parts have');
  assert.equal('tax_number__c' in (row ?? {}), false, 'encrypted text is left out');
});

test('a record without any value is a row of nulls', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Invoice__c'] });
  const answer = await harness.call('POST', `${dataPath}/sobjects/Invoice__c`, {});
  const { id } = JSON.parse(answer.text) as { id: string };
  const [row] = await harness.reader.query<Record<string, string | null>>(
    sql`SELECT * FROM salesforce.invoice__c WHERE id = ${id}`,
  );
  for (const { field } of fields.filter(({ field }) => field !== 'Is_Disputed__c')) {
    assert.equal(row?.[field.toLowerCase()], null, field);
  }
});

test('NUL is removed and counted; a lone surrogate sets its row aside and no other', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead'] });
  harness.startWorker();
  await harness.untilComplete();
  const [nul, lone, good] = await harness.reader.query<{ id: string }>(
    sql`SELECT id FROM salesforce.lead ORDER BY id LIMIT 3`,
  );
  await harness.org.db.query(sql`
    UPDATE org."Lead"
       SET "Company" = CASE "Id" WHEN ${nul?.id} THEN 'a' || U&'\\E0000000' || 'b'
                                 WHEN ${lone?.id} THEN U&'\\E000D800' || 'x'
                                 ELSE 'good' END,
           "SystemModstamp" = date_trunc('second', clock_timestamp())
     WHERE "Id" IN (${nul?.id}, ${lone?.id}, ${good?.id})`);
  await harness.until(
    sql`SELECT company = 'good' FROM salesforce.lead WHERE id = ${good?.id}`,
    'the good record of the page is applied',
  );
  const [row] = await harness.reader.query(sql`SELECT company FROM salesforce.lead WHERE id = ${nul?.id}`);
  assert.deepEqual(row, { company: 'ab' });
  const [aside] = await harness.admin.query<{ id: string; code: string; record: string }>(
    sql`SELECT id, code, record FROM _lockstep.quarantine`,
  );
  assert.equal(aside?.id, lone?.id);
  assert.match(aside?.record ?? '', /\\ud800x/i);
  const [counted] = await harness.admin.query(
    sql`SELECT nuls_removed > 0 AS counted FROM _lockstep.checkpoint`,
  );
  assert.deepEqual(counted, { counted: true });
});
