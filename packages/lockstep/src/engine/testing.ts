/** What tests outside this package need from this folder, besides its index. */

export { startOfContent } from './cursors/content.ts';
export { startOfCounts, suspectsMax } from './cursors/counts.ts';
export type { DeletedPosition } from './cursors/deleted-log.ts';
export { type RecheckPosition, settleSeconds } from './cursors/poll.ts';
export { nothingToRepair, type RepairPosition } from './cursors/repair.ts';
export { type SweepPosition, startOfSweep } from './cursors/sweep.ts';
export { type DescribeState, describedAt } from './plan/describes.ts';
export { fullPageSize } from './plan/page-size.ts';
export { afterAnswer, openQuota } from './plan/quota.ts';
export { holdSync } from './run/hold-sync.ts';
export { Mailbox } from './run/mailbox.ts';
export type { LeasedSync } from './run/run.ts';
export type { SyncRequest, SyncRequestQueue } from './run/sync-requests.ts';
export type { CursorState, Cursors, StreamState, SyncState } from './run/sync-state.ts';
export { type AfterWrites, openAfterWrites } from './writes/after-writes.ts';
export { proxied } from './writes/proxied-syncs.ts';
