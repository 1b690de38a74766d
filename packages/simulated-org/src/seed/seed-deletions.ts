import type { Tx } from '@lockstep/foundation/database';
import { ident, join, literal, type Sql, sql } from '@lockstep/foundation/sql';
import { type FieldDef, fieldNamed, hasColumn, type SObjectDef, stampField } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { isDetail, isEmptied } from '../write/deletion.ts';
import { isNeeded } from '../write/write-checks.ts';

/**
 * Deletes the records that the dice chose, as their users would have: with their details and the records that could not
 * stay without them, and lookups to them are emptied. All of these are deleted once the last of them has changed.
 *
 * Works on sets: each statement treats all sobjects, and the delete log says what belongs together.
 */
export async function seedDeletions(tx: Tx, defs: readonly SObjectDef[]): Promise<void> {
  const inBin = defs.filter((def) => fieldNamed(def, 'IsDeleted'));
  for (const def of inBin) if (def.deletable && stampField(def)) await tx.query(logChosen(def));
  const details = pointers(inBin, (field) => isDetail(field) || isNeeded(field));
  while ((await tx.query(addDetails(details))).length > 0) await tx.query(followRoots);
  await tx.query(deleteTogether);
  for (const def of inBin) await tx.query(markDeleted(def));
  for (const pointer of pointers(defs, isEmptied)) await tx.query(emptyLookup(pointer));
}

interface Pointer {
  def: SObjectDef;
  field: FieldDef;
}

/** The columns of a kind that may point to a record that can be deleted. */
function pointers(defs: readonly SObjectDef[], isOfKind: (field: FieldDef) => boolean): Pointer[] {
  const deletable = new Set(defs.filter((def) => fieldNamed(def, 'IsDeleted')).map(({ name }) => name));
  return defs.flatMap((def) =>
    def.fields
      .filter((field) => hasColumn(field) && isOfKind(field))
      .filter(({ referenceTo }) => referenceTo?.some((name) => deletable.has(name)))
      .map((field) => ({ def, field })),
  );
}

/** When the record last changed. */
const stampOf = (def: SObjectDef): Sql => ident(stampField(def)?.name ?? '');

const logChosen = (def: SObjectDef): Sql => sql`
  INSERT INTO simulator.deletion (record_id, sobject, root_id, deleted_at)
  SELECT "Id", ${def.name}, "Id", ${stampOf(def)} FROM ${tableOf(def)} WHERE "IsDeleted"`;

/** The details of deleted records; one that was chosen itself is no longer a deletion of its own. */
const addDetails = (details: readonly Pointer[]): Sql => sql`
  INSERT INTO simulator.deletion AS d (record_id, sobject, root_id, deleted_at)
  SELECT DISTINCT ON (id) id, sobject, root_id, changed_at
    FROM (${join(details.map(detailsOf), ' UNION ALL ')}) AS found
   ORDER BY id, root_id
      ON CONFLICT (record_id) DO UPDATE SET root_id = excluded.root_id WHERE d.root_id = d.record_id
  RETURNING record_id`;

const detailsOf = ({ def, field }: Pointer): Sql => sql`
  SELECT r."Id" AS id, ${literal(def.name)} AS sobject, d.root_id, r.${stampOf(def)} AS changed_at
    FROM ${tableOf(def)} AS r JOIN simulator.deletion AS d ON d.record_id = r.${ident(field.name)}`;

/** What was deleted with a record that turned out to be a detail belongs to that one's root. */
const followRoots = sql`
  UPDATE simulator.deletion AS d SET root_id = root.root_id
    FROM simulator.deletion AS root WHERE root.record_id = d.root_id AND root.root_id <> d.root_id`;

const deleteTogether = sql`
  UPDATE simulator.deletion AS d SET deleted_at = together.at
    FROM (SELECT root_id, max(deleted_at) AS at FROM simulator.deletion GROUP BY root_id) AS together
   WHERE together.root_id = d.root_id`;

function markDeleted(def: SObjectDef): Sql {
  const stamps = ['LastModifiedDate', 'SystemModstamp'].filter((name) => fieldNamed(def, name));
  const assignments = stamps.map((name) => sql`, ${ident(name)} = coalesce(d.deleted_at, r.${ident(name)})`);
  return sql`
    UPDATE ${tableOf(def)} AS r SET "IsDeleted" = d.record_id IS NOT NULL${join(assignments, '')}
      FROM ${tableOf(def)} AS one LEFT JOIN simulator.deletion AS d ON d.record_id = one."Id"
     WHERE one."Id" = r."Id" AND (r."IsDeleted" OR d.record_id IS NOT NULL)`;
}

const emptyLookup = ({ def, field }: Pointer): Sql => sql`
  WITH emptied AS (
    UPDATE ${tableOf(def)} AS r SET ${ident(field.name)} = NULL FROM simulator.deletion AS d
     WHERE d.record_id = r.${ident(field.name)} RETURNING d.record_id, r."Id")
  INSERT INTO simulator.cleared_lookup (parent_id, child_id, sobject, field)
  SELECT record_id, "Id", ${def.name}, ${field.name} FROM emptied`;
