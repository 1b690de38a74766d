/** The descriptions of objects in the recorded answers of real orgs, in the form that the product takes. */
import { isObject } from '@lockstep/foundation/exact-json';
import type { Describe, DescribeField } from 'lockstep/core/describe';
import { readRecorded, recordedFiles } from './recorded-fixtures.ts';

type Members = Readonly<Record<string, unknown>>;

/** Complete descriptions, each as one org has given it. */
export const completeDescribes = (): Describe[] =>
  describeFiles((answer) =>
    Array.isArray(answer.fields) ? [describeFrom(String(answer.name), answer)] : [],
  );

/** Objects of which only the fields were published, by name; the later of two files counts. */
export const fieldLists = (): Describe[] => {
  const all = describeFiles((answer) =>
    Object.entries(answer).flatMap(([name, listed]) =>
      isObject(listed) && Array.isArray(listed.fields) ? [describeFrom(name, listed)] : [],
    ),
  );
  return [...new Map(all.map((describe) => [describe.name, describe])).values()];
};

const describeFiles = (from: (answer: Members) => Describe[]): Describe[] =>
  recordedFiles()
    .filter((path) => path.startsWith('describe/'))
    .flatMap((path) => from(readRecorded(path) as Members));

/** What a recording lacks is as in most objects. */
const describeFrom = (name: string, { fields, keyPrefix, label, custom }: Members): Describe => ({
  name,
  label: typeof label === 'string' ? label : name,
  custom: custom === true,
  queryable: true,
  retrieveable: true,
  replicateable: true,
  keyPrefix: typeof keyPrefix === 'string' ? keyPrefix : null,
  fields: (fields as readonly Members[]).map(fieldFrom),
});

const fieldFrom = (field: Members): DescribeField => ({
  name: String(field.name),
  label: String(field.label),
  type: String(field.type),
  calculated: field.calculated === true,
  filterable: field.filterable !== false,
  sortable: field.sortable !== false,
  referenceTo: Array.isArray(field.referenceTo) ? field.referenceTo.map(String) : [],
  relationshipOrder: field.relationshipOrder == null ? null : 0,
});
