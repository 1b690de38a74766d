/**
 * The server that comes with Lockstep, destinations and their roles, and the one writer of mirror rows: applyPage.
 * Everything else is private to the room.
 */
export {
  type Applied,
  applyEmptyPages,
  applyPage,
  applyTransaction,
  type CursorMove,
  type PagePart,
  type StreamTable,
} from './apply.ts';
export {
  type Destination,
  holderName,
  openDestination,
  prepareDestination,
  takeOver,
} from './destination.ts';
export { type EmbeddedPostgres, findEmbedded, startEmbedded } from './embedded.ts';
export { checkFormat, removeEmbedded } from './embedded-files.ts';
export { databaseFault } from './faults.ts';
export {
  areDirty,
  healIntents,
  limitLockWait,
  markDirty,
  type Outcome,
  purgeIntents,
  recordIntent,
  recordOutcome,
} from './intents.ts';
export {
  closeObservation,
  type Holder,
  type Observation,
  openReadBackObservation,
  openTickObservation,
} from './observations.ts';
export { planTable, type TablePlan } from './plan-table.ts';
export {
  beginStream,
  readDirty,
  readProgress,
  readStatus,
  recordStop,
  retryStopped,
  type StreamStatus,
} from './progress.ts';
export {
  createPrivateDatabase,
  destinationNames,
  dropPrivateDatabase,
  grantStatus,
  revokePublicConnect,
  scramVerifier,
} from './roles.ts';
export type { CursorKind } from './sql.ts';
export { processIdentity } from './start-lock.ts';
export { createTable } from './tables.ts';
