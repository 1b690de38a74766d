import { refused } from '../http/errors.ts';

/** Rows per page by default, and at most. */
const pageRowsMax = 50_000;
const askedRowsMax = 1_000_000;

/** A range of a result: rows from `from` on, counted from 0. */
export interface Page {
  from: number;
  rows: number;
}

export const invalidLocator = () => refused('INVALID_QUERY_LOCATOR', 'invalid query locator');

/** A locator is opaque to clients: the number of the first row, in base 64 without padding. */
export const locatorOf = (row: number): string =>
  Buffer.from(String(row)).toString('base64').replace(/=+$/, '');

/** @throws {@link OrgError} for an invalid maxRecords or locator */
export function readPage(parameters: URLSearchParams, total: number): Page {
  const maxRecords = parameters.get('maxRecords');
  if (maxRecords !== null && !/^0*[1-9]\d{0,8}$/.test(maxRecords)) {
    throw refused('INVALID_QUERY_LOCATOR', 'maxRecords must be a positive whole number');
  }
  const rows = Math.min(Number(maxRecords ?? pageRowsMax), askedRowsMax);
  const locator = parameters.get('locator');
  const from = locator === null ? 0 : Number(Buffer.from(locator, 'base64').toString('latin1'));
  const isOurs = locator === null || (Number.isSafeInteger(from) && locatorOf(from) === locator);
  if (!isOurs || from < 0 || (from > 0 && from >= total)) {
    throw invalidLocator();
  }
  return { from, rows: Math.min(rows, total - from) };
}
