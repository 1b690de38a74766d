import { sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { compositeOf, selectRecords, soqlIdOf } from 'lockstep/salesforce/testing';
import { Agent, request } from 'undici';
import { type Figures, median, rounded } from './figures.ts';

const records = 200_000;
const pageRows = 2_000;
const slots = 5;
const sourceRounds = 2;

/**
 * A backfill over REST at full speed, against the rate at which the org serves the same requests to a client that only
 * reads the bytes.
 */
export async function restBackfill(): Promise<Figures> {
  await using harness = await openEndToEndHarness({
    org: { records: 1_000, apiLimit: 10_000_000 },
    sobjects: ['Account'],
  });
  await harness.org.control('/records/generate', {
    sobject: 'Account',
    count: records,
    at: '2025-06-01T00:00:00Z',
  });
  await harness.org.control('/jobs/limits', { queryJobsMax: 0 }); // otherwise so large a table is read by Bulk
  const rows = await harness.countInOrg('Account');
  const before = await sourceMs(harness, rows);
  const began = performance.now();
  harness.startWorker();
  await harness.untilComplete();
  const copyMs = performance.now() - began;
  const requests = requestsOf(harness);
  const source: number[] = [before];
  for (let round = 1; round < sourceRounds; round++) source.push(await sourceMs(harness, rows));
  return {
    rows_per_request: { value: Math.round(rows / requests), unit: 'rows/request' },
    ratio_to_source: { value: rounded(median(source) / copyMs), unit: 'ratio' },
    rows_per_s: { value: Math.round(rows / (copyMs / 1000)), unit: 'rows/s' },
    source_rows_per_s: { value: Math.round(rows / (median(source) / 1000)), unit: 'rows/s' },
  };
}

/** All requests up to the last page of the backfill, polls included. */
function requestsOf({ control }: EndToEndHarness): number {
  const lines = control.log.text().split('\n');
  const last = lines.findLastIndex((line) => line.includes('"kind":"backfill"'));
  return lines.slice(0, last).filter((line) => line.includes('"msg":"asked Salesforce"')).length;
}

/** Sends the requests of a backfill one after another and only reads the answers. */
async function sourceMs({ org, admin }: EndToEndHarness, rows: number): Promise<number> {
  const columns = await admin.query<{ field: string }>(
    sql`SELECT field FROM _lockstep.column ORDER BY ordinal`,
  );
  const fields = columns.map(({ field }) => field);
  const agent = new Agent({ connections: 1, bodyTimeout: 0, headersTimeout: 0 });
  const headers = {
    authorization: `Bearer ${await org.token('integration')}`,
    'content-type': 'application/json',
    'accept-encoding': 'gzip',
  };
  const began = performance.now();
  let after: string | null = null;
  for (let read = 0; read < rows; read += slots * pageRows) {
    const queries = Array.from({ length: slots }, (_, slot) => {
      const behind = slot === 0 ? after && `'${after}'` : soqlIdOf(slot - 1, pageRows - 1);
      const where = behind ? `Id > ${behind}` : undefined;
      const soql = selectRecords({ fields, sobject: 'Account', where, orderBy: 'Id', limit: pageRows });
      return { soql, includeDeleted: false, timeField: null };
    });
    const body = compositeOf(queries, [], dataPath);
    const answer = await request(`${org.url}${dataPath}/composite`, {
      method: 'POST',
      headers,
      body,
      dispatcher: agent,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`the org answered ${answer.statusCode}`);
    after = /.*"Id":"(\w{18})"/s.exec(text.slice(-20_000))?.[1] ?? after;
  }
  const tookMs = performance.now() - began;
  await agent.close();
  return tookMs;
}
