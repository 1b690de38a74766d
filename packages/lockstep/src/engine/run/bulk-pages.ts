/** Reads a result page of a Bulk job and stores it while it arrives. */
import { unreachable } from '@lockstep/foundation/assert';
import { type CsvSlice, idAt, withoutRecords } from '../../core/csv-slice.ts';
import { Fault } from '../../core/faults.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import type { BulkPageRow, BulkPart, StoringWay } from '../../postgres/index.ts';
import { hasResultPages, pageOfRecords, readResultPage } from '../../salesforce/index.ts';
import type { BulkPosition } from '../cursors/bulk.ts';
import { checkAt, recheckAt } from '../cursors/checked.ts';
import { answered, type BulkWork, JobLost, jobOf, readingOf, requireNew } from './bulk-work.ts';
import type { StreamState } from './sync-state.ts';

/**
 * Reads a page and stores it while it arrives. What is stored of it already is passed over.
 *
 * @param sliceRows  how many records are stored at a time, at most
 * @throws {@link JobLost}; those of `storeSlice`; a Fault of the request, `DATA-03` if the page is damaged
 */
export async function readBulkPage(work: BulkWork, pageNo: number, sliceRows: number): Promise<void> {
  const { deps, table, cursor, stream, serverNow, signal } = work;
  const { position } = cursor;
  const job = jobOf(cursor);
  const known = stream.bulkPages.find((one) => one.page_no === pageNo);
  if (!known || job.hi === null) throw new Fault('SYS-09');
  const { fields } = job;
  const asked = { path: known.path, fields, sliceRows };
  const answer = await readResultPage(deps.salesforce, job, asked, signal);
  if ('refused' in answer) {
    answered(work, answer.usage, 0);
    throw new JobLost(answer.refused.reason);
  }
  const part: Omit<BulkPart, 'page'> = {
    observation: readingOf(cursor),
    hi: job.hi,
    way: wayOf(position, stream, serverNow),
    fields,
    pageOf: (slice) => pageOfRecords(slice, fields),
  };
  const { page, received, setAside } = await storePage(work, answer.slices, known, part);
  if (answer.records !== null && answer.records !== received)
    throw new Fault('DATA-03', { where: 'the number of records of a result page' });
  const next = hasResultPages(job) ? null : answer.next;
  if (next !== null) requireNew(work, [next]);
  await deps.mirror.endBulkPage(page, next);
  answered(work, answer.usage, received - known.rows);
  const fieldsOfLog = { stream: table.stream.sobject, kind: 'bulk', rows: setAside };
  if (setAside > 0) deps.log.warn('rows set aside', fieldsOfLog);
}

function wayOf(
  { purpose, isFirstFill, begunAt }: BulkPosition,
  stream: StreamState,
  serverNow: ServerSeconds,
): StoringWay {
  switch (purpose) {
    case 'backfill':
      return { kind: purpose, isFirstFill };
    case 'content':
      return { kind: purpose, before: checkAt(begunAt).before, at: serverNow };
    case 'sweep':
      return { kind: purpose, settledUntil: recheckAt(stream) };
    default:
      return unreachable(purpose);
  }
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
