/** What the steps of a Bulk reading share. */
import { Fault } from '../../core/faults.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import type { Observation, StreamTable } from '../../postgres/index.ts';
import type { Usage } from '../../salesforce/index.ts';
import type { BulkJob, BulkPosition, BulkPurpose } from '../cursors/bulk.ts';
import type { SyncDeps } from './sync-deps.ts';
import type { CursorState, StreamState } from './sync-state.ts';

export type BulkDeps = Pick<
  SyncDeps,
  'clock' | 'log' | 'salesforce' | 'mirror' | 'holder' | 'onQuery' | 'onActivity' | 'onAnswer'
>;

/** What each step works on. */
export interface BulkWork {
  deps: BulkDeps;
  stream: StreamState;
  table: StreamTable;
  cursor: CursorState<BulkPosition>;
  serverNow: ServerSeconds;
  signal: AbortSignal;
}

/** A job without results: others may have them. */
export class JobLost extends Error {
  override readonly name = 'JobLost';
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

export const move = (
  { deps, table, cursor }: BulkWork,
  position: BulkPosition,
  pages?: { isNewJob: boolean; paths: readonly string[] },
): Promise<void> =>
  deps.mirror.moveBulk(deps.holder, table, readingOf(cursor), cursor.version, {
    position: () => position,
    pages,
  });

export function readingOf({ position }: CursorState<BulkPosition>): Observation {
  if (!position.observation) throw new Fault('SYS-09');
  return position.observation;
}

export function jobOf({ position }: CursorState<BulkPosition>): BulkJob {
  if (!position.job) throw new Fault('SYS-09');
  return position.job;
}

/** Results that lead back to a page would give its records again, in the place of others. */
export function requireNew({ stream }: BulkWork, paths: readonly string[]): void {
  const known = stream.bulkPages.map(({ path }) => path);
  if (new Set([...known, ...paths]).size < known.length + paths.length)
    throw new JobLost('its list of pages repeats one');
}

export function answered({ deps, table, cursor }: BulkWork, usage: Usage | null, rows: number): void {
  const { sobject } = table.stream;
  const purpose = requestPurpose(cursor.position.purpose);
  deps.onAnswer(usage);
  deps.onQuery?.({ sobject, kind: 'bulk', rows, purpose, share: 1 });
}

/** For people who look at the sync, now or later. */
export function note({ deps, table }: BulkWork, event: string, detail: string): void {
  const { sobject } = table.stream;
  deps.log.warn(event, { stream: sobject, where: detail });
  deps.onActivity?.({ kind: 'state', event, sobject, detail });
}

/** What its requests are counted under. */
export const requestPurpose = (purpose: BulkPurpose) =>
  purpose === 'backfill' ? ('backfill' as const) : ('reconcile' as const);
