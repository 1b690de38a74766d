/** Whatever the cells are and however the answer is cut on its way, slices are whole records, byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import { faultFrom } from '@lockstep/harness/scripted-org';
import * as fc from 'fast-check';
import { type CsvSlice, idAt, partOf, recordAt, withoutRecords } from '../core/csv-slice.ts';
import { csvCells } from './csv-cells.ts';
import { sliceRecords } from './csv-records.ts';

const fields = ['Id', 'Name', 'Note__c'];
const line = (cells: readonly string[]) =>
  `${cells.map((text) => `"${text.replaceAll('"', '""')}"`).join()}\n`;
const header = line(fields);
const idOf = (number: number) => `a01${String(number).padStart(12, '0')}AAA`;
const recordOf = (number: number, name = 'x', note = '') => line([idOf(number), name, note]);

async function* chunksOf(parts: readonly Buffer[]) {
  yield* parts;
}

async function slicesOf(
  body: string | Buffer,
  { rowsMax = 100, cuts = [] as readonly number[] } = {},
): Promise<CsvSlice[]> {
  const bytes = Buffer.from(body);
  const places = [0, ...cuts.filter((cut) => cut <= bytes.length).toSorted((a, b) => a - b), bytes.length];
  const parts = places.slice(1).map((end, nth) => bytes.subarray(places[nth], end));
  return all(sliceRecords(chunksOf(parts), fields, rowsMax));
}

async function all(slices: AsyncIterable<CsvSlice>): Promise<CsvSlice[]> {
  const given: CsvSlice[] = [];
  for await (const slice of slices) given.push({ ...slice, bytes: Buffer.from(slice.bytes) });
  return given;
}

const joined = (slices: readonly CsvSlice[]) => Buffer.concat(slices.map(({ bytes }) => bytes)).toString();

const awkward = fc.constantFrom(
  '"',
  '""',
  '\n',
  '\r\n',
  ',',
  '\\.',
  '\n\\',
  '',
  ' ',
  '\u2028',
  '😀',
  'é',
  '\\',
);
const cell = fc.array(fc.oneof(awkward, fc.string({ unit: 'grapheme', maxLength: 5 })), { maxLength: 5 });
const cellText = cell.map((parts) => parts.join('').replaceAll('\0', ''));
const rows = fc.array(fc.tuple(cellText, cellText), { maxLength: 30 });

test('the slices of an answer, cut anywhere, are its records byte for byte, with their starts and Ids', async () => {
  await assertProperty(
    fc.asyncProperty(
      rows,
      fc.array(fc.nat(3_000), { maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      async (values, cuts, rowsMax) => {
        const records = values.map(([name, note], nth) => [idOf(nth), name, note]);
        const texts = records.map(line);
        const slices = await slicesOf(header + texts.join(''), { rowsMax, cuts });
        assert.equal(joined(slices), texts.join(''));
        assert.ok(slices.every(({ starts }) => starts.length >= 1 && starts.length <= rowsMax));
        const each = slices.flatMap((slice) => slice.starts.map((_, nth) => ({ slice, nth })));
        assert.deepEqual(
          each.map(({ slice, nth }) => recordAt(slice, nth).toString()),
          texts,
        );
        assert.deepEqual(
          each.map(({ slice, nth }) => idAt(slice, nth)),
          records.map(([id]) => id),
        );
        assert.deepEqual(
          each.map(({ slice, nth }) => csvCells(recordAt(slice, nth))),
          records,
        );
      },
    ),
  );
});

test('large records make smaller slices, and a record may be larger than a slice', async () => {
  const megabyte = 'm'.repeat(1024 * 1024);
  const texts = [recordOf(1), ...[2, 3, 4, 5, 6].map((number) => recordOf(number, megabyte)), recordOf(7)];
  const cuts = Array.from({ length: 90 }, (_, nth) => nth * 64 * 1024);
  const slices = await slicesOf(header + texts.join(''), { cuts });
  assert.equal(joined(slices), texts.join(''));
  assert.ok(slices.length >= 3 && slices.length <= 5);
});

test('a quoted value without an end is refused before it takes all memory', async () => {
  const part = Buffer.alloc(1024 * 1024, 'x');
  async function* endless() {
    yield Buffer.from(`${header}"a01`);
    for (;;) yield part;
  }
  const fault = await faultFrom(all(sliceRecords(endless(), fields, 10)));
  assert.deepEqual([fault.code, fault.safe], ['DATA-03', { where: 'a record of a Bulk result' }]);
});

test('a page may lack the header, which every page repeats, but not have another one', async () => {
  assert.equal(joined(await slicesOf(recordOf(1) + recordOf(2))), recordOf(1) + recordOf(2));
  assert.deepEqual(await slicesOf(header), []);
  const wrong = [
    line(['Name', 'Id', 'Note__c']),
    line(['Id', 'Name']),
    line(['Id', 'Name', 'Note__c', 'More__c']),
    line(['Id', 'name', 'Note__c']),
    line(['ID', 'Name', 'Note__c']),
    '[]\n',
    '<html>\n',
    '\n',
  ];
  for (const first of wrong)
    for (const body of [first + recordOf(1), first]) {
      const fault = await faultFrom(slicesOf(body, { cuts: [1, 5] }));
      assert.deepEqual(
        [fault.code, fault.safe],
        ['DATA-03', { where: 'the columns of a Bulk result' }],
        body,
      );
    }
});

test('an answer without any line has no records', async () => {
  assert.deepEqual(await slicesOf(''), []);
});

test('a header without quotes is the same header', async () => {
  assert.equal(joined(await slicesOf(`Id,Name,Note__c\n${recordOf(1)}`)), recordOf(1));
  assert.equal(joined(await slicesOf(`Id,Name,Note__c\r\n${recordOf(1)}`)), recordOf(1));
});

test('an answer that ends within quotes is refused, after the records before have been given', async () => {
  const whole = header + recordOf(1) + recordOf(2);
  const given: CsvSlice[] = [];
  const reading = async () => {
    for await (const slice of sliceRecords(chunksOf([Buffer.from(whole.slice(0, -2))]), fields, 1))
      given.push(slice);
  };
  const fault = await faultFrom(reading());
  assert.deepEqual([fault.code, fault.safe], ['DATA-03', { where: 'the last record of a Bulk result' }]);
  assert.equal(joined(given), recordOf(1));
});

test('a last record without its line feed is complete, unless it lacks values', async () => {
  const suspect = async (text: string) =>
    (await slicesOf(text, { rowsMax: 1 })).map(({ isSuspect }) => isSuspect);
  const whole = (header + recordOf(1) + recordOf(2)).slice(0, -1);
  assert.equal(joined(await slicesOf(whole, { rowsMax: 1 })), recordOf(1) + recordOf(2));
  assert.deepEqual(await suspect(whole), [false, false]);
  assert.deepEqual(await suspect(`${header}"${idOf(1)}"`), [true]);
  assert.deepEqual(await suspect(`${header}"${idOf(1)}","a","b","c","d"\n`), [true]);
});

test('a slice with a NUL, with bytes that are not UTF-8, or with a line that ends a COPY is suspect', async () => {
  const suspect = async (record: string | Buffer) => {
    const slices = await slicesOf(Buffer.concat([Buffer.from(header), Buffer.from(record)]));
    return slices.map(({ isSuspect }) => isSuspect);
  };
  assert.deepEqual(await suspect(recordOf(1, 'a\0b')), [true]);
  assert.deepEqual(await suspect(recordOf(1, 'a\n\\.\nb')), [true]);
  assert.deepEqual(await suspect(Buffer.from(`"${idOf(1)}","caf\xe9",""\n`, 'latin1')), [true]);
  const loneSurrogate = Buffer.concat([
    Buffer.from(`"${idOf(1)}","`),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from('",""\n'),
  ]);
  assert.deepEqual(await suspect(loneSurrogate), [true]);
  assert.deepEqual(await suspect(recordOf(1, 'é😀\\. \\n', '\n\\\n.')), [false]);
});

test('records can be left out and chosen, and the rest stay whole', async () => {
  const texts = [1, 2, 3, 4].map((number) => recordOf(number, '"\n"', 'é'));
  const [slice] = await slicesOf(header + texts.join(''));
  assert.ok(slice);
  const rest = withoutRecords(slice, (nth) => nth % 2 === 0);
  assert.equal(rest.bytes.toString(), `${texts[1]}${texts[3]}`);
  assert.deepEqual([idAt(rest, 0), idAt(rest, 1)], [idOf(2), idOf(4)]);
  assert.equal(
    withoutRecords(slice, () => false),
    slice,
  );
  const chosen = partOf(slice, [3, 0]);
  assert.equal(chosen.bytes.toString(), `${texts[3]}${texts[0]}`);
  assert.equal(recordAt(chosen, 1).toString(), texts[0]);
  assert.equal(partOf(slice, []).bytes.length, 0);
});

test('a slice stays as it is until the second slice after it is asked for', async () => {
  const records = Array.from({ length: 40 }, (_, number) => recordOf(number));
  const slices = sliceRecords(chunksOf([Buffer.from([header, ...records].join(''))]), fields, 2);
  const slice = async () => (await slices.next()).value as CsvSlice;
  let previous = await slice();
  for (let at = 2; at < records.length; at += 2) {
    const next = await slice();
    assert.equal(previous.bytes.toString(), records.slice(at - 2, at).join(''));
    previous = next;
  }
});
