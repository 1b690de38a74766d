/** The SOQL of readings. */
import { assert } from '@lockstep/foundation/assert';
import type { RecordId } from '../../core/ids.ts';
import { takesPlainQueriesOnly } from '../../core/object-restrictions.ts';
import { partialColumns, type Stream } from '../../postgres/index.ts';
import { joinField, type Query, selectRecords, soqlIds } from '../../salesforce/index.ts';
import type { IdRange } from './bulk.ts';
import type { QueryContext, SlotQuery } from './reading.ts';

export const partialFieldsOf = (stream: Stream) => partialColumns(stream).map(({ field }) => field);

export const fieldsOf = ({ columns }: Stream) => columns.map(({ field }) => field);

/** The order and the length of a page. */
interface Bounds {
  orderBy?: string;
  limit?: number;
}

/** Some objects do not support LIMIT: their pages end where Salesforce cuts them. */
const boundsFor = ({ sobject }: Stream, { limit, ...bounds }: Bounds): Bounds =>
  limit === undefined || takesPlainQueriesOnly(sobject) ? bounds : { ...bounds, limit };

export const selectInFull = (stream: Stream, where: string | undefined, rest: Bounds = {}): Query => ({
  ...selectFields(stream, fieldsOf(stream), where, rest),
  includeDeleted: false,
  timeField: null,
});

/** One query, or several for parts of the fields if Salesforce has refused one for all. */
function selectFields(
  stream: Stream,
  all: readonly string[],
  where: string | undefined,
  rest: Bounds,
): Pick<Query, 'soql' | 'parts'> {
  const { sobject } = stream;
  const [soql = '', ...parts] = fieldParts(stream, all).map((fields) =>
    selectRecords({ fields, sobject, where, ...boundsFor(stream, rest) }),
  );
  return { soql, ...(parts.length > 0 && { parts }) };
}

/** Each part has what tells records and their versions apart. */
function fieldParts(
  { queryParts, cursorField }: Stream,
  all: readonly string[],
): readonly (readonly string[])[] {
  if (queryParts === 1) return [all];
  const keys = new Set(['Id', 'IsDeleted', joinField, cursorField]);
  const [common, others] = [all.filter((one) => keys.has(one)), all.filter((one) => !keys.has(one))];
  const size = Math.ceil(others.length / queryParts);
  if (size === 0) return [all];
  return Array.from({ length: Math.ceil(others.length / size) }, (_, nth) => [
    ...common,
    ...others.slice(nth * size, (nth + 1) * size),
  ]);
}

/** Records can only be joined from parts if a stamp tells whether they belong together. */
export const canSplit = ({ columns, queryParts }: Stream): boolean =>
  queryParts < queryPartsMax && columns.some(({ field }) => field === joinField);

const queryPartsMax = 4;

/** A query has at most 100,000 characters, which the Ids share with the fields. */
const soqlCharactersMax = 100_000;
const charactersPerId = 21;

export const idsThatFit = (fields: readonly string[]): number =>
  Math.floor((0.99 * soqlCharactersMax - fields.join(', ').length) / charactersPerId);

/** `query` leaves out archived activities although they are not deleted; `queryAll` returns them. */
const archivedSobjects = new Set(['Task', 'Event']);

/** Selects records that are not deleted. */
export function selectNotDeleted(
  stream: Stream,
  where: string | undefined,
  rest: Bounds = {},
  fields = fieldsOf(stream),
): Query {
  const { conditions, includeDeleted } = notDeleted(stream, where);
  return { ...selectFields(stream, fields, conditions, rest), includeDeleted, timeField: null };
}

function notDeleted({ sobject }: Stream, where: string | undefined) {
  const includeDeleted = archivedSobjects.has(sobject);
  const conditions = [where, includeDeleted && 'IsDeleted = false'].filter(Boolean).join(' AND ');
  return { conditions: conditions || undefined, includeDeleted };
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
  const { conditions: where, includeDeleted } = notDeleted(stream, bounds || undefined);
  const soql = selectRecords({ fields, sobject: stream.sobject, where, ...boundsFor(stream, rest) });
  return { soql, includeDeleted, timeField: null, fields };
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
