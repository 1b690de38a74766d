import { assert } from '@lockstep/foundation/assert';
import type { Clock } from '@lockstep/foundation/clock';
import { changesWithRecord } from '../../core/describe.ts';
import { Fault } from '../../core/faults.ts';
import type { RecordId } from '../../core/ids.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import type { WrittenRecord } from '../../core/written-record.ts';
import { failureFields, type Observation, type StreamTable } from '../../postgres/index.ts';
import {
  isApiName,
  isTooMuch,
  isUnknownField,
  type Query,
  type QueryOutcome,
  queryPages,
  type RecordSummary,
  type Salesforce,
  soqlIds,
  soqlString,
  summarize,
} from '../../salesforce/index.ts';
import { selectInFull } from '../cursors/queries.ts';
import { slotsMax } from '../cursors/reading.ts';
import { absentIds } from '../run/page-ids.ts';
import { mastersOf, type Stored, type WritesDestination } from './related-records.ts';

/** What a read-back needs. */
export interface ReadBackDeps {
  clock: Clock;
  log: AppLog;
  /** This process, which need not be the lease holder. */
  owner: string;
  salesforce: Salesforce;
  /** Opened at first use. */
  destination(): Promise<WritesDestination>;
  /** Called with the records that were stored. */
  onStored: (stored: Stored) => void;
}

/** The result of reading back some records. */
export interface ReadBackSummary {
  /** The records that the mirror does not show. */
  pending: readonly WrittenRecord[];
  /** How long storing the slowest of them took. */
  applyMs: number;
}

export interface ReadBackOptions {
  /** A record with an older stamp was read from before the write, and is read again. */
  notBefore: ServerSeconds;
  /** In the clock's milliseconds. After it the write is answered although the mirror lacks its record. */
  deadlineAt: number;
}

/** A written record that somebody waits for. */
export interface WaitingRecord extends ReadBackOptions {
  record: WrittenRecord;
  /** Its last reading was from before its write: it is read apart from records that were never stale. */
  isSuspect: boolean;
  /** How long storing it has taken so far. */
  applyMs: number;
}

/** Records that one query asks for. */
export interface Group<One extends WaitingRecord> {
  key: string;
  sobject: string;
  /** Distinct; empty for a record known by its external id. */
  ids: Set<RecordId>;
  waiting: One[];
}

/**
 * `again`: the mirror does not have the record as of its write, and another reading may get it. `hopeless`: another
 * reading would not help, because the mirror cannot store the record or the sync may not read its object.
 */
export type RecordReadBack = 'applied' | 'again' | 'hopeless';

/** This many wide rows fit in one answer; of more, Salesforce sends the rest in further pages. */
const idsMax = 200;
/** No write waits this long. A late answer is stored all the same, but must not occupy a connection for ever. */
const timeoutMs = 10_000;
/** How long its observation stays open if its process dies. */
const observationLastsMs = 60_000;

/** Groups as many waiting records as one request can ask for, in order; `left` must wait for the next one. */
export function groupsOf<One extends WaitingRecord>(
  waiting: readonly One[],
): { groups: Group<One>[]; left: One[] } {
  const groups: Group<One>[] = [];
  const left: One[] = [];
  for (const one of waiting) {
    const { record } = one;
    const key = `${record.sobject}${one.isSuspect ? ', suspect' : ''}`;
    const hasRoom = ({ ids }: Group<One>) => 'id' in record && (ids.has(record.id) || ids.size < idsMax);
    let group = 'id' in record ? groups.find((known) => known.key === key && hasRoom(known)) : undefined;
    if (!group && groups.length === slotsMax) {
      left.push(one);
      continue;
    }
    if (!group) {
      group = { key: 'id' in record ? key : '', sobject: record.sobject, ids: new Set(), waiting: [] };
      groups.push(group);
    }
    if ('id' in record) group.ids.add(record.id);
    group.waiting.push(one);
  }
  return { groups, left };
}

/**
 * Reads written records with the sync's own credential, one query per group, and applies them. Nothing is taken from
 * the writes themselves: Salesforce trims, truncates, resolves references and runs triggers.
 *
 * The request is sent after the writes were acknowledged, so its answer includes them; the merge rule keeps a page
 * that was read earlier from undoing that. A reading that is older than a write all the same (from a lagging replica)
 * is discarded, and not finding a record that was just written proves nothing.
 *
 * @throws if the request as a whole fails: a Fault, or the database's error
 */
export async function readGroups<One extends WaitingRecord>(
  deps: ReadBackDeps,
  groups: readonly Group<One>[],
  signal: AbortSignal,
): Promise<Map<One, RecordReadBack>> {
  const destination = await deps.destination();
  const { mirror, tables } = destination;
  const results = new Map<One, RecordReadBack>();
  let isOutdated = false;
  const asked = groups.flatMap((group) => {
    const table = group.waiting.every(canBeAsked) ? tables.get(group.sobject) : undefined;
    if (!table) for (const one of group.waiting) results.set(one, 'hopeless');
    return table ? [{ ...group, table }] : [];
  });
  if (asked.length === 0) return results;
  const streamNos = [...new Set(asked.map(({ table }) => table.stream.streamNo))];
  const observation = await mirror.openReadBackObservation(deps.owner, streamNos, observationLastsMs);
  try {
    const pages = await askInTurn(deps.salesforce, asked.map(queryOf), signal);
    for (const [index, group] of asked.entries()) {
      const outcome = pages[index];
      assert(outcome, 'each query has an outcome');
      isOutdated ||= isOfOtherPlan(outcome);
      const applied = await applyGroup({ ...deps, destination }, group, outcome, observation).catch(
        (error: unknown) => {
          const { sobject } = group.table.stream;
          isOutdated ||= error instanceof Fault && error.code === 'SYS-09';
          deps.log.warn('a read-back is not stored', { stream: sobject, ...failureFields(error) });
          return new Map<One, RecordReadBack>(); // to be read again; the other tables go on
        },
      );
      for (const [one, result] of applied) results.set(one, result);
    }
  } finally {
    // Not awaited: if it fails, the observation expires.
    mirror.closeObservation(observation).catch(() => undefined);
  }
  if (isOutdated) await destination.reloadTables();
  return results;
}

/** The sync itself replans the table, or its queries, when it meets this. */
const isOfOtherPlan = (outcome: QueryOutcome): boolean =>
  outcome.kind === 'refused' && (isUnknownField(outcome.fault) || isTooMuch(outcome.fault));

/** In one request, or in several if the fields of some objects take more than one query. */
async function askInTurn(
  salesforce: Salesforce,
  queries: readonly Query[],
  signal: AbortSignal,
): Promise<QueryOutcome[]> {
  const requests: Query[][] = [];
  let left = 0;
  for (const query of queries) {
    const count = 1 + (query.parts?.length ?? 0);
    if (count > left) {
      requests.push([]);
      left = slotsMax;
    }
    requests.at(-1)?.push(query);
    left -= count;
  }
  const outcomes: QueryOutcome[] = [];
  for (const request of requests) {
    const { pages } = await queryPages(salesforce, request, { purpose: 'read-back', timeoutMs }, signal);
    outcomes.push(...pages);
  }
  return outcomes;
}

/** The field name of an external id comes from the caller. */
const canBeAsked = ({ record }: WaitingRecord) => 'id' in record || isApiName(record.externalId.field);

type AskedGroup<One extends WaitingRecord> = Group<One> & { table: StreamTable };

function queryOf({ table: { stream }, ids, waiting }: AskedGroup<WaitingRecord>): Query {
  const [{ record }] = waiting as [WaitingRecord];
  const where =
    'id' in record
      ? `Id IN ${soqlIds([...ids])}`
      : `${record.externalId.field} = ${soqlString(record.externalId.value)}`;
  return { ...selectInFull(stream, where), includeDeleted: 'id' in record, timeField: stream.cursorField };
}

async function applyGroup<One extends WaitingRecord>(
  {
    destination,
    clock,
    onStored,
  }: Pick<ReadBackDeps, 'clock' | 'onStored'> & { destination: WritesDestination },
  { table, waiting }: AskedGroup<One>,
  outcome: QueryOutcome,
  observation: Observation,
): Promise<Map<One, RecordReadBack>> {
  const all = (result: RecordReadBack) => new Map(waiting.map((one) => [one, result]));
  if (outcome.kind !== 'page') {
    const isHopeless =
      outcome.kind === 'refused' && outcome.fault.kind === 'permanent' && !isOfOtherPlan(outcome);
    return all(isHopeless ? 'hopeless' : 'again');
  }
  const { page } = outcome;
  const { cursorField } = table.stream;
  const shown = summarize(page, changesWithRecord(cursorField) ? cursorField : null);
  const stale = waiting.filter((one) => isStale(one, shown));
  if (stale.length > 0) {
    for (const one of stale) one.isSuspect = true;
    return all('again');
  }
  const { mirror } = destination;
  const deletedIds = [...new Set(waiting.flatMap(({ record }) => (record.deleted ? [record.id] : [])))];
  const part = { observation, isLast: false, absent: absentIds(deletedIds, page) };
  const deadlineAt = Math.max(...waiting.map((one) => one.deadlineAt));
  const ids = [...shown.keys(), ...part.absent];
  const formerMasters = await mastersOf(destination, table, ids);
  const began = clock.now();
  await mirror.applyPage(table, page, part, Math.max(1, deadlineAt - began));
  for (const one of waiting) one.applyMs += clock.now() - began;
  onStored({ table, formerMasters, ids, deletedIds });
  const unsettled = new Map(await mirror.unsettled(table.stream.streamNo, ids));
  const resultOf = (one: One): RecordReadBack => {
    const { record } = one;
    const found = 'id' in record ? [record.id] : [...shown.keys()];
    const isAnswered =
      found.length > 0 && found.every((id) => shown.has(id) || part.absent.includes(id as RecordId));
    if (!isAnswered || found.some((id) => unsettled.get(id) === 'dirty')) return 'again';
    return found.some((id) => unsettled.get(id) === 'quarantined') ? 'hopeless' : 'applied';
  };
  return new Map(waiting.map((one) => [one, resultOf(one)]));
}

/** A reading after the write cannot show a deleted record as not deleted, or a stamp from before the write. */
function isStale({ record, notBefore }: WaitingRecord, shown: ReadonlyMap<string, RecordSummary>): boolean {
  const found = 'id' in record ? [shown.get(record.id)] : [...shown.values()];
  return found.some(
    (one) => one && ((record.deleted && !one.isDeleted) || (one.time !== null && one.time < notBefore)),
  );
}

/** Has records read again by the poll, with priority. */
export async function markWritten(
  { mirror, tables }: WritesDestination,
  sobject: string,
  ids: readonly RecordId[],
): Promise<void> {
  const table = tables.get(sobject);
  if (table) await mirror.markRows(table.stream.streamNo, ids, 'written', true);
}
