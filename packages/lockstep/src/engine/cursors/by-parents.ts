import type { RecordId } from '../../core/ids.ts';
import { parentFieldsOf } from '../../core/object-restrictions.ts';
import type { Page } from '../../core/page.ts';
import type { Stream } from '../../postgres/index.ts';
import { soqlIds } from '../../salesforce/index.ts';
import type { StreamState } from '../run/sync-state.ts';
import { recheckAt } from './checked.ts';
import { selectNotDeleted } from './queries.ts';
import type { AskedParents, QueryContext, SlotQuery, SlotStep } from './reading.ts';

/**
 * Objects that can be read only by their parents: a query names the Ids of records to which they refer, which are
 * records of the mirror. How many parents fit in a query is learnt, because only one whole answer shows all their
 * records: if one is cut short, fewer are asked for, and if a single parent has more records than an answer, the rest
 * of that answer is read. Pure.
 *
 * Which records of the mirror are gone is not found here but by the sweep, which asks for them by their own Ids.
 */
export interface ParentsPosition<At> {
  /** Where the next parents begin. */
  at: At;
  /** How many of them a query asks for. */
  size: number;
  /** The next parent alone has more records than an answer: where the rest of it is. */
  rest?: { parent: RecordId; path: string };
}

/** Records of one object that are parents by one field. */
export interface Parents {
  /** Tells them from others. */
  key: string;
  field: string;
  stream: StreamState;
}

/** The mirror's own Ids that Airbyte asks for in one query, too; 2,000 of them are 42,000 of 100,000 characters. */
export const parentsMax = 2_000;
const firstParents = 200;

export const startOfParents = <At>(at: At): ParentsPosition<At> => ({ at, size: firstParents });

export const isReadByParents = ({ sobject }: Pick<Stream, 'sobject'>): boolean =>
  parentFieldsOf(sobject) !== null;

/** All that the sync mirrors, in a fixed order: first those in the first field. */
export function parentsOf({ table }: StreamState, streams: readonly StreamState[]): Parents[] {
  const { sobject, columns } = table.stream;
  return (parentFieldsOf(sobject) ?? []).flatMap((field) => {
    const refersTo = columns.find((column) => column.field === field)?.refersTo ?? [];
    return streams
      .filter((stream) => stream.table.stream !== table.stream)
      .filter((stream) => refersTo.includes(stream.table.stream.sobject))
      .map((stream) => ({ key: `${field} ${stream.table.stream.sobject}`, field, stream }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  });
}

/** Other conditions are refused, and so is every time; the page ends where Salesforce ends it. */
export function parentsQuery(
  { stream, limit, ids = [] }: QueryContext,
  { field, rest }: AskedParents,
): SlotQuery {
  const query = selectNotDeleted(stream.table.stream, `${field} IN ${soqlIds(ids)}`);
  // Of several parents with too many records fewer are asked for; of a single one the rest is needed.
  return { ...query, limit, needsRest: ids.length === 1, ...(rest !== undefined && { rest }) };
}

/**
 * The position after an answer; null: it stays, because an earlier query of the request was cut short. The records of
 * the answer count in any case.
 */
export function parentsAfter<At>(
  { at, size }: ParentsPosition<At>,
  asked: AskedParents<At>,
  ids: readonly RecordId[],
  page: Page,
): ParentsPosition<At> | 'ended' | null {
  if (JSON.stringify(asked.at) !== JSON.stringify(at)) return null;
  if (page.done) return asked.to === null ? 'ended' : { at: asked.to, size: grown(size, ids.length, page) };
  const [parent, ...others] = ids;
  if (others.length > 0) return { at, size: Math.max(1, Math.floor(ids.length / 4)) };
  return { at, size, ...(parent && page.next !== undefined && { rest: { parent, path: page.next } }) };
}

/** An answer with few records shows that more parents can be asked for. */
const grown = (size: number, asked: number, { count }: Page): number =>
  asked >= size && count <= parentsMax / 8 ? Math.min(parentsMax, size * 2) : size;

/**
 * The rest of an answer was computed with its beginning, which this reading does not include: its records are only
 * compared, and those that differ are read by their Ids.
 */
export const partialIfRest = (
  stream: StreamState,
  { rest }: AskedParents,
): Pick<SlotStep, 'partial' | 'check'> =>
  rest === undefined ? {} : { partial: { settledUntil: recheckAt(stream) } };
