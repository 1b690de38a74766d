/** One row, whatever form its values come in: JSON of a query, or CSV of a Bulk job. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDestinationHarness, record } from '@lockstep/harness/destination';
import { csvOf, type FieldName, fittingValues, oneOfEach, unfitValues } from '@lockstep/harness/field-values';
import { assertProperty } from '@lockstep/harness/property';
import fc from 'fast-check';

const inJson = (number: number, field: string, json: string) =>
  JSON.stringify(record(number)).replace(/\}$/, `,"${field}":${json}}`);

/** The record as Bulk gives it: every value is text, an empty one null. */
const inCsv = (number: number, field: string, text: string) =>
  record(number, {
    IsDeleted: 'false',
    SystemModstamp: '2026-01-01T00:00:00.000Z',
    [field]: text === '' ? null : text,
  });

const openTwo = () => openDestinationHarness({ fields: oneOfEach, streams: ['Account', 'Lead'] });

test('a value gives the same row by REST and by Bulk', async () => {
  await using harness = await openTwo();
  const both = fittingValues.flatMap(([field, json]) => {
    const csv = csvOf(field, json);
    return csv === null ? [] : [{ field, json, csv }];
  });
  const nulls = Object.keys(oneOfEach).flatMap((field) => {
    const csv = csvOf(field as FieldName, 'null');
    return csv === null ? [] : [{ field, json: 'null', csv }];
  });
  const values = [...both, ...nulls];
  await harness.apply(values.map(({ field, json }, number) => inJson(number, field, json)));
  const sobject = 'Lead';
  await harness.apply(
    values.map(({ field, csv }, number) => inCsv(number, field, csv)),
    { sobject },
  );
  assert.deepEqual(await harness.rows(sobject), await harness.rows());
  assert.equal((await harness.rows()).length, values.length);
  const again = await harness.apply(values.map(({ field, csv }, number) => inCsv(number, field, csv)));
  assert.equal(again.unchanged, values.length, 'a later reading in the other form changes nothing');
});

test('what does not fit is set aside by REST and by Bulk', async () => {
  await using harness = await openTwo();
  const texts = unfitValues.flatMap(([field, json]) => {
    const csv = csvOf(field, json);
    return csv ? [{ field, csv }] : [];
  });
  assert.ok(texts.length > 50);
  const { applied, quarantined } = await harness.apply(
    texts.map(({ field, csv }, number) => inCsv(number, field, csv)),
  );
  assert.deepEqual([applied, quarantined], [0, texts.length]);
});

const dates = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const iso = (date: Date) => date.toISOString();
/** PostgreSQL prints no zeros at the end of a fraction. */
const clock = (date: Date) =>
  iso(date)
    .slice(11, 23)
    .replace(/\.?0*$/, (end) => (end.startsWith('.') ? '' : end.replace(/0+$/, '')));

/** Digits before and after the point, without zeros at their ends; Salesforce's numbers have up to 18. */
const decimals = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 1n, max: 999_999_999_999_999_999n }), fc.integer({ min: 0, max: 18 }))
  .map(([isNegative, whole, scale]) => {
    const digits = String(whole).replace(/0+$/, '');
    const point = digits.length - scale;
    const plain =
      point > 0
        ? `${digits.slice(0, point)}${scale > 0 ? '.' : ''}${digits.slice(point)}`
        : `0.${'0'.repeat(-point)}${digits}`;
    const exponent = `${digits[0]}.${digits.slice(1) || '0'}E${point - 1}`;
    const sign = isNegative ? '-' : '';
    return { plain: `${sign}${plain}`, exponent: `${sign}${exponent}` };
  });

/** Texts that PostgreSQL can store. */
const texts = fc
  .string({ unit: 'binary', maxLength: 60 })
  .filter((text) => text.isWellFormed() && !text.includes('\0'));

/** A field, its value in JSON, and the text of its column. */
const values = fc.oneof(
  texts.map((text) => ['Textarea__c', JSON.stringify(text), text] as const),
  fc.boolean().map((is) => ['Boolean__c', String(is), is ? 't' : 'f'] as const),
  fc
    .integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    .map((number) => ['Int__c', String(number), String(number)] as const),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((number) => ['Long__c', String(number), String(number)] as const),
  decimals.map(({ plain }) => ['Double__c', plain, plain] as const),
  decimals.map(({ plain, exponent }) => ['Currency__c', exponent, plain] as const),
  dates.map((date) => ['Date__c', JSON.stringify(iso(date).slice(0, 10)), iso(date).slice(0, 10)] as const),
  dates.map(
    (date) =>
      [
        'Datetime__c',
        JSON.stringify(iso(date).replace('Z', '+0000')),
        `${iso(date).slice(0, 10)} ${clock(date)}+00`,
      ] as const,
  ),
  dates.map((date) => ['Time__c', JSON.stringify(iso(date).slice(11)), clock(date)] as const),
);

/** Without the zeros that `1.0E-4` has at its end, which say nothing. */
const shown = (field: FieldName, text: string | null | undefined) =>
  ['Double__c', 'Currency__c'].includes(field) && text?.includes('.') ? text.replace(/\.?0+$/, '') : text;

test('any value of a type is in its column as Salesforce wrote it', async () => {
  await using harness = await openTwo();
  let next = 0;
  await assertProperty(
    fc.asyncProperty(fc.array(values, { minLength: 60, maxLength: 120 }), async (given) => {
      const from = next;
      next += given.length;
      const page = given.map(([field, json], place) => inJson(from + place, field, json));
      const { applied } = await harness.apply(page);
      assert.equal(applied, given.length);
      const rows = (await harness.rows()).slice(from);
      for (const [place, [field, json, text]] of given.entries())
        assert.equal(shown(field, rows[place]?.[field.toLowerCase()]), text, `${field} ${json}`);
    }),
    { numRuns: 15 },
  );
});
