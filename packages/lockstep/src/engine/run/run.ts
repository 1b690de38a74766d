import type { Sync } from '../../control/index.ts';
import type { Destination } from '../../postgres/index.ts';
import type { Quota } from '../plan/quota.ts';
import type { RecoveryDeps } from '../writes/recover-unfinished-writes.ts';
import type { Mailbox } from './mailbox.ts';
import type { SyncDeps } from './sync-deps.ts';
import type { SyncProblem } from './sync-problem.ts';
import type { SyncRequestQueue } from './sync-requests.ts';
import type { SyncState } from './sync-state.ts';

/** What the holder of a sync shares with the proxy in front of it. */
export interface LeasedSync {
  /** Replaced when they change. */
  readonly settings: Pick<
    Sync,
    | 'intervalMs'
    | 'stopAtPercent'
    | 'foreignKeys'
    | 'sobjects'
    | 'leaving'
    | 'leftOut'
    | 'apiVersion'
    | 'destination'
  >;
  readonly mailbox: Mailbox;
  /** When the requests of the last minute were sent, so that the budget survives a restart of the run. */
  sentAt: readonly number[];
  /** The org's quota as of its last answer, to a proxied request or one of the sync's own. */
  quota: Quota;
}

/** One run of a sync, until the next start. */
export interface Run extends SyncDeps, Pick<RecoveryDeps, 'living'> {
  open: LeasedSync;
  tables: Destination['tables'];
  /** Loads the tables again after the plan of one has changed. */
  reloadTables(): Promise<void>;
  syncProblem: SyncProblem;
  syncRequests: SyncRequestQueue;
  /** Called when the state of an object may have changed; the mirror says so at once or within a second. */
  onStreamChange?: (() => void) | undefined;
  /** Called when an answer is in the mirror. */
  onApplied(): void;
  /** The table of a removed object has been let go. */
  onLeft(sobject: string): Promise<void>;
  /** Called once when every backfill is complete. */
  onComplete(): Promise<void>;
}

/** A run, with what its background work needs to update the state. */
export interface BackgroundRun extends Run {
  /** The state with cursors and tables reloaded from the destination. */
  reload(state: SyncState): Promise<SyncState>;
}
