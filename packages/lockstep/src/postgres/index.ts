/**
 * The server that comes with Lockstep, destinations and their roles, and the only writer of mirror rows: applyPage.
 * Everything else is private to the room.
 */

export {
  type Destination,
  holderName,
  openDestination,
  openDestinationForWrites,
  prepareDestination,
} from './destination.ts';
export { type EmbeddedPostgres, findEmbedded, startEmbedded } from './embedded.ts';
export { checkFormat, removeEmbedded } from './embedded-files.ts';
export { concernsOneTable, databaseFault, failureFields, isTableChanged } from './faults.ts';
export type { FieldVisibilityChange } from './hidden-fields.ts';
export type { Outcome } from './intents.ts';
export type { MarkReason, StreamFigures } from './mark-sql.ts';
export { type Mirror, mirrorIn, type Progress } from './mirror.ts';
export type { Holder, Observation } from './observations.ts';
export { countOpenRepairs } from './open-repairs.ts';
export type { ApplyCounts, ApplyResult, CursorMove, PagePart, Remainder, StreamTable } from './page-part.ts';
export { partialColumns, planTable, planTables, type TablePlan } from './plan-table.ts';
export type { ProblemChange, ProblemRow } from './problems.ts';
export { readStatus, type StreamStatus } from './progress.ts';
export {
  countSetAside,
  type HiddenField,
  type Problem,
  readHiddenFields,
  readProblems,
  readSetAside,
  type SetAsideGroup,
  type SetAsideRecord,
} from './read-problems.ts';
export { readServerClock, readStatusRows, type StatusRow } from './read-status.ts';
export {
  createPrivateDatabase,
  destinationNames,
  dropPrivateDatabase,
  grantStatus,
  revokePublicConnect,
  scramVerifier,
} from './roles.ts';
export type { SetAsideCount } from './set-aside.ts';
export type { CursorRow } from './sql.ts';
export { processIdentity } from './start-lock.ts';
export { isLockTimeout } from './table-locks.ts';
export { createTable, type Stream } from './tables.ts';
