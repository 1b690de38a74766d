/** What has happened to a sync and to its objects: kept for 30 days. */
import type { SyncId } from '../core/ids.ts';
import type { Activity, ActivityLog } from './activity-log.ts';
import { type ActivityRow, selectActivities, selectKnownRepair, upsertKnownRepair } from './activity-sql.ts';
import type { Control } from './database.ts';

export interface RecordedActivity extends Required<Activity> {
  id: number;
  /** As the server prints it. */
  at: string;
  /** Of a state: the one before it. */
  before: string | null;
  /** How often the same has happened within a minute. */
  times: number;
  needsPerson: boolean;
}

/** Records it soon, and never fails: see {@link ActivityLog}. */
export function recordActivity(control: { activity: ActivityLog }, syncId: SyncId, activity: Activity): void {
  control.activity.add(syncId, activity);
}

/** The same of what whoever uses the control database has decided. */
export function recordDecision(
  control: { activity: ActivityLog; who?: string },
  syncId: SyncId,
  activity: Activity,
): void {
  recordActivity(control, syncId, { ...activity, who: control.who ?? null });
}

/**
 * The newest first. Does not yet include what other processes have found in the last second.
 *
 * @param asked  `since`, `until`: times; `before`, `later`: only entries with a smaller id, with a greater one
 */
export async function readActivity(
  { db, activity }: Control,
  syncId: SyncId,
  asked: {
    kind?: string | undefined;
    sobject?: string | undefined;
    code?: string | undefined;
    since?: string | undefined;
    until?: string | undefined;
    needsPerson?: boolean;
    before?: number | undefined;
    later?: number | undefined;
    limit: number;
  },
): Promise<RecordedActivity[]> {
  await activity.flush();
  const {
    kind = null,
    sobject = null,
    code = null,
    since = null,
    until = null,
    needsPerson = false,
    before = null,
    later = null,
  } = asked;
  const filter = { kind, sobject, code, since, until, needsPerson, before, later, limit: asked.limit };
  return (await selectActivities(db, syncId, filter)).map(toActivity);
}

/** Up to which number the repairs of the sync's mirror are recorded; null: none has been looked at yet. */
export const readKnownRepair = async ({ db }: Control, syncId: SyncId): Promise<number | null> =>
  (await selectKnownRepair(db, syncId))[0]?.repair_no ?? null;

export async function recordKnownRepair({ db }: Control, syncId: SyncId, repairNo: number): Promise<void> {
  await upsertKnownRepair(db, syncId, repairNo);
}

const toActivity = (row: ActivityRow): RecordedActivity => ({
  id: row.activity_id,
  at: row.at,
  kind: row.kind as Activity['kind'],
  event: row.event,
  before: row.before,
  sobject: row.sobject,
  code: row.code,
  detail: row.detail,
  rows: row.rows,
  times: row.times,
  needsPerson: row.needs_person,
  who: row.who,
});
