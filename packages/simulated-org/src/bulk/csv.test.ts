import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import fc from 'fast-check';
import { CsvReader, csvForm, csvValues, delimiters, lineEndings } from './csv.ts';

const comma = { delimiter: ',', lineEnding: '\n' };

function read(pieces: readonly string[], form = comma): string[][] {
  const reader = new CsvReader(form);
  const records: string[][] = [];
  const take = () => {
    for (let record = reader.next(); record; record = reader.next()) records.push(record);
  };
  for (const piece of pieces) {
    reader.push(piece);
    take();
  }
  reader.end();
  take();
  return records;
}

test('values are read with and without quotes, and are not trimmed', () => {
  const text = 'a, b ,"c, ""d""\n\r\ne"\n\n"",,"x"\nlast';
  assert.deepEqual(read([text]), [['a', ' b ', 'c, "d"\n\r\ne'], ['', '', 'x'], ['last']]);
  assert.deepEqual(read([]), []);
  assert.deepEqual(read(['\n\n']), []);
});

test('text that is not CSV of the given form is refused', () => {
  for (const text of [
    'a"b',
    '"a',
    '"a"b',
    '"a" ,b',
    'a\r\nb',
    '"a"\r\nb',
    'x'.repeat(32_001),
    ','.repeat(5000),
  ]) {
    assert.throws(() => read([text]), { name: 'JobFailure' }, text.slice(0, 20));
  }
  assert.throws(
    () => read(['a\nb'], { delimiter: ',', lineEnding: '\r\n' }),
    /Current LineEnding setting is CRLF$/,
  );
  assert.throws(() => read(['a\r\nb']), /^JobFailure: ClientInputError : LineEnding is invalid on user data/);
  assert.throws(() => read([`"${'x'.repeat(900_000)}`]), { name: 'JobFailure' });
});

test('written CSV reads back the same, in any form and split anywhere', () => {
  const value = fc.string({
    unit: fc.constantFrom('a', '"', ',', '\n', '\r', '\t', '|', '^', '`', ';', 'é', ' '),
  });
  const property = fc.property(
    fc.array(fc.array(value, { minLength: 2, maxLength: 4 }), { maxLength: 6 }),
    fc.constantFrom(...Object.keys(delimiters)),
    fc.constantFrom(...Object.keys(lineEndings)),
    fc.array(fc.nat(200), { maxLength: 5 }),
    (records, column_delimiter, line_ending, cuts) => {
      const form = csvForm({ column_delimiter, line_ending });
      const text = records.map((record) => csvValues(record, form) + form.lineEnding).join('');
      const places = [
        0,
        ...cuts.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b),
        text.length,
      ];
      const pieces = places.slice(1).map((end, at) => text.slice(places[at], end));
      assert.deepEqual(read(pieces, form), records);
    },
  );
  assertProperty(property, { numRuns: 300 });
});
