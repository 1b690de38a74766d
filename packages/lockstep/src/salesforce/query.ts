/** Reads records: up to five queries in one request, each answered with a page of text. */

import { assert } from '@lockstep/foundation/assert';
import { Fault } from '../core/faults.ts';
import { toRecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import type { Salesforce } from './client.ts';
import {
  compositeOf,
  type Query,
  type QueryBody,
  type Resource,
  type ResourceAnswer,
  readComposite,
  reference,
} from './composite.ts';
import { changedAtOf } from './conditional.ts';
import { errorCodeIn, errorCodeOf, faultOf, parseJsonOrUndefined } from './faults.ts';
import { joinPages } from './join-pages.ts';
import type { SalesforceRequest } from './request.ts';
import { sanitizeJson } from './sanitize-json.ts';
import type { Usage } from './transport.ts';

export type QueryOutcome =
  | { kind: 'page'; page: Page }
  /** Only this query was refused; the other answers of the request are valid. */
  | { kind: 'refused'; fault: Fault }
  /**
   * It refers to a record that an earlier answer of the request does not contain. After a page this means that the
   * chain has ended; after a refusal it means nothing.
   */
  | { kind: 'skipped' };

interface Answered {
  serverNow: ServerSeconds | null;
  usage: Usage | null;
}

/**
 * One composite request with up to five queries and other resources; the results `pages` and `resources` are in their
 * order. A query may refer to a record of an earlier one by `soqlIdOf`.
 *
 * @throws Fault `DATA-03`: the answer as a whole is cut short or malformed, and none of it is used; `LIM-01`,
 *         `LIM-06`, `SF-01`, `SF-02`, `NET-01`: the request as a whole failed
 */
export async function queryPages(
  salesforce: Salesforce,
  queries: readonly Query[],
  {
    resources = [],
    ...asking
  }: Pick<SalesforceRequest, 'purpose' | 'timeoutMs'> & { resources?: readonly Resource[] },
  signal: AbortSignal,
): Promise<Answered & { pages: readonly QueryOutcome[]; resources: readonly ResourceAnswer[] }> {
  const path = `${salesforce.dataPath}/composite`;
  // Further parts come last, so that references count the queries alone.
  const all = [...queries, ...queries.flatMap((query) => partsOf(query))];
  const body = compositeOf(all, resources, salesforce.dataPath);
  const answer = await salesforce.request({ method: 'POST', path, body, ...asking }, signal);
  if (answer.status !== 200) throw faultOf(answer);
  const subAnswers = readComposite(answer.text, all.length, resources.length);
  const outcomes = all.map((query, index): QueryOutcome => {
    const sub = subAnswers.queries[index];
    assert(sub, 'each query has an answer');
    if (sub.query) return readPage(sub.query, query, salesforce.dataPath);
    if (sub.status === 200)
      return { kind: 'refused', fault: new Fault('DATA-03', { where: `query ${index}` }) };
    const isSkipped = query.soql.search(reference) >= 0 && errorCodeOf(sub.body) === 'PROCESSING_HALTED';
    if (isSkipped) return { kind: 'skipped' };
    const refusal = { ...answer, status: sub.status, text: sub.body };
    return { kind: 'refused', fault: faultOf(refusal, /\bFROM (\w+)/.exec(query.soql)?.[1]) };
  });
  let used = queries.length;
  const pages = queries.map((query, index): QueryOutcome => {
    const from = used;
    used += partsOf(query).length;
    return joinedOutcome([outcomes[index], ...outcomes.slice(from, used)].filter((one) => one !== undefined));
  });
  return {
    serverNow: answer.serverNow,
    usage: answer.usage,
    pages,
    resources: subAnswers.resources.map(({ status, body: text, headers }) => {
      const body = parseJsonOrUndefined(text);
      return { status, errorCode: errorCodeIn(body), body, changedAt: changedAtOf(headers) };
    }),
  };
}

const partsOf = ({ parts = [], ...query }: Query): Query[] => parts.map((soql) => ({ ...query, soql }));

/** A page only if all of its parts are pages. */
function joinedOutcome(outcomes: readonly QueryOutcome[]): QueryOutcome {
  const [first] = outcomes;
  const other = outcomes.find(({ kind }) => kind !== 'page');
  assert(first, 'each query has an outcome');
  if (other || outcomes.length === 1) return other ?? first;
  try {
    return {
      kind: 'page',
      page: joinPages(outcomes.flatMap((one) => (one.kind === 'page' ? [one.page] : []))),
    };
  } catch (error) {
    if (error instanceof Fault) return { kind: 'refused', fault: error };
    throw error;
  }
}

/** An incomplete or malformed page is refused; the other answers of the request stay valid. */
function readPage(body: QueryBody, query: Query, dataPath: string): QueryOutcome {
  try {
    return { kind: 'page', page: pageOf(body, query, dataPath) };
  } catch (error) {
    if (error instanceof Fault) return { kind: 'refused', fault: error };
    throw error;
  }
}

function pageOf(body: QueryBody, { timeField, rest, needsRest }: Query, dataPath: string): Page {
  const { done, totalSize, count } = body;
  // After an empty page that is not the last one, there is no Id or time to continue from.
  if (!done && count === 0) throw new Fault('DATA-03', { where: 'records' });
  // The rest of an answer tells the size of the whole.
  const isWhole = done && rest === undefined ? totalSize === count : totalSize >= count;
  if (!isWhole) throw new Fault('DATA-03', { where: 'totalSize' });
  const next = done ? {} : restOf(body, dataPath);
  if (!done && needsRest && next.next === undefined) throw new Fault('DATA-03', { where: 'nextRecordsUrl' });
  const { records, unstorable, nulsRemoved } = body.isSuspect
    ? sanitizeJson(body.records)
    : { records: body.records, unstorable: [], nulsRemoved: 0 };
  return {
    records,
    count,
    ...placeOf(body.last, timeField),
    done,
    ...next,
    unstorable,
    nulsRemoved,
  };
}

/** Never followed to anywhere but the query resource that has answered. */
function restOf({ nextUrl = '' }: QueryBody, dataPath: string): { next?: string } {
  const next = nextUrl.startsWith(`${dataPath}/`) ? nextUrl.slice(dataPath.length + 1) : '';
  return /^query(All)?\/\w{15,18}-\d{1,9}$/.test(next) ? { next } : {};
}

/** The position of the last record: its Id, and its time if the query was ordered by one. Sums have neither. */
function placeOf(record: string | null, timeField: string | null): Pick<Page, 'last' | 'lastId'> {
  if (record === null) return { last: null, lastId: null };
  const fields = JSON.parse(record) as Record<string, unknown>;
  if (fields.Id === undefined) return { last: null, lastId: null };
  const id = typeof fields.Id === 'string' ? toRecordId(fields.Id) : undefined;
  if (id === undefined) throw new Fault('DATA-03', { where: 'Id of the last record' });
  if (timeField === null) return { last: null, lastId: id };
  const stamp = fields[timeField];
  if (typeof stamp !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/.test(stamp)) {
    throw new Fault('DATA-03', { where: `${timeField} of the last record` });
  }
  return { last: { stamp, id }, lastId: id };
}
