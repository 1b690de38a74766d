import { createHash } from 'node:crypto';
import type { Tx } from '@lockstep/foundation/database';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import type { Call } from '../http/call.ts';
import { OrgError, refused } from '../http/errors.ts';
import { type SObjectDef, stampField } from '../schema/schema.ts';
import { isLive, recordsOf } from '../schema/storage.ts';

/**
 * Conditional requests for rows. `If-Modified-Since` and `If-Unmodified-Since` compare the row's stamp and work for
 * every sobject; entity tags exist only for accounts, as in Salesforce. DELETE ignores conditions.
 */
export interface RowVersion {
  /** Changes with every write of the row, even within one second. */
  version: string;
  /** Seconds since 1970; null for an sobject without stamps. */
  stamp: number | null;
}

const taggedSObject = 'Account';

/** The columns of {@link RowVersion}, of the row `r`. */
export function versionColumns(def: SObjectDef): Sql {
  const stamp = stampField(def);
  const seconds = stamp ? sql`extract(epoch FROM ${ident(stamp.name)})::bigint` : sql`NULL::bigint`;
  return sql`r.xmin::text AS version, ${seconds} AS stamp`;
}

const tagOf = (id: string, { version }: RowVersion): string =>
  `"${createHash('sha1').update(`${id} ${version}`).digest('base64')}"`;

export function versionHeaders(def: SObjectDef, id: string, row: RowVersion): Record<string, string> {
  return {
    ...(def.name === taggedSObject && { ETag: tagOf(id, row) }),
    ...(row.stamp !== null && { 'Last-Modified': new Date(row.stamp * 1000).toUTCString() }),
  };
}

/** Whether the conditions of a GET make it answer 304 instead of the row. A header that is not a date is ignored. */
export function isUnchanged(call: Call, def: SObjectDef, id: string, row: RowVersion): boolean {
  const { matches, noneMatches, since, unmodifiedSince } = conditionsOf(call, def, id, row);
  if (matches === false || isLater(row, unmodifiedSince)) throw preconditionFailed();
  if (noneMatches !== undefined) return !noneMatches;
  return since !== undefined && !Number.isNaN(since) && !isLater(row, since);
}

/** Locks the row if there are conditions, and refuses the write if one is not met. */
export async function checkConditions(tx: Tx, call: Call, def: SObjectDef, id: string): Promise<void> {
  if (!conditionNames.some((name) => call.header(name) !== undefined)) return;
  const [row] = await tx.query<RowVersion>(sql`
    SELECT ${versionColumns(def)} FROM ${recordsOf(def)} AS r WHERE "Id" = ${id} AND ${isLive(def)} FOR UPDATE`);
  if (!row) return;
  const { matches, noneMatches, since, unmodifiedSince } = conditionsOf(call, def, id, row);
  if (Number.isNaN(since) || Number.isNaN(unmodifiedSince))
    throw refused('INVALID_INPUT', 'A conditional header does not hold a date.');
  const isForbidden =
    matches === false ||
    noneMatches === false ||
    isLater(row, unmodifiedSince) ||
    (since !== undefined && !isLater(row, since));
  if (isForbidden) throw preconditionFailed();
}

const conditionNames = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];

/** Undefined without the header; NaN if it is not a date. Times in milliseconds. */
function conditionsOf(call: Call, def: SObjectDef, id: string, row: RowVersion) {
  const time = (name: string) => {
    const text = call.header(name);
    return text === undefined ? undefined : Date.parse(text);
  };
  const names = (name: string) => {
    const text = def.name === taggedSObject ? call.header(name) : undefined;
    if (text === undefined) return undefined;
    // The tag of a compressed answer may end in the encoding.
    const tags = text.split(',').map((tag) => tag.trim().replace(/-gzip"$/, '"'));
    return tags.includes('*') || tags.includes(tagOf(id, row));
  };
  const hit = names('if-none-match');
  return {
    matches: names('if-match'),
    noneMatches: hit === undefined ? undefined : !hit,
    since: time('if-modified-since'),
    unmodifiedSince: time('if-unmodified-since'),
  };
}

const isLater = ({ stamp }: RowVersion, time: number | undefined): boolean =>
  time !== undefined && stamp !== null && stamp * 1000 > time;

const preconditionFailed = () =>
  new OrgError(412, 'PRECONDITION_FAILED', 'A condition of the request headers is not met.');
