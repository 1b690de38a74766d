import * as fc from 'fast-check';

/** One field of each type that Bulk reads. */
export const fieldsOfEachType = [
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
    'null',
    'N/A',
    '#N/A',
    'None',
    'NaN',
    'true',
    'false',
    '0012',
    '1e5',
    '\\N',
    '\\.',
    'a\n\\.\nb',
    '"',
    '""',
    'a"b',
    ',',
    'a,b',
    '\r',
    'a\rb',
    '\r\n',
    'a\r\nb',
    "it's",
    '{"a":1}',
    'x\\',
    '\u2028',
    '\u{1f600}',
    'é',
    'e\u0301',
    '\u05e9\u05dc\u05d5\u05dd',
    '\u0001',
    '\t',
    'a\0b',
    '\ufeff',
    '\ufffd',
  ),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
/** Not within a surrogate pair. */
const cut = (text: string, length: number) => text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
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
  Text__c: orNone(texts.map((text) => cut(text, 80))),
  Long__c: orNone(
    fc.oneof(
      texts,
      texts.map((text) => cut(text.repeat(200), 20_000)),
    ),
  ),
  Note__c: orNone(texts),
  Picked__c: orNone(fc.constantFrom('null', 'N/A', 'a')),
  Many__c: orNone(fc.constantFrom('a', 'a;b')),
  Combo__c: orNone(texts.map((text) => cut(text, 80))),
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

/** Random values of these fields and of `Note__c`, edge cases among them; the same for the same seed. */
export const valuesOfEachType = (count: number, seed: number): Record<string, unknown>[] =>
  fc.sample(record, { numRuns: count, seed });
