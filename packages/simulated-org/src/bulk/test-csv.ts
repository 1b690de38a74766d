import { assert } from '@lockstep/foundation/assert';

/** Reads CSV in which every value is quoted, with a regular expression: independent of the product's reader. */
export function readCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  for (const [all, value = '', end] of text.matchAll(/"((?:[^"]|"")*)"(,|\r?\n)/g)) {
    assert(text.startsWith(all, at), 'every value is quoted');
    at += all.length;
    record.push(value.replaceAll('""', '"'));
    if (end === ',') continue;
    records.push(record);
    record = [];
  }
  assert(at === text.length, 'nothing follows the last line');
  return records;
}
