/** The records that the mirror cannot store as they are, as programs get them. */
import type { Control, Sync } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { countSetAside, readSetAside, type SetAsideGroup, type SetAsideRecord } from '../postgres/index.ts';
import { withViews } from './open-mirror.ts';
import { readNow } from './read-objects.ts';
import { setAsideReason } from './set-aside-words.ts';

export interface SetAside {
  /** All of them, counted by object, column and reason. */
  groups: readonly SetAsideGroup[];
  /** The first of them. */
  records: readonly SetAsideRecord[];
  /** The mirror server's time, in milliseconds since 1970. */
  now: number;
}

/** @param sobjects  null: all objects */
export const readSetAsideOf = (
  control: Control,
  sync: Sync,
  sobjects: readonly string[] | null,
  limit: number,
): Promise<SetAside> =>
  withViews(control, sync, async (mirror) => ({
    groups: await countSetAside(mirror, sobjects),
    records: await readSetAside(mirror, sobjects, limit),
    now: await readNow(mirror),
  }));

const rowsOf = (groups: readonly SetAsideGroup[]): number => groups.reduce((sum, { rows }) => sum + rows, 0);

export const setAsideView = ({ groups, records, now }: SetAside) => ({
  as_of: new Date(now).toISOString(),
  rows: rowsOf(groups),
  groups: groups.map((group) => ({ ...group, reason: setAsideReason(group.code) })),
  items: records.map((record) => ({
    ...record,
    reason: setAsideReason(record.code),
    first_seen_at: inRfc3339(record.first_seen_at),
    last_seen_at: inRfc3339(record.last_seen_at),
    retry_at: inRfc3339(record.retry_at),
  })),
});
