/** The SOQL of readings. */
import { assert } from '@lockstep/foundation/assert';
import type { RecordId } from '../../core/ids.ts';
import { takesPlainQueriesOnly } from '../../core/object-restrictions.ts';
import { partialColumns, type Stream } from '../../postgres/index.ts';
import { type Query, selectRecords, soqlIds } from '../../salesforce/index.ts';
import type { IdRange } from './bulk.ts';
import type { QueryContext, SlotQuery } from './reading.ts';

export const partialFieldsOf = (stream: Stream) => partialColumns(stream).map(({ field }) => field);

const fieldsOf = ({ columns }: Stream) => columns.map(({ field }) => field);

/** The order and the length of a page. */
interface Bounds {
  orderBy?: string;
  limit?: number;
}

/** Some objects do not support LIMIT: their pages end where Salesforce cuts them. */
const boundsFor = ({ sobject }: Stream, { limit, ...bounds }: Bounds): Bounds =>
  limit === undefined || takesPlainQueriesOnly(sobject) ? bounds : { ...bounds, limit };

export const selectInFull = (stream: Stream, where: string | undefined, rest: Bounds = {}): Query => ({
  soql: selectRecords({
    fields: fieldsOf(stream),
    sobject: stream.sobject,
    where,
    ...boundsFor(stream, rest),
  }),
  includeDeleted: false,
  timeField: null,
});

/** `query` leaves out archived activities although they are not deleted; `queryAll` returns them. */
const archivedSobjects = new Set(['Task', 'Event']);

/** Selects records that are not deleted. */
export function selectNotDeleted(
  stream: Stream,
  where: string | undefined,
  rest: Bounds = {},
  fields = fieldsOf(stream),
): Query {
  const { sobject } = stream;
  const isArchiving = archivedSobjects.has(sobject);
  const conditions = [where, isArchiving && 'IsDeleted = false'].filter(Boolean).join(' AND ');
  const soql = selectRecords({ fields, sobject, where: conditions || undefined, ...boundsFor(stream, rest) });
  return { soql, includeDeleted: isArchiving, timeField: null };
}

/**
 * Selects the records of a range of Ids, for a Bulk job: without an order, so that Salesforce may read it in parts.
 * The Id comes first.
 */
export function selectInRange(
  stream: Stream,
  { after, upTo }: IdRange,
  chosen = fieldsOf(stream),
  rest: Bounds = {},
): Query & { fields: readonly string[] } {
  const fields = ['Id', ...chosen.filter((field) => field !== 'Id')];
  const bounds = [after && `Id > '${after}'`, upTo && `Id <= '${upTo}'`].filter(Boolean).join(' AND ');
  return { ...selectNotDeleted(stream, bounds || undefined, rest, fields), fields };
}

export function sweepQuery(stream: Stream, ids: readonly RecordId[]): SlotQuery {
  return {
    ...selectNotDeleted(stream, `Id IN ${soqlIds(ids)}`, {}, partialFieldsOf(stream)),
    limit: ids.length,
  };
}

/** Selects records that are not deleted, in the order of their Ids. */
export const byId = (
  { stream, limit }: Pick<QueryContext, 'stream' | 'limit'>,
  where: string | undefined,
): SlotQuery => ({
  ...selectNotDeleted(stream.table.stream, where, { orderBy: 'Id', limit }),
  limit,
});

/** Whether the table's records have a day of creation. */
export const hasDays = ({ columns }: Stream) => columns.some(({ field }) => field === 'CreatedDate');

export function requireTimeField(field: string | null): string {
  assert(field !== null, 'only a stream with a time to follow is polled');
  return field;
}
