import assert from 'node:assert/strict';
import type { Database } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import type { OrgAnswer, TestOrg } from './org.ts';

/** A stream to compare with the org's own answers: row by row, value by value, all columns that are read. */
export interface MirroredStream {
  stream_no: number;
  sobject: string;
  name: string;
  /** Column name by field. */
  columns: Record<string, string>;
}

export const mirroredStreams = (mirror: Database): Promise<MirroredStream[]> =>
  mirror.query<MirroredStream>(sql`
    SELECT c.stream_no, c.sobject, c.table_name AS name,
           json_object_agg(f.field, f.column_name) AS columns
      FROM _lockstep.checkpoint c JOIN _lockstep.column f USING (stream_no)
     WHERE f.hidden_since IS NULL OR f.returned_at IS NOT NULL
     GROUP BY c.stream_no`);

export interface Comparison {
  /** The first few that differ. */
  different: readonly { id: string; how: 'missing' | 'surplus' | 'different'; columns: string[] }[];
  /** Number of records in the org. */
  rows: number;
  /** Number of rows that the checkpoint has counted. */
  keptRows: number;
}

/** @param token  of the user whose records the mirror holds */
export async function compareStream(
  mirror: Database,
  org: TestOrg,
  token: string,
  stream: MirroredStream,
): Promise<Comparison> {
  const records = await recordsOf(org, token, stream);
  const table = ident('salesforce', stream.name);
  const others = sql`ARRAY (
    SELECT attname::text FROM pg_attribute
     WHERE attrelid = to_regclass(${`salesforce."${stream.name}"`}) AND attnum > 0
       AND attname <> ALL (${Object.values(stream.columns)}::text[]))`;
  const different = await mirror.query<Comparison['different'][number]>(sql`
    SELECT coalesce(m.id, o.id) AS id,
           CASE WHEN m.id IS NULL THEN 'missing' WHEN o.id IS NULL THEN 'surplus' ELSE 'different' END AS how,
           ARRAY (SELECT coalesce(mine.key, theirs.key)
                    FROM jsonb_each(to_jsonb(m) - ${others}) mine
                    FULL JOIN jsonb_each(to_jsonb(o) - ${others}) theirs USING (key)
                   WHERE mine.value IS DISTINCT FROM theirs.value ORDER BY 1) AS columns
      FROM ${table} m
      FULL JOIN json_populate_recordset(NULL::${table}, ${JSON.stringify(records)}::json) o ON o.id = m.id
     WHERE to_jsonb(m) - ${others} IS DISTINCT FROM to_jsonb(o) - ${others}
     LIMIT 5`);
  const [kept] = await mirror.query<{ rows: number }>(sql`
    SELECT rows FROM _lockstep.checkpoint WHERE stream_no = ${stream.stream_no}`);
  return { different, rows: records.length, keptRows: kept?.rows ?? 0 };
}

/** For objects whose records the org shows only if they are asked for. */
const neededFilters: Record<string, string> = {
  ContentDocumentLink: 'WHERE ContentDocumentId IN (SELECT Id FROM ContentDocument)',
};

/** The records by column, numbers as the text in the answer. */
async function recordsOf(
  org: TestOrg,
  token: string,
  { sobject, columns }: MirroredStream,
): Promise<object[]> {
  const filter = neededFilters[sobject] ?? '';
  const soql = `SELECT ${Object.keys(columns).join(', ')} FROM ${sobject} ${filter}`.trim();
  const records: object[] = [];
  for (let path = `/services/data/v62.0/query?q=${encodeURIComponent(soql)}`; path !== ''; ) {
    const answer = await queryAt(org, path, token);
    const page = exactly(answer);
    const asParsed = (answer.json as QueryPage).records;
    for (const [place, record] of page.records.entries()) {
      const values = Object.entries(columns).map(([field, column]) => {
        // In a field whose value is JSON, numbers stay numbers.
        const isText = typeof record[field] !== 'object';
        return [column, isText ? record[field] : asParsed[place]?.[field]];
      });
      records.push(Object.fromEntries(values) as object);
    }
    path = page.nextRecordsUrl ?? '';
  }
  return records;
}

/** A query is too long for a URL if its object has hundreds of fields, but not for a composite. */
const urlCharactersMax = 15_000;

async function queryAt(org: TestOrg, path: string, token: string): Promise<Pick<OrgAnswer, 'text' | 'json'>> {
  if (path.length <= urlCharactersMax) {
    const answer = await org.request('GET', path, { token });
    assert.equal(answer.status, 200, answer.text);
    return answer;
  }
  const compositeRequest = [{ method: 'GET', url: path, referenceId: 'q' }];
  const answer = await org.request('POST', '/services/data/v62.0/composite', {
    token,
    body: { compositeRequest },
  });
  const start = answer.text.indexOf('{"totalSize"');
  const [sub] = (answer.json as { compositeResponse: { body: unknown; httpStatusCode: number }[] })
    .compositeResponse;
  assert.ok(sub?.httpStatusCode === 200 && start >= 0, answer.text.slice(0, 500));
  return { text: answer.text.slice(start, answer.text.lastIndexOf(',"httpHeaders"')), json: sub.body };
}

interface QueryPage {
  records: Record<string, unknown>[];
  nextRecordsUrl?: string;
}

/** JSON.parse passes the source text of a number to its reviver, which TypeScript's types do not know yet. */
const exactly = ({ text }: Pick<OrgAnswer, 'text'>) =>
  JSON.parse(text, ((_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' ? source : value) as (key: string, value: unknown) => unknown) as QueryPage;
