/** Which objects are read by Bulk, for what, and what such a reading does next. Pure. */
import { canReadByBulk } from '../../core/bulk-restrictions.ts';
import { type BulkPurpose, bulkPagesMin, bulkPurpose, checksByBulk, isBulkGivenUp } from '../cursors/bulk.ts';
import { contentDue } from '../cursors/content.ts';
import { sweepDue } from '../cursors/sweep.ts';
import { isBackingOff } from '../run/problems.ts';
import type { StreamState, SyncState } from '../run/sync-state.ts';
import { isAskDue } from './job-watch.ts';

/** A step of a Bulk reading; each but the last is one request. */
export type BulkStep =
  | { do: 'begin'; purpose: BulkPurpose }
  | { do: 'create' }
  /** The table is too large for one job: its Ids are looked up, to read it in two. */
  | { do: 'split' }
  | { do: 'ask' }
  | { do: 'list' }
  | { do: 'read'; pageNo: number }
  /** Everything of the job is stored. */
  | { do: 'finish' };

/** Rows of a result page, in pages of a query. Smaller ones cost more requests, larger ones more to repeat. */
const pageSize = 50;
/** A backfill of fewer pages is made by Bulk too if they would cost this share of the requests that are left today. */
const requestsShareMax = 0.02;
const scarcePagesMin = 5;
/** Of five pages that a request can bring, a poll takes some. */
const pagesPerRequest = 4.5;
/** After so many refused pages in a row, such as queries that time out. */
const failedPagesMin = 3;
/** Result pages that are read at the same time, of one object or of two. */
const pagesAtOnce = 2;

/** 100,000 where pages of a query have 2,000. */
export const bulkPageRows = (pageRows: number): number => pageSize * pageRows;

type Limits = Pick<SyncState, 'quota' | 'pageRows' | 'serverNow' | 'streams'>;

/** For what a stream should be read by Bulk now; null: nothing. */
function wantedPurpose(state: Limits, stream: StreamState): BulkPurpose | null {
  if (wantsBulk(state, stream)) return 'backfill';
  const { content, sweep } = stream.cursors;
  const isDue = (pass: typeof content | typeof sweep, due: typeof contentDue) =>
    pass && checksByBulk(stream, pass.position, state) && due(stream, state)?.pace === 'now';
  if (isDue(content, contentDue)) return 'content';
  return isDue(sweep, sweepDue) ? 'sweep' : null;
}

/** Whether a backfill should go on by Bulk. */
export function wantsBulk({ quota, pageRows, serverNow }: Limits, stream: StreamState): boolean {
  const { cursors, table, rows, rowsExpected, problems } = stream;
  if (!cursors.backfill || bulkPurpose(cursors.bulk) || isBulkGivenUp(cursors.bulk, serverNow)) return false;
  if (!canReadByBulk(table.stream.sobject, table.stream.columns)) return false;
  // Rows of an earlier backfill are read again.
  const isBegun = cursors.backfill.position.after !== null;
  const left = isBegun ? (rowsExpected ?? 0) - rows : Math.max(rowsExpected ?? 0, rows);
  const pages = left / pageRows;
  if (pages >= bulkPagesMin || (problems.backfill?.tries ?? 0) >= failedPagesMin) return true;
  const { usage, stopAtPercent } = quota;
  if (pages < scarcePagesMin || !usage) return false;
  const requestsLeft = (usage.max * stopAtPercent) / 100 - usage.used;
  return pages / pagesPerRequest > requestsLeft * requestsShareMax;
}

/** The step of each Bulk reading that is under way: of its job, or the numbers of the pages that are being read. */
export interface BulkUnderWay {
  /** Stream numbers. */
  jobs: ReadonlySet<number>;
  pages: ReadonlyMap<number, ReadonlySet<number>>;
}

export const noBulkUnderWay: BulkUnderWay = { jobs: new Set(), pages: new Map() };

/** The next step of a Bulk reading; null: there is nothing to do now. */
export function nextBulkStep(
  state: Limits,
  stream: StreamState,
  underWay: BulkUnderWay,
  now: number,
): BulkStep | null {
  const { streamNo } = stream.table.stream;
  if (underWay.jobs.has(streamNo)) return null;
  const { bulk } = stream.cursors;
  const purpose = bulkPurpose(bulk) ?? wantedPurpose(state, stream);
  if (!purpose || isBackingOff(stream, purpose, now)) return null;
  if (!bulk || bulk.position.givenUp) return { do: 'begin', purpose };
  const { job, ranges } = bulk.position;
  if (!job) return ranges[0]?.isTooLarge ? { do: 'split' } : { do: 'create' };
  if (job.hi === null) return isAskDue(job, now) ? { do: 'ask' } : null;
  return nextPageStep(stream, underWay, job.isListed);
}

/** The order of the steps of several tables: first what brings rows, then the question that has waited longest. */
export const waitsAs = ({ cursors }: StreamState, step: BulkStep): number =>
  step.do === 'ask' ? (cursors.bulk?.position.job?.askAt ?? 0) : Number.NEGATIVE_INFINITY;

function nextPageStep(
  { table, bulkPages }: StreamState,
  { pages }: BulkUnderWay,
  isListed: boolean,
): BulkStep | null {
  const reading = pages.get(table.stream.streamNo) ?? new Set();
  const readingInAll = [...pages.values()].reduce((sum, { size }) => sum + size, 0);
  const left = bulkPages.filter(({ is_done: isDone }) => !isDone);
  const next = left.find(({ page_no: pageNo }) => !reading.has(pageNo));
  if (next) return readingInAll < pagesAtOnce ? { do: 'read', pageNo: next.page_no } : null;
  if (!isListed) return { do: 'list' };
  return left.length === 0 ? { do: 'finish' } : null;
}
