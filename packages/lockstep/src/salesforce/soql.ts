/** SOQL text. Input from outside enters only as a checked name, a checked Id or a quoted literal. */

import { assert } from '@lockstep/foundation/assert';
import type { RecordId } from '../core/ids.ts';
import { toLongId } from '../core/ids.ts';

export interface Select {
  fields: readonly string[];
  sobject: string;
  /** A condition in SOQL, built by the functions of this file. */
  where?: string | undefined;
  orderBy?: string | undefined;
  limit?: number | undefined;
}

/** `SELECT Id, Name FROM Account WHERE … ORDER BY … LIMIT …` */
export function selectRecords({ fields, sobject, where, orderBy, limit }: Select): string {
  assert(fields.length > 0, 'a query names at least one field');
  for (const name of [...fields, sobject])
    assert(isApiName(name), 'a query names fields and objects by API name');
  assert(limit === undefined || (Number.isInteger(limit) && limit > 0), 'a limit is a positive whole number');
  return [
    `SELECT ${fields.join(', ')} FROM ${sobject}`,
    where && `WHERE ${where}`,
    orderBy && `ORDER BY ${orderBy}`,
    limit && `LIMIT ${limit}`,
  ]
    .filter(Boolean)
    .join(' ');
}

export const isApiName = (text: string) => /^[A-Za-z]\w{0,79}$/.test(text);

/** A quoted literal. SOQL escapes with backslashes. */
export function soqlString(text: string): string {
  return `'${text
    .replace(/[\\']/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')}'`;
}

/** `('001…','001…')`, for `Id IN`. */
export function soqlIds(ids: readonly RecordId[]): string {
  assert(ids.length > 0, 'a list of Ids has at least one');
  for (const id of ids) assert(toLongId(id) !== undefined, 'an Id has 15 or 18 letters and digits');
  return `('${ids.join("','")}')`;
}

/**
 * A reference to the Id of a record in the answer of an earlier query of the same request; both count from zero. The
 * query is skipped if that answer has no such record.
 */
export function soqlIdOf(query: number, record: number): string {
  return `'@{q${query}.records[${record}].Id}'`;
}
