/**
 * The steps of a Bulk backfill: each is one request and what it means for the position of its cursor, which the
 * destination keeps. They run beside the shared requests, so polls go on.
 */
import { unreachable } from '@lockstep/foundation/assert';
import { type CsvSlice, idAt, withoutRecords } from '../../core/csv-slice.ts';
import { Fault } from '../../core/faults.ts';
import {
  type BulkPageRow,
  type BulkPart,
  type Observation,
  OutdatedJob,
  ReadingClosed,
  RepeatedRecord,
  type StreamTable,
} from '../../postgres/index.ts';
import {
  abortQueryJob,
  type BulkRefusal,
  createQueryJob,
  hasResultPages,
  listResultPages,
  pageOfRecords,
  queryPages,
  readQueryJob,
  readResultPage,
  type Usage,
} from '../../salesforce/index.ts';
import type { BulkJob, BulkPosition, IdRange } from '../cursors/bulk.ts';
import { middleId } from '../cursors/id-middle.ts';
import { selectInRange } from '../cursors/queries.ts';
import { type BulkStep, bulkPageRows } from '../plan/bulk-step.ts';
import type { SyncDeps } from './sync-deps.ts';
import type { CursorState, StreamState, SyncState } from './sync-state.ts';

type Deps = Pick<
  SyncDeps,
  'clock' | 'log' | 'salesforce' | 'mirror' | 'holder' | 'onQuery' | 'onActivity' | 'onAnswer'
>;

/** What each step works on. */
interface BulkWork {
  deps: Deps;
  stream: StreamState;
  table: StreamTable;
  cursor: CursorState<BulkPosition>;
  signal: AbortSignal;
}

/** A job without results: others may have them. */
class JobLost extends Error {
  override readonly name = 'JobLost';
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Takes one step. Afterwards the stream's cursor and pages have to be loaded again.
 *
 * @throws Fault of the request or the database; the step is taken again
 */
export async function takeBulkStep(
  deps: Deps,
  stream: StreamState,
  step: BulkStep,
  { serverNow, pageRows }: Pick<SyncState, 'serverNow' | 'pageRows'>,
  signal: AbortSignal,
): Promise<void> {
  const cursor = stream.cursors.bulk ?? (await begin(deps, stream));
  const work = { deps, stream, table: stream.table, cursor, signal };
  try {
    switch (step.do) {
      case 'create':
        return await create(work);
      case 'split':
        return await split(work);
      case 'ask':
        return await ask(work);
      case 'list':
        return await list(work, bulkPageRows(pageRows));
      case 'read':
        return await read(work, step.pageNo, slicePages * pageRows);
      case 'finish':
        return await finish(work, serverNow);
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

/** Null: the error does not say that the job is useless. */
function reasonOfLoss(error: unknown, { problems }: StreamState): string | null {
  if (error instanceof JobLost) return error.reason;
  if (error instanceof OutdatedJob) return 'a field that it reads was hidden or left out';
  if (error instanceof RepeatedRecord) return 'its results have a record twice';
  // A machine between may have damaged the answer: it is asked for again before the job is given up.
  const isDamaged = error instanceof Fault && error.code === 'DATA-03';
  const isRepeated = (problems.backfill?.tries ?? 0) >= damagedAnswersMax;
  return isDamaged && isRepeated ? `its results were damaged (${error.safe.where})` : null;
}

const damagedAnswersMax = 2;

const wholeTable: IdRange = { after: null, upTo: null };

/** Opens the reading, which comes before its first job. A backfill that has read pages goes on after the last. */
async function begin({ mirror, holder }: Deps, stream: StreamState): Promise<CursorState<BulkPosition>> {
  const after = stream.cursors.backfill?.position.after ?? null;
  let position: BulkPosition | null = null;
  await mirror.beginBulk(holder, stream.table, 0, (reading) => {
    position = { ...reading, ranges: [{ ...wholeTable, after }], job: null, failures: 0, givenUp: null };
    return position;
  });
  return { position: position as unknown as BulkPosition, version: 1 };
}

async function create(work: BulkWork): Promise<void> {
  const { deps, table, cursor, signal } = work;
  const [range = wholeTable] = cursor.position.ranges;
  const query = selectInRange(table.stream, range);
  const created = await createQueryJob(deps.salesforce, query, signal);
  answered(work, created.usage, 0);
  if ('refused' in created) return refused(work, created.refused);
  const now = deps.clock.now();
  const job: BulkJob = {
    ...created.job,
    fields: query.fields,
    createdAt: now,
    askAt: now + firstAskMs,
    records: 0,
    advancedAt: now,
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

const firstAskMs = 1_000;
const askMsMax = 60_000;
/** A job that reads nothing for so long hangs. */
const silentMsMax = 60 * 60_000;

async function ask(work: BulkWork): Promise<void> {
  const { deps, cursor, signal } = work;
  const job = jobOf(cursor);
  const answer = await readQueryJob(deps.salesforce, job, signal);
  answered(work, answer.usage, 0);
  if ('refused' in answer) return refused(work, answer.refused);
  const { state, records, reason } = answer;
  const now = deps.clock.now();
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
      const isSilent = records === job.records && now - job.advancedAt >= silentMsMax;
      if (isSilent) {
        await abortQueryJob(deps.salesforce, job, signal);
        return giveUp(work, 'its job hangs');
      }
      const askAt = now + Math.min(askMsMax, Math.max(firstAskMs, now - job.createdAt));
      const advancedAt = records === job.records ? job.advancedAt : now;
      return move(work, { ...cursor.position, job: { ...job, records, askAt, advancedAt } });
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
  const to = { ...cursor.position, job: { ...job, next, isListed: next === null } };
  await move(work, to, { isNewJob: false, paths });
}

/** A slice has at most as many records as two pages of a query. */
const slicePages = 2;

/** Reads a page and stores it while it arrives. What is stored of it already is passed over. */
async function read(work: BulkWork, pageNo: number, sliceRows: number): Promise<void> {
  const { deps, table, cursor, stream, signal } = work;
  const { position } = cursor;
  const job = jobOf(cursor);
  const known = stream.bulkPages.find((one) => one.page_no === pageNo);
  if (!known || job.hi === null) throw new Fault('SYS-09');
  const { fields } = job;
  const asked = { path: known.path, fields, sliceRows };
  const answer = await readResultPage(deps.salesforce, job, asked, signal);
  if ('refused' in answer) {
    answered(work, answer.usage, 0);
    return refused(work, answer.refused);
  }
  const part: Omit<BulkPart, 'page'> = {
    observation: readingOf(cursor),
    hi: job.hi,
    isFirstFill: position.isFirstFill,
    fields,
    pageOf: (slice) => pageOfRecords(slice, fields),
  };
  const { page, received, setAside } = await storePage(work, answer.slices, known, part);
  if (answer.records !== null && answer.records !== received)
    throw new Fault('DATA-03', { where: 'the number of records of a result page' });
  await deps.mirror.endBulkPage(page, hasResultPages(job) ? null : answer.next);
  answered(work, answer.usage, received - known.rows);
  const fieldsOfLog = { stream: table.stream.sobject, kind: 'bulk', rows: setAside };
  if (setAside > 0) deps.log.warn('rows set aside', fieldsOfLog);
}

async function storePage(
  { deps, table }: BulkWork,
  slices: AsyncIterable<CsvSlice>,
  known: BulkPageRow,
  part: Omit<BulkPart, 'page'>,
): Promise<{ page: BulkPageRow; received: number; setAside: number }> {
  let page = known;
  let received = 0;
  let setAside = 0;
  for await (const slice of ahead(slices)) {
    const rest = afterStored(slice, known, received);
    received += slice.starts.length;
    if (rest.starts.length === 0) continue;
    const stored = await deps.mirror.storeSlice(table, rest, { ...part, page });
    ({ page } = stored);
    setAside += stored.counts.quarantined;
  }
  return { page, received, setAside };
}

/** What of a slice is not stored yet, of a page that a worker has begun to store before. */
function afterStored(slice: CsvSlice, { rows, last_id: lastId }: BulkPageRow, received: number): CsvSlice {
  const stored = Math.min(slice.starts.length, Math.max(0, rows - received));
  if (stored === 0) return slice;
  const isSame = received + stored < rows || idAt(slice, stored - 1) === lastId;
  if (!isSame) throw new JobLost('a page has other records than before');
  return withoutRecords(slice, (nth) => nth < stored);
}

/** The next slice arrives while one is being stored. */
async function* ahead<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (let current = await next; !current.done; current = await next) {
      next = iterator.next();
      next.catch(() => undefined); // awaited above, unless storing fails before
      yield current.value;
    }
  } finally {
    await next.catch(() => undefined);
    await iterator.return?.();
  }
}

/** Everything that is listed is stored: the next range begins, or the backfill is complete. */
async function finish(work: BulkWork, serverNow: number): Promise<void> {
  const { deps, stream, table, cursor } = work;
  const { position } = cursor;
  const { records } = jobOf(cursor);
  const rows = stream.bulkPages.reduce((sum, page) => sum + page.rows, 0);
  if (rows !== records) throw new JobLost(`its results have ${rows} records, and it counts ${records}`);
  const ranges = position.ranges.slice(1);
  if (ranges.length > 0)
    return move(work, { ...position, job: null, ranges, failures: 0 }, { isNewJob: true, paths: [] });
  deps.log.info('bulk backfill complete', { stream: table.stream.sobject, rows });
  await deps.mirror.endBulk(deps.holder, table, readingOf(cursor), cursor.version, { completeAt: serverNow });
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
  const { deps, table, cursor } = work;
  note(work, 'read page by page', reason);
  const position = { ...cursor.position, observation: null, job: null, givenUp: { reason } };
  await deps.mirror.endBulk(deps.holder, table, cursor.position.observation, cursor.version, { position });
}

/** Its reading was closed because no worker has advanced it for days: it begins anew. */
async function forget(work: BulkWork): Promise<void> {
  note(work, 'bulk job lost', 'it was not read for days');
  await work.deps.mirror.endBulk(work.deps.holder, work.table, null, work.cursor.version, 'forget');
}

const move = (
  { deps, table, cursor }: BulkWork,
  position: BulkPosition,
  pages?: { isNewJob: boolean; paths: readonly string[] },
): Promise<void> =>
  deps.mirror.moveBulk(deps.holder, table, readingOf(cursor), cursor.version, {
    position: () => position,
    pages,
  });

function readingOf({ position }: CursorState<BulkPosition>): Observation {
  if (!position.observation) throw new Fault('SYS-09');
  return position.observation;
}

function jobOf({ position }: CursorState<BulkPosition>): BulkJob {
  if (!position.job) throw new Fault('SYS-09');
  return position.job;
}

function answered({ deps, table }: BulkWork, usage: Usage | null, rows: number): void {
  const { sobject } = table.stream;
  deps.onAnswer(usage);
  deps.onQuery?.({ sobject, kind: 'bulk', rows, purpose: 'backfill', share: 1 });
}

/** For people who look at the sync, now or later. */
function note({ deps, table }: BulkWork, event: string, detail: string): void {
  const { sobject } = table.stream;
  deps.log.warn(event, { stream: sobject, where: detail });
  deps.onActivity?.({ kind: 'state', event, sobject, detail });
}
