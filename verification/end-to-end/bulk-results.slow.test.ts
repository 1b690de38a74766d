/** Bulk gives the same rows as pages of a query, value for value, in every version, and whatever its lists say. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import {
  type BulkHarness,
  completions,
  followObject,
  idsInOrg,
  jobs,
  makeObject,
  openBulkHarness,
  untilLogged,
} from '@lockstep/harness/bulk-harness';
import { startOrg } from '@lockstep/harness/org';
import { withSeeds } from '@lockstep/harness/property';
import { fieldsOfEachType, valuesOfEachType } from '@lockstep/harness/salesforce-values';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const count = 1_200;
const writtenCount = 300;

/** Every value as PostgreSQL prints it, by Id. */
async function rowsOf({ harness, table }: BulkHarness): Promise<string[]> {
  const rows = await harness.mirror.query<{ row: string }>(sql`
    SELECT to_jsonb(t)::text AS row FROM (SELECT * FROM ${ident('salesforce', table)} ORDER BY id) t`);
  return rows.map(({ row }) => row);
}

async function mirrored(sobject: string, rows: number): Promise<string[]> {
  await using followed = await followObject({ org, sobject, rows });
  const { harness } = followed;
  await harness.finishBackfill();
  assert.equal(completions(harness), rows === 20 ? 1 : 0);
  const aside = await harness.mirror.query(sql`SELECT id, column_name, code FROM _lockstep.quarantine`);
  assert.deepEqual(aside, []);
  return rowsOf(followed);
}

test('a row that was read by Bulk is the same as by a page of a query, whatever values its fields have', async () => {
  const [accountId = ''] = await idsInOrg(org, 'Account', 1);
  await withSeeds(2, async (random) => {
    const records = valuesOfEachType(writtenCount, random.between(1, 1_000_000));
    const sobject = await makeObject(org, count, {
      fields: fieldsOfEachType,
      prepare: async (made) => {
        const ids = await idsInOrg(org, made, writtenCount);
        const writes = records.map((values, nth) => ({
          update: ids[nth],
          values: { ...values, Owner2__c: nth % 2 ? accountId : null },
        }));
        await org.control('/records/write', { writes });
      },
    });
    const byBulk = await mirrored(sobject, 20);
    const byPages = await mirrored(sobject, 2_000);
    assert.equal(byPages.length, count);
    for (const [nth, row] of byPages.entries()) assert.equal(byBulk[nth], row);
  });
});

test('before version 58.0 each page names the next, and the backfill is the same', async () => {
  await using shops = await openBulkHarness({ org, count: 3_500, apiVersion: '57.0' });
  const { harness } = shops;
  const lists = await harness.inject({
    match: { path: '*/resultPages' },
    times: null,
    effect: { delayMs: 0 },
  });
  await harness.finishBackfill();
  assert.deepEqual([completions(harness), jobs(harness), await lists.fired()], [1, 1, 0]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a list that leads back to a page makes another job necessary, and nothing is missing', async () => {
  await using shops = await openBulkHarness({ org, count: 2_000 });
  const { harness } = shops;
  const held = await harness.inject({
    match: { path: '*/resultPages' },
    times: null,
    effect: { respond: { status: 503 } },
  });
  await untilLogged(harness, 'bulk results ready');
  const [cursor] = await harness.mirror.query<{ position: { job: { id: string } } }>(
    sql`SELECT position FROM _lockstep.cursor WHERE kind = 'bulk'`,
  );
  const results = `/services/data/v62.0/jobs/query/${cursor?.position.job.id}/results?maxRecords=1000`;
  await held.end();
  await harness.inject({
    match: { path: '*/resultPages' },
    times: 1,
    effect: {
      respond: {
        status: 200,
        body: { resultPages: [{ resultUrl: results }, { resultUrl: results }], done: true },
      },
    },
  });
  await harness.finishBackfill();
  assert.match(harness.log.text(), /its list of pages repeats one/);
  assert.equal(jobs(harness), 2);
  await harness.expectConverged();
});

test('a table that is restored while it is read by Bulk is read by another job, and its former reading is closed', async () => {
  await using shops = await openBulkHarness({ org, count: 2_000 });
  const { harness, sobject, table } = shops;
  const results = await harness.inject({
    match: { path: '*/results' },
    times: null,
    effect: { respond: { status: 503 } },
  });
  await untilLogged(harness, 'bulk results ready');
  await harness.mirror.query(sql`ALTER TABLE ${ident('salesforce', table)} DROP COLUMN note__c`);
  const [id = ''] = await idsInOrg(org, sobject, 1);
  await harness.write([{ update: id, values: { Note__c: 'makes a page fail' } }]);
  await untilLogged(harness, 'table made again');
  await results.end();
  await untilLogged(harness, 'bulk job created');
  await harness.finishBackfill();
  assert.equal(completions(harness), 1);
  const left = await harness.mirror.query(sql`SELECT FROM _lockstep.observation WHERE kind = 'bulk'`);
  assert.deepEqual(left, [], 'it would make every row that is stored leave a fence');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
