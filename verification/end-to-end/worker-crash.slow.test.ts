import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sqlState } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { withSeed } from '@lockstep/harness/property';
import { startWorkerChild } from '@lockstep/harness/worker-child';

const rounds = 20;

test('a worker that is killed at any point of a backfill loses nothing and repeats nothing that is visible', async () => {
  await using harness = await openEndToEndHarness({
    org: { records: 40_000, activityPerSecond: 5 },
    sobjects: ['Account', 'Contact', 'Lead'],
    intervalMs: 300,
  });
  await withSeed(20_261_124, async (random) => {
    for (let round = 0; round < rounds; round++) {
      await using worker = startWorkerChild(harness, `killed-${round}`);
      await worker.firstTick;
      await systemClock.sleep(random.between(0, 250));
      await beginAgain(harness);
    }
  });
  harness.startWorker();
  await harness.untilComplete();
  await harness.org.restart({ activityPerSecond: 0 });
  for (const [sobject, table] of [
    ['Account', 'account'],
    ['Contact', 'contact'],
    ['Lead', 'lead'],
  ] as const) {
    await assertEqual(harness, sobject, table);
  }
});

/** Empties the mirror if the backfill is complete, so that every kill happens during one. */
async function beginAgain(harness: EndToEndHarness): Promise<void> {
  const [copying] = await harness.admin.query(sql`SELECT FROM _lockstep.checkpoint WHERE state <> 'current'`);
  if (copying) return;
  // The killed worker may have been making an index, which ends in the server: then PostgreSQL ends one of the two.
  await whileDeadlocked(() =>
    harness.admin.transaction((tx) =>
      tx.script(`
        TRUNCATE salesforce.account, salesforce.contact, salesforce.lead;
        UPDATE _lockstep.cursor SET position = '{"after": null}', version = version + 1 WHERE kind = 'backfill';
        UPDATE _lockstep.checkpoint SET state = 'backfilling', backfilled_at = NULL, rows = 0`),
    ),
  );
}

async function whileDeadlocked(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (sqlState(error) !== '40P01') throw error;
    }
  }
}

/** The mirror has every record of the org in its latest state, and no other. */
async function assertEqual(harness: EndToEndHarness, sobject: string, table: string): Promise<void> {
  const inOrg = await harness.org.db.query<{ record: string }>(sql`
    SELECT concat_ws('|', "Id", extract(epoch FROM "SystemModstamp")::bigint, "Phone") AS record
      FROM ${ident('org', sobject)} WHERE NOT "IsDeleted" ORDER BY "Id" COLLATE "C"`);
  const difference = sql`
    SELECT md5(string_agg(concat_ws('|', id, extract(epoch FROM systemmodstamp)::bigint, phone), E'\n' ORDER BY id)) = ${md5(inOrg)}
      FROM ${ident('salesforce', table)}`;
  await harness.until(difference, `${table} is equal to ${sobject} of the org`);
  const [checkpoint] = await harness.reader.query(sql`
    SELECT rows = ${inOrg.length} AS kept FROM _lockstep.status WHERE sobject = ${sobject}`);
  assert.deepEqual(checkpoint, { kept: 't' }, 'the checkpoint counts the rows correctly');
}

const md5 = (rows: readonly { record: string }[]) =>
  createHash('md5')
    .update(rows.map(({ record }) => record).join('\n'))
    .digest('hex');
