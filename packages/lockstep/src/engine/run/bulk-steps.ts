/**
 * The steps of reading a table by Bulk: each is one request and what it means for the position of its cursor, which the
 * destination keeps. They run beside the shared requests, so polls go on.
 */
import { unreachable } from '@lockstep/foundation/assert';
import { Fault } from '../../core/faults.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import {
  type CursorMove,
  OutdatedJob,
  ReadingClosed,
  RepeatedRecord,
  SeenLost,
} from '../../postgres/index.ts';
import {
  abortQueryJob,
  type BulkRefusal,
  createQueryJob,
  listResultPages,
  queryPages,
  readQueryJob,
} from '../../salesforce/index.ts';
import type { BulkJob, BulkPosition, BulkPurpose, IdRange } from '../cursors/bulk.ts';
import { passStep } from '../cursors/checked.ts';
import { middleId } from '../cursors/id-middle.ts';
import { restingPass } from '../cursors/pace.ts';
import { partialFieldsOf, selectInRange } from '../cursors/queries.ts';
import { type BulkStep, bulkPageRows } from '../plan/bulk-step.ts';
import { watchFrom, watchOn } from '../plan/job-watch.ts';
import { readBulkPage } from './bulk-pages.ts';
import {
  answered,
  type BulkDeps,
  type BulkWork,
  JobLost,
  jobOf,
  move,
  note,
  readingOf,
  requestPurpose,
  requireNew,
} from './bulk-work.ts';
import type { CursorState, StreamState, SyncState } from './sync-state.ts';

/**
 * Takes one step. Afterwards the stream's cursor and pages have to be loaded again.
 *
 * @throws Fault of the request or the database; the step is taken again
 */
export async function takeBulkStep(
  deps: BulkDeps,
  stream: StreamState,
  step: BulkStep,
  { serverNow, pageRows }: Pick<SyncState, 'serverNow' | 'pageRows'>,
  signal: AbortSignal,
): Promise<void> {
  const known = stream.cursors.bulk;
  const cursor = step.do === 'begin' ? await begin(deps, stream, step.purpose, serverNow) : known;
  if (!cursor) throw new Fault('SYS-09');
  const work = { deps, stream, table: stream.table, cursor, serverNow, signal };
  try {
    switch (step.do) {
      case 'begin':
      case 'create':
        return await create(work);
      case 'split':
        return await split(work);
      case 'ask':
        return await ask(work);
      case 'list':
        return await list(work, bulkPageRows(pageRows));
      case 'read':
        return await readBulkPage(work, step.pageNo, slicePages * pageRows);
      case 'finish':
        return await finish(work);
      default:
        return unreachable(step);
    }
  } catch (error) {
    if (error instanceof ReadingClosed) return forget(work);
    const reason = reasonOfLoss(error, stream);
    if (reason === null) throw error;
    await replaceJob(work, reason);
  }
}

/** A slice has at most as many records as two pages of a query. */
const slicePages = 2;

/** Null: the error does not say that the job is useless. */
function reasonOfLoss(error: unknown, { problems, cursors }: StreamState): string | null {
  if (error instanceof JobLost) return error.reason;
  if (error instanceof OutdatedJob) return 'a field that it reads was hidden or left out';
  if (error instanceof SeenLost) return 'it is not known which records it has seen';
  if (error instanceof RepeatedRecord) return 'its results have a record twice';
  // A machine between may have damaged the answer: it is asked for again before the job is given up.
  const isDamaged = error instanceof Fault && error.code === 'DATA-03';
  const isRepeated =
    (problems[cursors.bulk?.position.purpose ?? 'backfill']?.tries ?? 0) >= damagedAnswersMax;
  return isDamaged && isRepeated ? `its results were damaged (${error.safe.where})` : null;
}

const damagedAnswersMax = 2;

const wholeTable: IdRange = { after: null, upTo: null };

/** Opens the reading, which comes before its first job. A backfill that has read pages goes on after the last. */
async function begin(
  { mirror, holder }: BulkDeps,
  { table, cursors }: StreamState,
  purpose: BulkPurpose,
  serverNow: ServerSeconds,
): Promise<CursorState<BulkPosition>> {
  const version = cursors.bulk?.version ?? 0;
  const begun = Promise.withResolvers<BulkPosition>();
  await mirror.beginBulk(holder, table, version, ({ backfilledTo, ...reading }) => {
    const ranges = [{ ...wholeTable, after: purpose === 'backfill' ? backfilledTo : null }];
    const position = {
      purpose,
      begunAt: serverNow,
      ...reading,
      ranges,
      job: null,
      failures: 0,
      givenUp: null,
    };
    begun.resolve(position);
    return position;
  });
  return { position: await begun.promise, version: version + 1 };
}

async function create(work: BulkWork): Promise<void> {
  const { deps, table, cursor, signal } = work;
  const [range = wholeTable] = cursor.position.ranges;
  const { purpose } = cursor.position;
  const query = selectInRange(
    table.stream,
    range,
    purpose === 'sweep' ? partialFieldsOf(table.stream) : undefined,
  );
  const created = await createQueryJob(
    deps.salesforce,
    { ...query, purpose: requestPurpose(purpose) },
    signal,
  );
  answered(work, created.usage, 0);
  if ('refused' in created) return refused(work, created.refused);
  const job: BulkJob = {
    ...created.job,
    fields: query.fields,
    ...watchFrom(deps.clock.now()),
    hi: null,
    next: null,
    isListed: false,
  };
  deps.log.info('bulk job created', { stream: table.stream.sobject });
  await move(work, { ...cursor.position, job }, { isNewJob: true, paths: [] });
}

/** Salesforce may refuse jobs of this kind for ever, for today, or just this one. */
function refused(work: BulkWork, refusal: BulkRefusal): Promise<void> {
  if (refusal.kind === 'lost') throw new JobLost(refusal.reason);
  return giveUp(work, refusal.reason);
}

async function ask(work: BulkWork): Promise<void> {
  const { deps, cursor, signal } = work;
  const job = jobOf(cursor);
  const answer = await readQueryJob(deps.salesforce, job, signal);
  answered(work, answer.usage, 0);
  if ('refused' in answer) return refused(work, answer.refused);
  const { state, records, reason } = answer;
  switch (state) {
    case 'complete':
      deps.log.info('bulk results ready', { stream: work.table.stream.sobject, rows: records });
      return deps.mirror.moveBulk(deps.holder, work.table, readingOf(cursor), cursor.version, {
        position: (hi) => ({ ...cursor.position, job: { ...job, records, hi, isListed: records === 0 } }),
      });
    case 'failed':
      return failed(work, reason ?? 'the job failed');
    case 'aborted':
      throw new JobLost('the job was aborted');
    case 'waiting':
    case 'running': {
      const watched = watchOn(job, records, deps.clock.now());
      if (watched) return move(work, { ...cursor.position, job: watched });
      await abortQueryJob(deps.salesforce, job, signal);
      return giveUp(work, 'its job hangs');
    }
    default:
      return unreachable(state);
  }
}

/** Salesforce tries a part of a job 15 times; then the part has to be smaller. */
async function failed(work: BulkWork, reason: string): Promise<void> {
  const { position } = work.cursor;
  const [first = wholeTable, ...others] = position.ranges;
  if (position.ranges.length >= rangesMax) throw new JobLost(reason);
  note(work, 'job failed', reason);
  const ranges = [{ ...first, isTooLarge: true }, ...others];
  await move(work, { ...position, job: null, ranges }, { isNewJob: true, paths: [] });
}

/** A table that is divided so often has another problem than its size. */
const rangesMax = 8;

async function split(work: BulkWork): Promise<void> {
  const { deps, table, cursor, signal } = work;
  const { position } = cursor;
  const [first = wholeTable, ...others] = position.ranges;
  const ends = ['Id', 'Id DESC'].map((orderBy) =>
    selectInRange(table.stream, first, ['Id'], { orderBy, limit: 1 }),
  );
  const answer = await queryPages(deps.salesforce, ends, { purpose: 'backfill' }, signal);
  answered(work, answer.usage, 0);
  const [from, to] = answer.pages.map((outcome) => {
    if (outcome.kind === 'refused') throw outcome.fault;
    return outcome.kind === 'page' ? outcome.page.lastId : null;
  });
  const middle = from && to ? middleId(from, to) : null;
  if (middle === null) throw new JobLost('the job failed');
  const halves: IdRange[] = [
    { after: first.after, upTo: middle },
    { after: middle, upTo: first.upTo },
  ];
  await move(work, { ...position, ranges: [...halves, ...others] });
}

async function list(work: BulkWork, pageRows: number): Promise<void> {
  const { deps, cursor, signal } = work;
  const job = jobOf(cursor);
  const answer = await listResultPages(deps.salesforce, job, { next: job.next, pageRows }, signal);
  answered(work, answer.usage, 0);
  if ('refused' in answer) return refused(work, answer.refused);
  const { paths, next } = answer;
  requireNew(work, paths);
  const to = { ...cursor.position, job: { ...job, next, isListed: next === null } };
  await move(work, to, { isNewJob: false, paths });
}

/** Everything that is listed is stored: the next range begins, or the backfill is complete. */
async function finish(work: BulkWork): Promise<void> {
  const { deps, stream, table, cursor, serverNow } = work;
  const { position } = cursor;
  const { records } = jobOf(cursor);
  const rows = stream.bulkPages.reduce((sum, page) => sum + page.rows, 0);
  if (rows !== records) throw new JobLost(`its results have ${rows} records, and it counts ${records}`);
  const ranges = position.ranges.slice(1);
  if (ranges.length > 0)
    return move(work, { ...position, job: null, ranges, failures: 0 }, { isNewJob: true, paths: [] });
  const { purpose } = position;
  if (purpose === 'sweep') {
    const { hi } = jobOf(cursor);
    if (hi === null) throw new Fault('SYS-09');
    await deps.mirror.endBulkSweep(table, { observation: readingOf(cursor), hi, rows });
  }
  deps.log.info(`bulk ${purpose} complete`, { stream: table.stream.sobject, rows });
  const end =
    purpose === 'backfill' ? { completeAt: serverNow } : { moves: movesOf(stream, purpose, position) };
  await deps.mirror.endBulk(deps.holder, table, readingOf(cursor), cursor.version, end);
}

/** A pass over the whole table has ended, which began when the reading was opened. */
function movesOf(
  stream: StreamState,
  purpose: Exclude<BulkPurpose, 'backfill'>,
  { begunAt }: BulkPosition,
): readonly CursorMove[] {
  const ended = { ...restingPass(begunAt), after: null };
  return passStep(stream, purpose, ended).moves;
}

/** Another job reads the same records. If rows were stored already, its records have to be merged with them. */
async function replaceJob(work: BulkWork, reason: string): Promise<void> {
  const { position } = work.cursor;
  const failures = position.failures + 1;
  note(work, 'bulk job lost', reason);
  if (failures >= failuresMax) return giveUp(work, reason);
  const isFirstFill = position.isFirstFill && (position.job?.hi ?? null) === null;
  await move(work, { ...position, isFirstFill, job: null, failures }, { isNewJob: true, paths: [] });
}

const failuresMax = 3;

/** The object is read page by page from the first record on. */
async function giveUp(work: BulkWork, reason: string): Promise<void> {
  const { deps, table, cursor, serverNow: at } = work;
  note(work, 'read page by page', reason);
  const position = { ...cursor.position, observation: null, job: null, givenUp: { reason, at } };
  await deps.mirror.endBulk(deps.holder, table, cursor.position.observation, cursor.version, { position });
}

/** Its reading was closed because no worker has advanced it for days: it begins anew. */
async function forget(work: BulkWork): Promise<void> {
  note(work, 'bulk job lost', 'it was not read for days');
  await work.deps.mirror.endBulk(work.deps.holder, work.table, null, work.cursor.version, 'forget');
}
