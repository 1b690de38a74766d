import type { Database, Tx } from '@lockstep/foundation/database';
import { sqlState } from '@lockstep/foundation/database';
import { closeForgottenBulk } from './bulk-sql.ts';
import { selectDependents } from './catalog-sql.ts';
import { insertKeptTable } from './kept-table-sql.ts';
import * as statements from './sql.ts';
import { countRows, deleteStreamRows, dropReferences, dropTable, setRows } from './stream-sql.ts';
import type { Stream } from './tables.ts';

/**
 * The sync does not mirror this object any more: everything that `_lockstep` knows of it goes, and the table itself only
 * if that is wanted and nothing of somebody else's depends on it.
 *
 * @returns whether the table is gone
 */
export async function leaveTable(db: Database, stream: Stream, dropsTable: boolean): Promise<boolean> {
  const isDropped = dropsTable && (await dropUnlessNeeded(db, stream));
  if (!isDropped) await db.transaction((tx) => leave(tx, stream, false));
  await closeForgottenBulk(db); // apart, because slices lock their reading before the stream
  return isDropped;
}

async function dropUnlessNeeded(db: Database, stream: Stream): Promise<boolean> {
  try {
    await db.transaction((tx) => leave(tx, stream, true));
    return true;
  } catch (error) {
    if (sqlState(error) !== dependentObjects) throw error;
    return false;
  }
}

/** A view of somebody's, for example. */
const dependentObjects = '2BP01';

async function leave(tx: Tx, stream: Stream, dropsTable: boolean): Promise<void> {
  await statements.lockCheckpoint(tx, stream.streamNo); // a page that is being applied is applied first
  await deleteStreamRows(tx, stream.streamNo);
  if (!dropsTable) {
    await insertKeptTable(tx, stream);
    return;
  }
  await dropReferences(tx, stream.schema, stream.table);
  await dropTable(tx, stream.schema, stream.table);
}

/** What keeps the table of an object from being dropped, by name. */
export const readDependents = async (tx: Tx, sobject: string): Promise<string[]> =>
  (await selectDependents(tx, sobject)).map(({ name }) => name);

/** A table that was kept when its object was removed has rows already. */
export async function countKeptRows(tx: Tx, stream: Stream): Promise<void> {
  const [counted] = await countRows(tx, stream.schema, stream.table);
  if (counted && counted.rows > 0) await setRows(tx, stream.streamNo, counted.rows);
}
