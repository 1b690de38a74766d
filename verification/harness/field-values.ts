/** Values of every field type: as Salesforce's JSON has them, and as a column shows them. */

/** A field of each type, and one of a type that nobody knows yet. */
export const oneOfEach = {
  Reference__c: 'reference',
  String__c: 'string',
  Url__c: 'url',
  Email__c: 'email',
  Phone__c: 'phone',
  Picklist__c: 'picklist',
  Combobox__c: 'combobox',
  Group__c: 'datacategorygroupreference',
  Textarea__c: 'textarea',
  Multi__c: 'multipicklist',
  Base64__c: 'base64',
  Boolean__c: 'boolean',
  Int__c: 'int',
  Long__c: 'long',
  Double__c: 'double',
  Currency__c: 'currency',
  Percent__c: 'percent',
  Date__c: 'date',
  Datetime__c: 'datetime',
  Time__c: 'time',
  AnyType__c: 'anyType',
  Complex__c: 'complexvalue',
  Json__c: 'json',
  Hologram__c: 'hologram',
} as const;

export type FieldName = keyof typeof oneOfEach;

/** JSON as Salesforce writes it, and the text that the column then has. */
// biome-ignore format: a table
export const fittingValues: readonly [field: FieldName, json: string, text: string][] = [
  ['Reference__c', '"005D0000001KyFrIAK"', '005D0000001KyFrIAK'],
  ['String__c', '"plain"', 'plain'],
  ['String__c', '""', ''],
  ['String__c', `"it's \\"quoted\\" \\\\ {braces} %s $1"`, `it's "quoted" \\ {braces} %s $1`],
  ['String__c', '"null"', 'null'],
  ['String__c', '" kept spaces "', ' kept spaces '],
  ['String__c', '"\\ud83d\\ude00 👩‍👩‍👧 שלום مرحبا \u2028 end"', '😀 👩‍👩‍👧 שלום مرحبا \u2028 end'],
  ['String__c', '"a literal \\\\u0000 stays"', 'a literal \\u0000 stays'],
  ['Url__c', '"https://example.com/?a=b&c=%20"', 'https://example.com/?a=b&c=%20'],
  ['Email__c', '"o\'neil@example.com"', "o'neil@example.com"],
  ['Phone__c', '"+49 (30) 1234"', '+49 (30) 1234'],
  ['Picklist__c', '"Hot; really"', 'Hot; really'],
  ['Combobox__c', '"Call"', 'Call'],
  ['Group__c', '"Geography:USA"', 'Geography:USA'],
  ['Textarea__c', '"one\\r\\ntwo\\n\\tthree"', 'one\r\ntwo\n\tthree'],
  ['Textarea__c', `"${'ä'.repeat(131_072)}"`, 'ä'.repeat(131_072)],
  ['Multi__c', '"red;green;blue"', 'red;green;blue'],
  ['Base64__c', '"/services/data/v64.0/sobjects/Attachment/00P/Body"', '/services/data/v64.0/sobjects/Attachment/00P/Body'],
  ['Boolean__c', 'true', 't'],
  ['Boolean__c', 'false', 'f'],
  ['Int__c', '42', '42'],
  ['Int__c', '-2147483648', '-2147483648'],
  ['Int__c', '2147483647', '2147483647'],
  ['Int__c', '7.0', '7'],
  ['Long__c', '9223372036854775807', '9223372036854775807'],
  ['Long__c', '12.00', '12'],
  ['Double__c', '9007199254740993.10', '9007199254740993.10'],
  ['Double__c', '0.123456789012345678', '0.123456789012345678'],
  ['Double__c', '-0', '0'],
  ['Double__c', '1.5E-7', '0.00000015'],
  ['Currency__c', '999999999999999999', '999999999999999999'],
  ['Currency__c', '3.5E8', '350000000'],
  ['Currency__c', '1.6147805824397E13', '16147805824397'],
  ['Currency__c', '1.0E18', '1000000000000000000'],
  ['Percent__c', '12.50', '12.50'],
  ['Date__c', '"1700-01-01"', '1700-01-01'],
  ['Date__c', '"4000-12-31"', '4000-12-31'],
  ['Date__c', '"2024-02-29"', '2024-02-29'],
  ['Date__c', '"2000-02-29"', '2000-02-29'],
  ['Date__c', '"0001-01-01"', '0001-01-01'],
  ['Date__c', '"9999-12-31"', '9999-12-31'],
  ['Datetime__c', '"2026-11-24T08:00:00.000+0000"', '2026-11-24 08:00:00+00'],
  ['Datetime__c', '"1700-01-01T00:00:00.000+0000"', '1700-01-01 00:00:00+00'],
  ['Datetime__c', '"4000-12-31T23:59:59.999+0000"', '4000-12-31 23:59:59.999+00'],
  ['Datetime__c', '"0001-01-01T00:00:00.000+0000"', '0001-01-01 00:00:00+00'],
  ['Datetime__c', '"2026-11-24T08:00:00.000Z"', '2026-11-24 08:00:00+00'],
  ['Datetime__c', '"2026-11-24T08:00:00Z"', '2026-11-24 08:00:00+00'],
  ['Datetime__c', '"2026-11-24T08:00:00.000+0530"', '2026-11-24 02:30:00+00'],
  ['Datetime__c', '"2026-11-24T08:00:00-08:00"', '2026-11-24 16:00:00+00'],
  ['Time__c', '"23:59:59.999Z"', '23:59:59.999'],
  ['Time__c', '"00:00:00.000Z"', '00:00:00'],
  ['Time__c', '"14:30:05"', '14:30:05'],
  ['AnyType__c', '"some text"', 'some text'],
  ['AnyType__c', '12.50', '12.50'],
  ['Complex__c', '{"b": [1, null, "é"], "a": true}', '{"a": true, "b": [1, null, "é"]}'],
  ['Json__c', '[]', '[]'],
  ['Hologram__c', '3.5E8', '3.5E8'],
  ['Hologram__c', '{"x": 1}', '{"x": 1}'],
];

/** Texts that PostgreSQL casts without an error, and whose meaning a cast would change or make up. */
// biome-ignore format: a table
const unlikeSalesforce: readonly [field: FieldName, texts: readonly string[]][] = [
  ['Int__c', ['+1', ' 1', '1 ', '0x10', '0b1', '0o7', '1_000', '1e3', '']],
  ['Long__c', ['0x10', '1_000', '']],
  ['Double__c', ['NaN', 'Infinity', '-Infinity', 'inf', '+5', '.5', '5.', ' 1', '0x10', '1_000', '']],
  ['Boolean__c', ['t', 'yes', 'on', '1', 'TRUE', '']],
  ['Date__c', ['now', 'today', 'epoch', 'infinity', '20240229', '2/3/2024', '2024-02-29T10:00:00.000Z', '']],
  ['Date__c', ['0000-01-01', '2023-02-29', '1900-02-29', '2024-13-01', '2024-00-10', '2024-04-31', '2024-04-00']],
  ['Datetime__c', ['now', 'infinity', '2024-02-29', '2024-02-29T10:00:00', '2024-02-29T10:00:00.000', '']],
  ['Datetime__c', ['2024-02-29 10:00:00Z', '2024-02-29T10:00:00.000 PST', '1539024446000']],
  ['Datetime__c', ['2024-02-30T10:00:00.000+0000', '2024-02-29T10:60:00.000Z', '0000-01-01T00:00:00.000Z']],
  ['Time__c', ['now', 'allballs', '2:30 PM', '143000', '14:30', '14:30:00.000+0200', '14:60:00.000Z', '']],
  ['Time__c', ['2024-02-29T14:30:00.000Z']],
];

/** JSON of values that do not fit their column. */
// biome-ignore format: a table
export const unfitValues: readonly [field: FieldName, json: string][] = [
  ['Int__c', '1.5'],
  ['Int__c', '2147483648'],
  ['Long__c', '9223372036854775808'],
  ['Date__c', '"2024-02-30"'],
  ['Date__c', '"soon"'],
  ['Datetime__c', '"2026-11-24T25:00:00.000+0000"'],
  ['Time__c', '"25:00:00.000Z"'],
  ['Double__c', '"many"'],
  ['Double__c', '1e400000'],
  ['Boolean__c', '"perhaps"'],
  ...unlikeSalesforce.flatMap(([field, texts]) =>
    texts.map((text): [FieldName, string] => [field, JSON.stringify(text)]),
  ),
];

/** Fields that no Bulk query may select, or whose values have no CSV form. */
const withoutCsv: readonly FieldName[] = ['Base64__c', 'AnyType__c', 'Complex__c', 'Json__c', 'Hologram__c'];

/**
 * The same value in the results of a Bulk query, unquoted. Null is empty, so an empty text cannot be told from it;
 * numbers are as in JSON, datetimes end in Z.
 *
 * @returns null: the value has no such form
 */
export function csvOf(field: FieldName, json: string): string | null {
  if (withoutCsv.includes(field) || json === '""') return null;
  if (json === 'null') return '';
  if (!json.startsWith('"')) return json;
  const text = String(JSON.parse(json));
  return field === 'Datetime__c' ? text.replace(/\+0000$/, 'Z') : text;
}
