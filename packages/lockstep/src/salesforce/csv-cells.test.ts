/** The values of CSV records, for those that PostgreSQL cannot take as they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import type { CsvSlice } from '../core/csv-slice.ts';
import { Fault } from '../core/faults.ts';
import { csvCells, pageOfRecords } from './csv-cells.ts';

const id = 'a01000000000001AAA';
const damaged = (error: unknown) =>
  error instanceof Fault && error.code === 'DATA-03' && error.safe.where === 'a record of a Bulk result';

function sliceOf(...records: readonly (string | Buffer)[]): CsvSlice {
  const parts = records.map((record) => Buffer.from(record));
  const starts = parts.map((_, nth) => parts.slice(0, nth).reduce((sum, { length }) => sum + length, 0));
  return { bytes: Buffer.concat(parts), starts, isSuspect: true };
}

test('each value is what was written, whatever characters it has', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed());
  const values = fc.array(fc.oneof(text, fc.constantFrom('"', '""', ',', '\n', '\r\n', '')), {
    minLength: 1,
  });
  assertProperty(
    fc.property(values, (cells) => {
      const record = `${cells.map((value) => `"${value.replaceAll('"', '""')}"`).join()}\n`;
      assert.deepEqual(csvCells(Buffer.from(record)), cells);
    }),
  );
});

test('values may lack quotes, and a line may end in CRLF', () => {
  assert.deepEqual(csvCells(Buffer.from('a,"b",,\r\n')), ['a', 'b', '', '']);
  assert.deepEqual(csvCells(Buffer.from('a')), ['a']);
  assert.deepEqual(csvCells(Buffer.from('\n')), ['']);
});

test('a record with something behind a quoted value is refused', () => {
  for (const record of ['"a"b\n', '"a" ,"b"\n', 'a"b"\n', '"a""\n', '"a\n']) {
    assert.throws(() => csvCells(Buffer.from(record)), damaged, record);
  }
});

test('a value of millions of characters is read', () => {
  const long = 'ab"\n'.repeat(2_000_000);
  assert.deepEqual(csvCells(Buffer.from(`"${id}","${long.replaceAll('"', '""')}"\n`)), [id, long]);
});

test('records become a page of a query: empty is null, and text is text, even if it looks like something else', () => {
  const fields = ['Id', 'Name', 'Open__c', 'Amount__c'];
  const page = pageOfRecords(
    sliceOf(`"${id}","null","true","1.50"\n`, `"${id}","","false",""\n`, `"${id}","#N/A","",""\n`),
    fields,
  );
  assert.deepEqual(JSON.parse(page.records), [
    { Id: id, Name: 'null', Open__c: true, Amount__c: '1.50' },
    { Id: id, Name: null, Open__c: false, Amount__c: null },
    { Id: id, Name: '#N/A', Open__c: null, Amount__c: null },
  ]);
  assert.deepEqual([page.count, page.lastId, page.nulsRemoved, page.done], [3, id, 0, true]);
});

test('NUL characters are removed and counted; a value of nothing else is null', () => {
  const page = pageOfRecords(sliceOf(`"${id}","a\0b\0"\n`, `"${id}","\0"\n`), ['Id', 'Name']);
  assert.deepEqual(JSON.parse(page.records), [
    { Id: id, Name: 'ab' },
    { Id: id, Name: null },
  ]);
  assert.equal(page.nulsRemoved, 3);
});

test('a record that is not UTF-8 cannot be stored; the others of its slice can', () => {
  const broken = Buffer.from(`"${id}","caf\xe9"\n`, 'latin1');
  const page = pageOfRecords(sliceOf(`"${id}","é"\n`, broken), ['Id', 'Name']);
  assert.deepEqual(JSON.parse(page.records), [{ Id: id, Name: 'é' }]);
  assert.deepEqual(page.unstorable, [{ id, text: JSON.stringify({ Id: id, Name: 'caf\ufffd' }) }]);
  assert.equal(page.count, 2);
});

test('a record with a value too many or too few is refused', () => {
  for (const record of [`"${id}"\n`, `"${id}","a","b"\n`])
    assert.throws(() => pageOfRecords(sliceOf(record), ['Id', 'Name']), damaged, record);
});
