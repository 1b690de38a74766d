/** What tests in other packages need from this room besides its index. */

export { applyPage } from './apply.ts';
export { type BulkReading } from './bulk.ts';
export { type BulkPageRow } from './bulk-sql.ts';
export { type Destination, holderName, openDestination, prepareDestination } from './destination.ts';
export { startEmbedded } from './embedded.ts';
export { removeEmbedded } from './embedded-files.ts';
export { mergeStatements } from './merge-statement.ts';
export {
  type Holder,
  type Observation,
  openReadBackObservation,
  openTickObservation,
} from './observations.ts';
export { type ApplyCounts, type PagePart, type StreamTable } from './page-part.ts';
export { planTable, planTables } from './plan-table.ts';
export { planOnceByIndex } from './planner.ts';
export { destinationNames } from './roles.ts';
export { type BulkPart, type StoredSlice } from './store-slice.ts';
export { missingIndexes, restoreIndex } from './table-indexes.ts';
export { createTable } from './tables.ts';
export { takeOver } from './take-over.ts';
