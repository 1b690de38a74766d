/** Reads records: up to five queries in one request, each answered by a page of text. */
import { Fault } from '../core/faults.ts';
import { toRecordId } from '../core/ids.ts';
import type { Cursor, Page } from '../core/page.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import { assert } from '../lib/assert.ts';
import type { Purpose, Salesforce } from './client.ts';
import { compositeOf, type Query, type QueryBody, readComposite, reference } from './composite.ts';
import { errorCodeOf, faultOf } from './faults.ts';
import { storable } from './storable.ts';
import type { Usage } from './transport.ts';

export type QueryOutcome =
  | { kind: 'page'; page: Page }
  /** This query alone was refused; the others of the request stand. */
  | { kind: 'refused'; fault: Fault }
  /**
   * It refers to a record that an earlier answer of the request does not have. After a page this means that the chain
   * has ended; after a refusal it means nothing.
   */
  | { kind: 'skipped' };

interface Answered {
  serverNow: ServerSeconds | null;
  usage: Usage | null;
}

/**
 * One composite request with one to five queries; `pages` are in their order. A later query may name a record of an
 * earlier one by `soqlIdOf`.
 *
 * @throws Fault `DATA-03`: the answer as a whole is cut short or has another form, and nothing of it is used; `LIM-01`,
 *         `LIM-06`, `SF-01`, `NET-01`: the request as a whole failed
 */
export async function queryPages(
  salesforce: Salesforce,
  queries: readonly Query[],
  purpose: Purpose,
  signal: AbortSignal,
): Promise<Answered & { pages: readonly QueryOutcome[] }> {
  const path = `${salesforce.dataPath}/composite`;
  const body = compositeOf(queries, salesforce.dataPath);
  const answer = await salesforce.request({ method: 'POST', path, body, purpose }, signal);
  if (answer.status !== 200) throw faultOf(answer);
  const subAnswers = readComposite(answer.text, queries.length);
  const pages = queries.map(({ soql }, index): QueryOutcome => {
    const sub = subAnswers[index];
    assert(sub, 'each query has an answer');
    if (sub.query) return readPage(sub.query);
    const isSkipped = soql.search(reference) >= 0 && errorCodeOf(sub.body) === 'PROCESSING_HALTED';
    if (isSkipped) return { kind: 'skipped' };
    const refusal = { ...answer, status: sub.status, text: sub.body };
    return { kind: 'refused', fault: faultOf(refusal, /\bFROM (\w+)/.exec(soql)?.[1]) };
  });
  return { serverNow: answer.serverNow, usage: answer.usage, pages };
}

/** A page that is not whole or has another form is this query's trouble; the others of the request stand. */
function readPage(body: QueryBody): QueryOutcome {
  try {
    return { kind: 'page', page: pageOf(body) };
  } catch (error) {
    if (error instanceof Fault) return { kind: 'refused', fault: error };
    throw error;
  }
}

function pageOf(body: QueryBody): Page {
  const { done, totalSize, count } = body;
  const isWhole = done ? totalSize === count : totalSize >= count;
  if (!isWhole) throw new Fault('DATA-03', { where: 'totalSize' });
  const { records, unstorable, nulsRemoved } = body.isSuspect
    ? storable(body.records)
    : { records: body.records, unstorable: [], nulsRemoved: 0 };
  return {
    records,
    count,
    last: body.last === null ? null : cursorAt(body.last),
    done,
    unstorable,
    nulsRemoved,
  };
}

/** The position of a record; null where it has no Id or no SystemModstamp, as in an aggregate. */
function cursorAt(record: string): Cursor | null {
  const { Id, SystemModstamp: stamp } = JSON.parse(record) as { Id?: unknown; SystemModstamp?: unknown };
  if (Id === undefined || stamp === undefined) return null;
  const id = typeof Id === 'string' ? toRecordId(Id) : undefined;
  if (id === undefined) throw new Fault('DATA-03', { where: 'Id of the last record' });
  if (typeof stamp !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/.test(stamp)) {
    throw new Fault('DATA-03', { where: 'SystemModstamp of the last record' });
  }
  return { stamp, id };
}
