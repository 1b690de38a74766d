import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import type { FieldDef, SObjectDef } from '../schema/schema.ts';
import { isLive, keyOf, recordsOf } from '../schema/storage.ts';

/** The live records with a value, at most eleven of them: no message names more. */
export async function findByValue(
  tx: Tx,
  def: SObjectDef,
  field: FieldDef,
  value: string,
): Promise<string[]> {
  const rows = await tx.query<{ Id: string }>(sql`
    SELECT "Id" FROM ${recordsOf(def)} AS r
     WHERE ${keyOf(field, ident(field.name))} = ${keyOf(field, sql`${value}::text`)} AND ${isLive(def)}
     ORDER BY "Id" LIMIT 11`);
  return rows.map((row) => row.Id);
}
