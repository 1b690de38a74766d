import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { type FieldDef, numberTypes, type SObjectDef } from '../schema/schema.ts';
import { isLive, keyOf, recordsOf } from '../schema/storage.ts';
import { numberText, wrongType } from './field-values.ts';

/**
 * The live records with a value, at most eleven of them: no message names more.
 *
 * @throws {@link OrgError} if the field holds numbers and the value is none; no recorded answer confirms the code
 */
export async function findByValue(
  tx: Tx,
  def: SObjectDef,
  field: FieldDef,
  value: string,
): Promise<string[]> {
  if (isNumber(field) && !numberText.test(value)) throw wrongType(field, value);
  const given = isNumber(field) ? sql`${value}::numeric` : sql`${value}::text`;
  const rows = await tx.query<{ Id: string }>(sql`
    SELECT "Id" FROM ${recordsOf(def)} AS r
     WHERE ${keyOf(field, ident(field.name))} = ${keyOf(field, given)} AND ${isLive(def)}
     ORDER BY "Id" LIMIT 11`);
  return rows.map((row) => row.Id);
}

/** The same text for values that find the same records, such as `42` and `42.0`. */
export function sameKey(field: FieldDef, value: string): string {
  if (isNumber(field)) return withoutZeros(value);
  return field.caseSensitive ? value : value.toLowerCase();
}

const isNumber = ({ type }: FieldDef): boolean => numberTypes.has(type);

function withoutZeros(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = numberText.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  const zeros = digits.length - significant.length;
  return significant === '' ? '0' : `${sign}${significant}e${Number(exponent) - fraction.length + zeros}`;
}
