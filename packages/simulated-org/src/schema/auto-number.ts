import type { Tx } from '@lockstep/foundation/database';
import { ident, join, literal, type Sql, sql } from '@lockstep/foundation/sql';
import { verbatim } from '../soql/fragments.ts';
import type { FieldDef, SObjectDef } from './schema.ts';
import { nameFor, tableOf } from './storage.ts';

/**
 * Auto numbers: values that the org makes of a counter when it creates a record, by Salesforce's display format:
 * `{0000}` is the number with at least that many digits, `{YY}`, `{YYYY}`, `{MM}` and `{DD}` are the day of creation,
 * here in UTC.
 */
const day = '\\{(?:YY|YYYY|MM|DD)\\}';
const hasDay = new RegExp(day);
const texts = `[^{}]*(?:${day}[^{}]*)*`;

/** A display format, or a text that stands before the number. */
export const givenFormat = new RegExp(`^(?:[^{}]*|${texts}\\{0{1,10}\\}${texts})$`);

export const displayFormat = (given: string): string => (given.includes('{') ? given : `${given}{00000000}`);

/** What the column holds by default; undefined if that depends on the record's creation. */
export const numberByDefault = (def: SObjectDef, field: FieldDef): Sql | undefined =>
  field.autoNumber === undefined || isDatedNumber(field) ? undefined : numberAt(def, field, sql``);

/** Whether the value contains the day: then a create has to set it. */
export const isDatedNumber = ({ autoNumber }: FieldDef): boolean =>
  autoNumber !== undefined && hasDay.test(autoNumber);

/** @param created  the record's time of creation, a timestamptz */
export function numberAt(def: SObjectDef, field: FieldDef, created: Sql): Sql {
  const parts = (field.autoNumber ?? '').split(/[{}]/).flatMap((part, i) => {
    if (i % 2 === 0) return part === '' ? [] : [literal(part)];
    return part.startsWith('0')
      ? [counted(def, field, part)]
      : [sql`to_char(${created} AT TIME ZONE 'UTC', ${literal(part)})`];
  });
  return sql`(${join(parts, ' || ')})`;
}

/** In full, also if it has more digits than the format. */
const counted = (def: SObjectDef, field: FieldDef, zeros: string): Sql => {
  // A default can only refer to a sequence by a regclass constant.
  const sequence = verbatim(`'org."${sequenceName(def, field)}"'::regclass`);
  return sql`to_char(nextval(${sequence}), ${literal(`FM${zeros.padStart(19, '9')}`)})`;
};

/** Numbers the records that are there already. */
export async function numberRecords(tx: Tx, def: SObjectDef, field: FieldDef): Promise<void> {
  await tx.query(sql`
    UPDATE ${tableOf(def)} SET ${ident(field.name)} = ${numberAt(def, field, sql`"CreatedDate"`)}`);
}

const sequenceName = (def: SObjectDef, field: FieldDef): string => nameFor(def, field, 'number');

export async function createSequence(tx: Tx, def: SObjectDef, field: FieldDef): Promise<void> {
  if (field.autoNumber !== undefined)
    await tx.query(sql`CREATE SEQUENCE ${ident('org', sequenceName(def, field))}`);
}

export async function dropSequence(tx: Tx, def: SObjectDef, field: FieldDef): Promise<void> {
  if (field.autoNumber !== undefined)
    await tx.query(sql`DROP SEQUENCE ${ident('org', sequenceName(def, field))}`);
}
