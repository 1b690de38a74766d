import { audit, isDeleted, recordId, text } from '../objects/fields.ts';
import type { FieldDef, SObjectDef } from './schema.ts';

/** For tests: a custom sobject with the standard fields and these. */
export const sampleSObject = (name: string, keyPrefix: string, ...fields: FieldDef[]): SObjectDef => ({
  name,
  label: name,
  labelPlural: `${name}s`,
  keyPrefix,
  custom: true,
  deletable: true,
  fields: [recordId('Record ID'), isDeleted, ...audit, text('Name', 'Name', 80), ...fields],
});
