/** Reads the values of single CSV records, for those that PostgreSQL cannot take as they are. */
import { isUtf8 } from 'node:buffer';
import { type CsvSlice, recordAt } from '../core/csv-slice.ts';
import { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';

const cell = /"((?:[^"]|"")*)"|([^",\n]*)/y;

/** The values of one record, unquoted. */
export function csvCells(record: Buffer): string[] {
  const text = record.toString('utf8').replace(/\r?\n$/, '');
  const cells: string[] = [];
  for (let at = 0; at <= text.length; ) {
    cell.lastIndex = at;
    const [whole, quoted, plain] = cell.exec(text) ?? [''];
    cells.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    at += whole.length;
    if (at < text.length && text[at] !== ',')
      throw new Fault('DATA-03', { where: 'a record of a Bulk result' });
    at += 1;
  }
  return cells;
}

/**
 * The same records as a page of a query would have them: an empty value is null, and the text of any other is what
 * JSON would give. NUL characters are removed and counted; a record that is not UTF-8 is unstorable.
 *
 * @throws Fault `DATA-03`: a record with another number of values
 */
export function pageOfRecords(slice: CsvSlice, fields: readonly string[]): Page {
  const records: string[] = [];
  const unstorable: { id: RecordId; text: string }[] = [];
  let nulsRemoved = 0;
  let lastId: RecordId | null = null;
  for (const nth of slice.starts.keys()) {
    const bytes = recordAt(slice, nth);
    const cells = csvCells(bytes);
    if (cells.length !== fields.length) throw new Fault('DATA-03', { where: 'a record of a Bulk result' });
    const values = cells.map((value) => value.replaceAll('\0', ''));
    nulsRemoved += cells.reduce((sum, value, at) => sum + value.length - (values[at]?.length ?? 0), 0);
    const text = `{${fields.map((field, at) => `${JSON.stringify(field)}:${jsonOf(values[at] ?? '')}`).join()}}`;
    const id = (values[0] ?? '') as RecordId;
    lastId = id;
    if (isUtf8(bytes)) records.push(text);
    else unstorable.push({ id, text });
  }
  return {
    records: `[${records.join()}]`,
    count: slice.starts.length,
    last: null,
    lastId,
    done: true,
    unstorable,
    nulsRemoved,
  };
}

function jsonOf(value: string): string {
  if (value === '') return 'null';
  return value === 'true' || value === 'false' ? value : JSON.stringify(value);
}
