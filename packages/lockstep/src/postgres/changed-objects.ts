/** What running a sync asks of its destination when an administrator has changed an object or its fields. */
import type { Database } from '@lockstep/foundation/database';
import type { ServerSeconds } from '../core/stamps.ts';
import { recordDurableIds } from './changed-field-sql.ts';
import { type FieldChange, updateFields } from './hidden-fields.ts';
import type { StreamTable } from './page-part.ts';
import { makeIndexesAgain, replaceColumn } from './replaced-columns.ts';
import { stopStream } from './sql.ts';
import type { ReplacingColumn } from './tables.ts';

export interface ChangesOfObjects {
  /** See {@link updateFields}. */
  changeFields(table: StreamTable, change: FieldChange, at: ServerSeconds): Promise<void>;
  /** See {@link replaceColumn}. */
  replaceColumn(table: StreamTable, column: ReplacingColumn): Promise<boolean>;
  /** See {@link recordDurableIds}. */
  recordDurableIds(
    streamNo: number,
    object: string,
    fields: readonly (readonly [field: string, durableId: string])[],
  ): Promise<void>;
  /** Its object cannot be read any more, for this reason. */
  stopStream(streamNo: number, fault: { code: string; message: string }): Promise<void>;
  /** See {@link makeIndexesAgain}. */
  makeIndexesAgain(table: StreamTable): Promise<void>;
}

/** @param wholeTables  for statements that scan a whole table and have no time-out */
export const changesIn = (db: Database, wholeTables: Database): ChangesOfObjects => ({
  changeFields: ({ stream }, change, at) => updateFields(db, stream, change, at),
  replaceColumn: ({ stream }, column) => replaceColumn(db, stream, column),
  recordDurableIds: (streamNo, object, fields) =>
    db.transaction((tx) => recordDurableIds(tx, streamNo, object, fields)),
  stopStream: async (streamNo, { code, message }) => {
    await stopStream(db, streamNo, code, message);
  },
  makeIndexesAgain: ({ stream }) => makeIndexesAgain(wholeTables, stream),
});
