import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { type ServerSeconds, secondsOf } from '../core/stamps.ts';
import type { WrittenRecord } from '../core/written-record.ts';
import type { Clock } from '../lib/clock.ts';
import type { Destination, StreamTable } from '../postgres/index.ts';
import {
  type Query,
  queryPages,
  type Salesforce,
  selectRecords,
  soqlIds,
  soqlString,
} from '../salesforce/index.ts';
import { slotsMax } from './fill-slots.ts';
import { absentIds, recordIds } from './page-ids.ts';

/** What a read-back works with. */
export interface ReadBackDeps {
  clock: Clock;
  /** This process; a read-back is its own, not the lease holder's. */
  owner: string;
  salesforce: Salesforce;
  /** Opened at first use. */
  destination(): Promise<Pick<Destination, 'mirror' | 'tables'>>;
}

export interface ReadBackOptions {
  /** A record whose stamp lies before this was read from before the write: it is read again. */
  notBefore: ServerSeconds;
  /** In the clock's milliseconds. After it the write's answer goes out without its record. */
  deadlineAt: number;
}

/** A tab of the mirror cannot wait longer for a read-back's answer than this. */
const observationLastsMs = 60_000;
const firstPauseMs = 20;
const pauseMsMax = 500;

/**
 * Reads written records with the sync's own credential and applies them, until the mirror holds each of them as it
 * was after the write, or the deadline has come. Nothing is guessed from the request: Salesforce trims, truncates,
 * resolves references and runs triggers.
 *
 * The request is sent after the write was acknowledged, so its answer holds the write; the merge rule keeps it from
 * being undone by a page that was read before. A reading that is older than the write all the same (a replica that
 * lags) is suspect and made again, and so is one that does not find a record that was just written.
 */
export async function readBack(
  deps: ReadBackDeps,
  written: readonly WrittenRecord[],
  options: ReadBackOptions,
  signal: AbortSignal,
): Promise<'applied' | 'pending'> {
  const destination = await deps.destination();
  let left = [...written];
  for (let pauseMs = firstPauseMs; left.length > 0; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
    const now = left.slice(0, slotsMax);
    const { unsettled, isHopeless } = await readOnce(deps, destination, now, options, signal);
    if (isHopeless) return 'pending';
    left = [...unsettled, ...left.slice(slotsMax)];
    const isLate = deps.clock.now() + pauseMs >= options.deadlineAt;
    if (left.length > 0 && isLate) return 'pending';
    if (unsettled.length > 0) await deps.clock.sleep(pauseMs, signal);
  }
  return 'applied';
}

/**
 * One request, one query a record. `unsettled` have to be read again. It is hopeless where another reading would find
 * the same: a record that the mirror cannot hold, or an object that the sync may not read.
 */
async function readOnce(
  deps: ReadBackDeps,
  { mirror, tables: known }: Pick<Destination, 'mirror' | 'tables'>,
  written: readonly WrittenRecord[],
  options: ReadBackOptions,
  signal: AbortSignal,
): Promise<{ unsettled: WrittenRecord[]; isHopeless: boolean }> {
  const tables = written.flatMap(({ sobject }) => known.get(sobject) ?? []);
  if (tables.length < written.length) return { unsettled: [...written], isHopeless: true };
  const streamNos = [...new Set(tables.map(({ stream }) => stream.streamNo))];
  const observation = await mirror.openReadBackObservation(deps.owner, streamNos, observationLastsMs);
  const unsettled: WrittenRecord[] = [];
  let isHopeless = false;
  try {
    const queries = written.map((record, place) => queryOf(tables[place] as StreamTable, record));
    const { pages } = await queryPages(deps.salesforce, queries, { purpose: 'read-back' }, signal);
    for (const [place, record] of written.entries()) {
      const outcome = pages[place];
      const table = tables[place];
      if (outcome?.kind === 'refused' && outcome.fault.kind === 'permanent') isHopeless = true;
      if (!table || outcome?.kind !== 'page' || isSuspect(record, outcome.page, options)) {
        unsettled.push(record);
        continue;
      }
      const absent = record.deleted ? absentIds([record.id], outcome.page) : [];
      const ids = 'id' in record ? [record.id] : recordIds(outcome.page);
      const part = { observation, isLast: false, absent };
      const lockWaitMs = options.deadlineAt - deps.clock.now();
      const { fates } = await mirror.applyPage(table, outcome.page, part, lockWaitMs);
      if (fates.quarantined > 0) isHopeless = true;
      if (await mirror.areDirty(table.stream.streamNo, ids)) unsettled.push(record);
    }
  } finally {
    await mirror.closeObservation(observation).catch(() => undefined);
  }
  return { unsettled, isHopeless };
}

function queryOf({ stream }: StreamTable, record: WrittenRecord): Query {
  const where =
    'id' in record
      ? `Id IN ${soqlIds([record.id])}`
      : `${record.externalId.field} = ${soqlString(record.externalId.value)}`;
  const fields = stream.columns.map(({ field }) => field);
  return {
    soql: selectRecords({ fields, sobject: stream.sobject, where }),
    includeDeleted: 'id' in record,
    timeField: stream.cursorField,
  };
}

/** What a reading after the write cannot be: without the record, with a deleted one still alive, or older. */
function isSuspect(record: WrittenRecord, page: Page, { notBefore }: ReadBackOptions): boolean {
  if (page.count === 0) return !record.deleted;
  const isAlive = /"IsDeleted"\s*:\s*false/.test(page.records);
  if (record.deleted && isAlive) return true;
  return page.last !== null && secondsOf(page.last.stamp) < notBefore;
}

/** Has a record read again by the poll, first of all. */
export async function markForReading(
  { mirror, tables }: Pick<Destination, 'mirror' | 'tables'>,
  sobject: string,
  id: RecordId,
): Promise<void> {
  const table = tables.get(sobject);
  if (table) await mirror.markRows(table.stream.streamNo, [id], 'written', true);
}
