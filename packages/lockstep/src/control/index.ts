/**
 * What Lockstep stores besides the mirrored rows: syncs and their sealed secrets, which worker runs them, sync
 * requests, e-mails, what API requests were spent on, what has happened, who may use the management API, and who has changed what. Start
 * with openControl; all other functions take its result.
 */
export {
  type RecordedActivity,
  readActivity,
  readKnownRepair,
  recordActivity,
  recordDecision,
  recordKnownRepair,
} from './activity.ts';
export type { Activity } from './activity-log.ts';
export {
  changePassword,
  createAdministrator,
  hasAdministrator,
  makeSetupToken,
  resetPassword,
  setUpAdministrator,
  signIn,
} from './administrator.ts';
export { type ApiKey, createApiKey, findApiKey, type KeyOf, listApiKeys, revokeApiKey } from './api-keys.ts';
export { type AuditEntry, type NewAuditEntry, readAudit, recordAudit } from './audit-log.ts';
export { type IsExpected, refuseChange, withChangeLock } from './change-lock.ts';
export { listenForChanges } from './changes.ts';
export { openCredential, replaceCredential, replaceOrg, sessionStore } from './credentials.ts';
export { type Control, controlDatabase, findKey, keyOf, onBehalfOf, openControl } from './database.ts';
export {
  loginsOf,
  mirrorHost,
  mirrorUrl,
  openReader,
  openReaderUrl,
  openWriter,
  openWriterUrl,
  replaceDestination,
} from './destinations.ts';
export { runExpiry } from './expired.ts';
export { type Freshness, readFreshness, recordAges } from './freshness.ts';
export { clearSyncProblem, type Health, readHealth, recordSyncProblem } from './health.ts';
export { type BegunRequest, beginOnce, readBegunRequest, type StoredAnswer } from './idempotency-keys.ts';
export { parseInterval } from './interval.ts';
export { createJwtKey, dropJwtKey, type JwtKey, listJwtKeys, openJwtKey } from './jwt-keys.ts';
export type { KeySource } from './keys.ts';
export { type Lease, readLeases } from './lease-history.ts';
export { type LeaseOptions, type LiveWorker, readLivingWorkers, readWorkers, runLeases } from './leases.ts';
export { type MailOptions, runMail } from './mail.ts';
export { recordEvent } from './notifications.ts';
export { moveOrg } from './org-address.ts';
export {
  type RecordedRequest,
  readProxiedRequests,
  readProxyHours,
  recordProxiedRequest,
} from './proxied-requests.ts';
export type { ProxiedRequest, ProxyOutcome } from './proxy-log.ts';
export type { Key } from './sealing.ts';
export {
  csrfTokenOf,
  endSession,
  findSession,
  listSessions,
  type OpenedSession,
  openLinkedSession,
  type Session,
} from './sessions.ts';
export {
  beginAttempt,
  endAttempt,
  enterAttempt,
  findSuccessor,
  holdSuccessor,
  leaveAttempt,
  openHeldCredential,
  readSignIn,
  renewHeldCredential,
  type SignIn,
} from './sign-ins.ts';
export type { SyncChange } from './sql.ts';
export type { Sync } from './stored-sync.ts';
export type { Leaving } from './stream-sql.ts';
export { addStreams, forgetStream, refuseLast, removeStream } from './streams.ts';
export {
  endSyncRequest,
  makeSyncRequest,
  type NewSyncRequest,
  readSyncRequest,
  reportSyncRequest,
  type SyncRequestStatus,
  takeSyncRequests,
  withdrawSyncRequest,
} from './sync-requests.ts';
export {
  beginDeleting,
  beginRecopy,
  changeApiVersion,
  changeSettings,
  checkChange,
  checkSettings,
  eraseSync,
  findSync,
  listSyncs,
  moveLoginUrl,
  type NewSync,
  readSync,
  readSyncIds,
  recordSync,
} from './syncs.ts';
export {
  type AnsweredQuery,
  countQuery,
  countRequest,
  type OrgUsage,
  readAgeAndRequests,
  readOrgUses,
  readUsage,
  recordOrgUsage,
  type SyncUsage,
} from './usage.ts';
export { readOrgHours, readUsageHours, type UsageHour } from './usage-hours.ts';
export { waitForSyncRequest } from './wait-for-sync-request.ts';
