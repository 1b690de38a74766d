import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { ident, sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness } from './end-to-end-harness.ts';

/**
 * Checks the proxy's claim: after an answer with `Lockstep-Applied: yes`, the reader's SQL shows each written record
 * with every field as the org itself returns it, or no row if it was deleted.
 */
export interface AppliedCheck {
  /** @param path  as sent, with or without a prefix before `/services` */
  check(request: { method: string; path: string; body?: string }, answerBody: Buffer): Promise<void>;
  /** Number of records checked. */
  checked(): number;
}

/** The first byte of a gzip body; no JSON begins with it. */
const gzipMark = 0x1f;

export async function openAppliedCheck(harness: EndToEndHarness): Promise<AppliedCheck> {
  const { json } = await harness.org.request('GET', `${dataPath}/sobjects`);
  const { sobjects } = json as { sobjects: { name: string; keyPrefix: string | null }[] };
  const mirrored = new Map(
    sobjects
      .filter(({ name }) => harness.sync.sobjects.includes(name))
      .map(({ name, keyPrefix }) => [keyPrefix, name]),
  );
  let checked = 0;
  return {
    checked: () => checked,
    async check(request, body) {
      const answerText = (body[0] === gzipMark ? gunzipSync(body) : body).toString();
      const ids = writtenIds(request, answerText);
      assert(ids.length > 0, `an answer to ${request.method} ${request.path} names what was written`);
      for (const id of ids) {
        const sobject = mirrored.get(id.slice(0, 3));
        if (sobject === undefined) continue;
        await checkRecord(harness, sobject, id);
        checked++;
      }
    },
  };
}

/**
 * The Id in the path if it names a record. Otherwise the Ids that the answer reports as successes, and those in the
 * URLs of subrequests.
 */
function writtenIds(
  { method, path, body = '' }: { method: string; path: string; body?: string },
  answerText: string,
): string[] {
  const [, named] = /\/sobjects\/\w+\/([A-Za-z0-9]{18})(?:\?.*)?$/.exec(path) ?? [];
  if (named !== undefined && !path.includes('/composite/') && method !== 'GET') return [named];
  const inBody = [...body.matchAll(/"url":"[^"]*\/sobjects\/\w+\/(\w{18})"/g)].map(([, id]) => id ?? '');
  return [...inBody, ...(answerText === '' ? [] : successes(JSON.parse(answerText)))];
}

function successes(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { id, success, referenceId } = value as Record<string, unknown>;
  const isInTree = referenceId !== undefined && success === undefined;
  const own = (success === true || isInTree) && typeof id === 'string' ? [id] : [];
  return [...own, ...Object.values(value).flatMap(successes)];
}

async function checkRecord(harness: EndToEndHarness, sobject: string, id: string): Promise<void> {
  const { status, json } = await harness.org.request('GET', `${dataPath}/sobjects/${sobject}/${id}`);
  const [row] = await harness.reader.query<Record<string, string | null>>(
    sql`SELECT * FROM ${ident('salesforce', sobject.toLowerCase())} WHERE id = ${id}`,
  );
  if (status === 404) return assert.equal(row, undefined, `${sobject} ${id} is deleted, but in the mirror`);
  assert.equal(status, 200);
  assert(row, `${sobject} ${id} is not in the mirror`);
  const different = Object.entries(json as object).filter(
    ([field, value]) => field.toLowerCase() in row && !isShownAs(value, row[field.toLowerCase()]),
  );
  assert.deepEqual(different, [], `${sobject} ${id} differs in the mirror`);
}

/** @param text  the column's value as PostgreSQL prints it */
function isShownAs(value: unknown, text: string | null | undefined): boolean {
  if (text === null || text === undefined) return value === null;
  if (typeof value === 'boolean') return text === (value ? 't' : 'f');
  if (typeof value === 'number') return Number(text) === value;
  return text === value || (typeof value === 'string' && Date.parse(text) === Date.parse(value));
}
