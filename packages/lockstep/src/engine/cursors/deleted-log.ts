import { z } from 'zod';
import { Fault } from '../../core/faults.ts';
import { type RecordId, toRecordId } from '../../core/ids.ts';
import { type ServerSeconds, secondsOf, soqlTime } from '../../core/stamps.ts';
import type { CursorKind } from './reading.ts';

/**
 * Salesforce's log of deletions, which also includes records that were deleted for good. It is requested along with
 * the queries of a request. Pure.
 *
 * Its answer says how far the log reaches, `latestDateCovered`: long transactions can make it lag by hours. The next
 * request begins there, not at the end of the previous one.
 */
export interface DeletedPosition {
  /** All deletions before this have been read. */
  from: ServerSeconds;
  /** When the log was last requested. */
  askedAt: ServerSeconds;
  /** Length of the next request, after a whole one had too many Ids; null: up to now. */
  windowSeconds: number | null;
}

export interface DeletedQuestion {
  path: string;
  until: ServerSeconds;
}

/** Salesforce asks for no more than one request every five minutes. */
const everySeconds = 20 * 60;
/** The log has a resolution of minutes, and refuses a request that begins and ends in the same one. */
const shortestSeconds = 120;
/** Salesforce keeps the log for fifteen days; a position older than this has a gap. */
const reachSeconds = 14 * 86_400;

/** A deletion under way when the stream began is stamped before that. */
export const startOfDeleted = (serverNow: ServerSeconds): DeletedPosition => ({
  from: serverNow - 15 * 60,
  askedAt: serverNow,
  windowSeconds: null,
});

/** @param isPriority  somebody waits for everything that is known now */
export function isDeletedDue(
  position: DeletedPosition,
  serverNow: ServerSeconds,
  isPriority: boolean,
): boolean {
  if (serverNow - position.from < shortestSeconds) return false;
  return isPriority || position.windowSeconds !== null || serverNow - position.askedAt >= everySeconds;
}

export function deletedQuestion(
  sobject: string,
  { from, windowSeconds }: DeletedPosition,
  serverNow: ServerSeconds,
): DeletedQuestion {
  const until = windowSeconds === null ? serverNow : Math.min(serverNow, from + windowSeconds);
  const time = (seconds: ServerSeconds) => encodeURIComponent(soqlTime(seconds).replace('Z', '+00:00'));
  return { path: `sobjects/${sobject}/deleted/?start=${time(from)}&end=${time(until)}`, until };
}

export interface DeletedAnswer {
  to: DeletedPosition;
  ids: readonly RecordId[];
  /** The log does not reach back far enough: all Ids must be compared. */
  isGap: boolean;
}

const answerSchema = z.object({
  deletedRecords: z.array(z.object({ id: z.string(), deletedDate: z.string() })),
  earliestDateAvailable: z.string(),
  latestDateCovered: z.string(),
});

/**
 * @param answer  status and body
 * @throws {@link Fault} `DATA-03`: the answer is malformed
 */
export function deletedAfter(
  position: DeletedPosition,
  question: DeletedQuestion,
  answer: { status: number; errorCode: string | null; body: unknown },
  serverNow: ServerSeconds,
): DeletedAnswer | 'refused' {
  const asked = { ...position, askedAt: serverNow };
  const gap = { to: { from: serverNow, askedAt: serverNow, windowSeconds: null }, ids: [], isGap: true };
  if (answer.errorCode === 'EXCEEDED_ID_LIMIT') {
    const windowSeconds = Math.floor((question.until - position.from) / 2);
    if (windowSeconds < shortestSeconds) return gap;
    return { to: { ...asked, windowSeconds }, ids: [], isGap: false };
  }
  if (answer.errorCode === 'INVALID_REPLICATION_DATE') return gap;
  if (answer.status !== 200) return 'refused';
  const read = answerSchema.safeParse(answer.body);
  if (!read.success) throw new Fault('DATA-03', { where: 'the log of deletions' });
  const { deletedRecords, earliestDateAvailable, latestDateCovered } = read.data;
  const ids = deletedRecords.flatMap(({ id }) => toRecordId(id) ?? []);
  const covered = Math.min(question.until, secondsOf(latestDateCovered));
  if (position.from < serverNow - reachSeconds) return { ...gap, ids };
  const isGap = secondsOf(earliestDateAvailable) > position.from + 60;
  const from = Math.max(position.from, covered);
  // A part of a split request is followed by the next part at once.
  const windowSeconds = question.until < serverNow && covered > position.from ? position.windowSeconds : null;
  return { to: { from, askedAt: serverNow, windowSeconds }, ids, isGap };
}

declare module '../run/sync-state.ts' {
  interface Positions {
    deleted: DeletedPosition;
  }
}

/** The log is read along with the queries of a request. */
export const deleted: CursorKind = {
  kind: 'deleted',
  start: ({ replicateable }, serverNow) => (replicateable ? startOfDeleted(serverNow) : null),
  readings: [],
};
