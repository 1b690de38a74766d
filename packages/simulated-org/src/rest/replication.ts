import type { Tx } from '@lockstep/foundation/database';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import { type Answer, answer } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { methodNotAllowed, refused } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { type SObjectDef, stampField } from '../schema/schema.ts';
import { isLive, recordsOf } from '../schema/storage.ts';
import { oldestOpenWriteTime } from '../write/open-writes.ts';

/**
 * `/sobjects/X/updated/` and `/sobjects/X/deleted/`: the Ids that changed between two minutes, including the first.
 * The next request starts at `latestDateCovered`, which is earlier than the end while an older transaction is open:
 * the rows it commits will have stamps from since it began.
 */
const minuteMs = 60_000;
const dayMs = 86_400_000;
const updatedDays = 30;
const deletedDays = 15;
const idsMax = 600_000;

interface Window {
  start: number;
  end: number;
  covered: number;
}

export async function updatedSince(call: Call, def: SObjectDef): Promise<Answer> {
  refuseUnlessReplicateable(def);
  const window = readWindow(call, updatedDays);
  const stamp = stampField(def);
  const changed = stamp
    ? await idsOf(
        call,
        sql`
        SELECT "Id" AS id FROM ${recordsOf(def)} AS r
         WHERE ${within(ident(stamp.name), window)} AND ${isLive(def)}`,
      )
    : [];
  return answer(200, { ids: changed.map(({ id }) => id), latestDateCovered: timeText(window.covered) });
}

export async function deletedSince(call: Call, def: SObjectDef): Promise<Answer> {
  refuseUnlessReplicateable(def);
  const window = readWindow(call, deletedDays);
  const gone = await idsOf<{ deleted_at: number }>(
    call,
    sql`
    SELECT record_id AS id, extract(epoch FROM deleted_at)::bigint AS deleted_at FROM simulator.deletion
     WHERE sobject = ${def.name} AND NOT is_purged AND ${within(ident('deleted_at'), window)}`,
  );
  return answer(200, {
    deletedRecords: gone.map(({ id, deleted_at: at }) => ({ id, deletedDate: timeText(at * 1000) })),
    earliestDateAvailable: timeText(await earliestAvailable(call)),
    latestDateCovered: timeText(window.covered),
  });
}

/** No recorded answers confirm the text. */
function refuseUnlessReplicateable(def: SObjectDef): void {
  if (def.replicateable === false)
    throw refused('INVALID_TYPE_FOR_OPERATION', `entity type ${def.name} does not support replication`);
}

const within = (column: Sql, { start, end }: Window): Sql => sql`
  ${column} >= ${timeText(start)}::timestamptz AND ${column} < ${timeText(end)}::timestamptz`;

async function idsOf<More = object>(call: Call, statement: Sql): Promise<(More & { id: string })[]> {
  const rows = await call.db.query<More & { id: string }>(sql`${statement} ORDER BY id LIMIT ${idsMax + 1}`);
  if (rows.length > idsMax)
    throw refused('EXCEEDED_ID_LIMIT', `More than ${idsMax} ids changed between the two dates.`);
  return rows;
}

/** Both times as minutes. No recorded answers confirm the error texts. */
function readWindow(call: Call, daysBack: number): Window {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const now = call.org.clock.now();
  const start = minuteOf(call, 'start');
  const end = minuteOf(call, 'end');
  if (end <= start) throw invalidDate('startDate cannot be equal to or later than endDate');
  if (end > now) throw invalidDate('endDate cannot be in the future');
  if (start < now - daysBack * dayMs) throw invalidDate(`startDate cannot be more than ${daysBack} days ago`);
  const { coveredUntil = end } = call.org.control;
  return {
    start,
    end,
    covered: floorMinute(Math.min(end, oldestOpenWriteTime(call.org) ?? end, coveredUntil)),
  };
}

const invalidDate = (message: string) => refused('INVALID_REPLICATION_DATE', message);

function minuteOf(call: Call, name: string): number {
  const text = call.parameters.get(name);
  if (!text) throw refused('MISSING_ARGUMENT', `The parameter ${name} has to be specified.`);
  // An unencoded plus sign arrives as a space.
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[ +-]\d\d:?\d\d)$/.test(text);
  const time = iso ? Date.parse(text.replace(' ', '+').replace(/(\d\d):?(\d\d)$/, '$1:$2')) : Number.NaN;
  if (Number.isNaN(time)) throw refused('INVALID_FIELD', `The parameter ${name} is not a date and time.`);
  return floorMinute(time);
}

const floorMinute = (time: number): number => Math.floor(time / minuteMs) * minuteMs;

const timeText = (time: number): string => new Date(time).toISOString().replace('Z', '+0000');

async function earliestAvailable(call: Call): Promise<number> {
  const { availableFrom } = call.org.control;
  if (availableFrom !== undefined) return floorMinute(availableFrom);
  const [row] = await call.db.query<{ value: number }>(
    sql`SELECT value FROM simulator.setting WHERE name = ${purgedUntil}`,
  );
  return floorMinute(Math.max(row?.value ?? 0, call.org.clock.now() - deletedDays * dayMs));
}

const purgedUntil = 'deletions purged until';

/** Purges older deletions, as the org does when its log gets too long. Records in the bin stay there. */
export async function purgeDeleteLog(tx: Tx, org: Org, before: number): Promise<void> {
  const until = Math.min(before, org.clock.now());
  await tx.query(sql`
    UPDATE simulator.deletion SET is_purged = true WHERE deleted_at < ${timeText(until)}::timestamptz`);
  await tx.query(sql`
    INSERT INTO simulator.setting (name, value) VALUES (${purgedUntil}, to_jsonb(${until}::bigint))
    ON CONFLICT (name) DO UPDATE SET value = greatest(setting.value, excluded.value)`);
}
