import type { Destination } from '../../postgres/index.ts';
import type { Quota } from '../plan/quota.ts';
import type { RecoveryDeps } from '../writes/recover-unfinished-writes.ts';
import type { Mailbox } from './mailbox.ts';
import type { SyncDeps } from './sync-deps.ts';
import type { SyncProblem } from './sync-problem.ts';
import type { SyncRequestQueue } from './sync-requests.ts';

/** What the holder of a sync shares with the proxy in front of it. */
export interface LeasedSync {
  /** Replaced when they change. */
  readonly settings: { intervalMs: number; stopAtPercent: number };
  readonly mailbox: Mailbox;
  /** When the requests of the last minute went out: a budget is kept whatever happens to the run. */
  sentAt: readonly number[];
  /** The org's quota as its last answer told it, a proxied request's or the sync's own. */
  quota: Quota;
}

/** One run of a sync, from a start to the next one. */
export interface Run extends SyncDeps, Pick<RecoveryDeps, 'living'> {
  open: LeasedSync;
  tables: Destination['tables'];
  /** Loads them again: the plan of one has changed. */
  reloadTables(): Promise<void>;
  syncProblem: SyncProblem;
  syncRequests: SyncRequestQueue;
  /** Called once when every backfill is complete. */
  onComplete(): Promise<void>;
}
