/**
 * The server that comes with Lockstep, destinations and their roles, and what merges readings into a mirror: applyPage.
 * Everything else is private to the room.
 */

export { type BulkReading, ReadingClosed, SeenLost } from './bulk.ts';
export type { BulkPageRow } from './bulk-sql.ts';
export { selectReaderGroup } from './check-sql.ts';
export type { Check, CheckName } from './check-step.ts';
export { type ColumnRow, readColumns } from './column-sql.ts';
export {
  type Destination,
  holderName,
  openDestination,
  openDestinationForWrites,
  prepareDestination,
} from './destination.ts';
export { checkDestination } from './destination-checks.ts';
export { type EmbeddedOptions, type EmbeddedPostgres, findEmbedded, startEmbedded } from './embedded.ts';
export { checkFormat, removeEmbedded } from './embedded-files.ts';
export { checkEmptying, emptyMirror } from './empty-mirror.ts';
export { concernsOneTable, databaseFault, failureFields, isTableChanged } from './faults.ts';
export { changesNothing, type FieldChange } from './hidden-fields.ts';
export type { Outcome } from './intents.ts';
export { refuseTakenName } from './kept-tables.ts';
export { countKeptRows, readDependents } from './leave-table.ts';
export { countOpenMarks, type MarkReason, type StreamFigures } from './mark-sql.ts';
export { type Mirror, mirrorIn, type Progress } from './mirror.ts';
export type { Holder, Observation } from './observations.ts';
export { addressOf, shownUrl } from './own-address.ts';
export {
  dropRoleStatement,
  ownRoles,
  readerStatements,
  statementsBefore,
  statementsToUndo,
} from './own-database-sql.ts';
export { checkOwnMirror, dropOwnMirror } from './own-mirror.ts';
export type { ApplyCounts, ApplyResult, CursorMove, PagePart, Remainder, StreamTable } from './page-part.ts';
export {
  type ColumnPlan,
  partialColumns,
  planTable,
  planTables,
  sqlTypeOf,
  type TablePlan,
} from './plan-table.ts';
export { refusePooler } from './poolers.ts';
export type { ProblemRow } from './problem-sql.ts';
export type { ProblemChange } from './problems.ts';
export { publicDatabasesText, readPublicDatabases } from './public-databases.ts';
export { checkReader, createReader, dropReader, listReaders, type ReaderNames, roleOf } from './readers.ts';
export {
  dropRole,
  ensureRole,
  joinRole,
  loginWith,
  revokePublicConnect,
  roleExists,
  selectMissingAttributes,
  selectOtherUse,
} from './role-sql.ts';
export {
  createPrivateDatabase,
  destinationNames,
  dropPrivateDatabase,
  hasPrivateDatabase,
  privateSchema,
  restrictReaders,
  scramVerifier,
} from './roles.ts';
export {
  createDatabase,
  dropDatabase,
  probe,
  readServerClock,
  selectDatabase,
  selectDatabaseName,
  selectServerVersion,
} from './server-sql.ts';
export type { SetAsideCount } from './set-aside-sql.ts';
export type { CursorRow } from './sql.ts';
export { isPrivateKey } from './ssh-tunnel.ts';
export { processIdentity } from './start-lock.ts';
export {
  countSetAside,
  type FieldWithoutValue,
  type HiddenField,
  type Problem,
  readFieldsWithoutValue,
  readHiddenFields,
  readProblems,
  readRepairsAfter,
  readSetAside,
  readStatusRows,
  type SetAsideGroup,
  type SetAsideRecord,
  type StatusRow,
} from './status-sql.ts';
export { type BulkPart, OutdatedJob, RepeatedRecord, type StoringWay } from './store-slice.ts';
export { loadTableNames } from './stream-sql.ts';
export type { WantedMirror } from './table-checks.ts';
export { isLockTimeout } from './table-locks.ts';
export { createTable, type ReplacingColumn, type Stream } from './tables.ts';
export { selectPlainFields, selectWritten } from './trial-sql.ts';
