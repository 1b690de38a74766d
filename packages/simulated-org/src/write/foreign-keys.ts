import type { Tx } from '@lockstep/foundation/database';
import { ExactNumber } from '@lockstep/foundation/exact-json';
import { refused } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { sobjectsSeenBy } from '../schema/access.ts';
import { type FieldDef, fieldNamed, isIdLookup, type SObjectDef, type SObjects } from '../schema/schema.ts';
import { findByValue } from './external-ids.ts';
import type { ColumnValues, ForeignKey, GivenValues } from './field-values.ts';
import { parseId } from './ids.ts';
import { toStored } from './stored-text.ts';

/**
 * `"Account": {"External_Id__c": "A-1"}` in a record: a reference by an external id of the other record. It is
 * resolved in the writing transaction, among the records that the user sees.
 *
 * @throws {@link OrgError} INVALID_FIELD if no record has the value, or if the field cannot identify records
 */
export async function resolveForeignKeys(
  tx: Tx,
  by: { org: Org; userId: string },
  given: GivenValues,
): Promise<ColumnValues> {
  const values: ColumnValues = new Map();
  for (const [field, value] of given) {
    values.set(
      field,
      isForeignKey(value) ? await idOf(tx, await sobjectsSeenBy(by.org, by.userId), field, value) : value,
    );
  }
  return values;
}

const isForeignKey = (value: unknown): value is ForeignKey => typeof value === 'object' && value !== null;

async function idOf(tx: Tx, sobjects: SObjects, field: FieldDef, key: ForeignKey): Promise<string | null> {
  const { def, field: keyField } = targetOf(sobjects, field, key);
  const { value } = key;
  if (value === null || value === '') return null;
  const text = value instanceof ExactNumber ? value.source : value;
  if (typeof text !== 'string') throw notFound(keyField, def, typeof text);
  if (keyField.type === 'id') return parseId(text) ?? malformed(field, text);
  const found = await findByValue(tx, def, keyField, toStored(text));
  const [id] = found;
  if (id === undefined) throw notFound(keyField, def, text);
  if (found.length === 1) return id;
  // The text is that of an upsert; no recorded answer has it for a foreign key.
  const message = `${keyField.label}: more than one record found for external id field: [${found.join(', ')}]`;
  throw refused('DUPLICATE_EXTERNAL_ID', message, [keyField.name]);
}

/** A polymorphic reference names its sobject in `attributes`, or by a field that only one of them has. */
function targetOf(sobjects: SObjects, field: FieldDef, { relationship, type, name }: ForeignKey) {
  const targets = (field.referenceTo ?? []).flatMap((one) => sobjects.get(one.toLowerCase()) ?? []);
  const wanted =
    type === undefined ? targets : targets.filter((one) => one.name.toLowerCase() === type.toLowerCase());
  const [first] = wanted;
  if (!first)
    throw refused(
      'INVALID_FIELD',
      `The external foreign key reference does not reference a valid entity: ${relationship}`,
    );
  for (const def of wanted) {
    const keyField = fieldNamed(def, name);
    if (keyField && isIdLookup(keyField)) return { def, field: keyField };
  }
  const message = `Field name provided, ${name} does not match an External ID, Salesforce Id, or indexed field for ${first.name}`;
  throw refused('INVALID_FIELD', message, [name]);
}

const notFound = (field: FieldDef, def: SObjectDef, value: string) =>
  refused(
    'INVALID_FIELD',
    `Foreign key external ID: ${value.slice(0, 255)} not found for field ${field.name} in entity ${def.name}`,
  );

function malformed(field: FieldDef, value: string): never {
  throw refused('MALFORMED_ID', `${field.label}: id value of incorrect type: ${value.slice(0, 255)}`, [
    field.name,
  ]);
}
