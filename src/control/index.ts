/**
 * What Lockstep knows besides the mirrored rows: syncs and their sealed secrets, who runs them, e-mails, request
 * counts. Start with openControl; everything else takes what it gives.
 */
export { listenForChanges } from './changes.ts';
export { type Control, openControl } from './database.ts';
export { clearTrouble, type Health, readHealth, recordTrouble } from './health.ts';
export { parseInterval } from './interval.ts';
export { type KeySource, readKey } from './keys.ts';
export { type LeaseOptions, readLivingWorkers, runLeases } from './leases.ts';
export { type MailOptions, runMail } from './mail.ts';
export { recordEvent } from './notifications.ts';
export type { Key } from './sealing.ts';
export {
  eraseSync,
  findSync,
  listSyncs,
  moveInstanceUrl,
  moveLoginUrl,
  type NewSync,
  openCredential,
  openReaderUrl,
  openWriterUrl,
  readSync,
  recordSync,
  type Sync,
  setIntervalMs,
  setPaused,
} from './syncs.ts';
export { countRequest, readEffort } from './usage.ts';
