/** Records of any object, with values at the edges of each field's type, and what their rows show. */
import type { Describe } from 'lockstep/core/describe';
import { idOf } from './destination.ts';
import { fittingValues, oneOfEach } from './field-values.ts';

/** Fields of these types get no column: compounds, whose parts are fields of their own, and encrypted text. */
const withoutColumn: ReadonlySet<string> = new Set(['address', 'location', 'encryptedstring']);

type Value = readonly [json: string, text: string];

const valuesOf: ReadonlyMap<string, readonly Value[]> = new Map(
  Object.entries(oneOfEach).map(([name, type]) => [
    type,
    fittingValues.flatMap(([field, ...value]): Value[] => (field === name ? [value] : [])),
  ]),
);
const ofUnknownType = valuesOf.get('hologram') ?? [];

const recordsEach = Math.max(...[...valuesOf.values()].map(({ length }) => length));

export interface TypedRecord {
  /** As Salesforce answers it. */
  json: string;
  /** Its row: column name to text. */
  row: Record<string, string>;
}

/** As many records as the type with the most values has; the n-th has the n-th value of each type. */
export const typedRecords = (describe: Describe): TypedRecord[] =>
  Array.from({ length: recordsEach }, (_, number) => typedRecord(describe, number));

function typedRecord({ name, fields }: Describe, number: number): TypedRecord {
  const members: string[] = [`"attributes":{"type":"${name}"}`];
  const row: Record<string, string> = {};
  for (const field of fields) {
    const [json, text] = valueOf(field, number);
    members.push(`${JSON.stringify(field.name)}:${json}`);
    if (!withoutColumn.has(field.type)) row[field.name.toLowerCase()] = text;
  }
  return { json: `{${members.join(',')}}`, row };
}

function valueOf({ name, type }: Describe['fields'][number], number: number): Value {
  if (type === 'id') return [JSON.stringify(idOf(number)), idOf(number)];
  if (name === 'IsDeleted') return ['false', 'f'];
  const values = valuesOf.get(type) ?? ofUnknownType;
  return values[number % values.length] ?? ['null', ''];
}
