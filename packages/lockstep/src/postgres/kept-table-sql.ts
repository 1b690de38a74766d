/** Statements on what is remembered of tables that stay although their object was removed. */
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

interface KeptTable {
  sobject: string;
  table: string;
}

/** Its rows are those of the mirror's org. */
export const insertKeptTable = (tx: Tx, { sobject, table }: KeptTable) =>
  tx.query(sql`
  INSERT INTO _lockstep.kept_table (table_name, sobject, org_id)
  SELECT ${table}, ${sobject}, org_id FROM _lockstep.sync
  ON CONFLICT (table_name) DO UPDATE
     SET sobject = excluded.sobject, org_id = excluded.org_id, kept_at = excluded.kept_at`);

/** No row: this mirror has not kept such a table. */
export const selectKeptTable = (tx: Tx, { sobject, table }: KeptTable) =>
  tx.query<{ has_rows_of_org: boolean }>(sql`
  SELECT k.org_id IS NOT DISTINCT FROM s.org_id AS has_rows_of_org
    FROM _lockstep.kept_table k, _lockstep.sync s WHERE k.table_name = ${table} AND k.sobject = ${sobject}`);

export const deleteKeptTable = (tx: Tx, table: string) =>
  tx.query(sql`DELETE FROM _lockstep.kept_table WHERE table_name = ${table}`);
