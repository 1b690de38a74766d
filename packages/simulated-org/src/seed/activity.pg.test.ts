import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { openTestDatabase } from '@lockstep/harness/database';
import { openOrg } from '../open-org.ts';
import { runActivity } from './activity.ts';

test("the activity changes records at its rate, by the org's clock, and stops", async () => {
  await using database = await openTestDatabase();
  const clock = new ManualClock(Date.UTC(2030, 0, 1));
  const org = await openOrg({
    db: database.db,
    clock,
    records: 500,
    seed: 1,
    apiLimit: 100,
    lockTimeoutMs: 1000,
    onSeeded: () => undefined,
  });
  const stop = new AbortController();
  const running = runActivity(org, 10, 7, stop.signal);
  const changedAt = async (stamp: string) => {
    const [row] = await database.db.query<{ count: number }>(sql`
      SELECT (SELECT count(*) FROM org."Account" WHERE "SystemModstamp" = ${stamp}::timestamptz)
           + (SELECT count(*) FROM org."Contact" WHERE "SystemModstamp" = ${stamp}::timestamptz)
           + (SELECT count(*) FROM org."Lead" WHERE "SystemModstamp" = ${stamp}::timestamptz)
           + (SELECT count(*) FROM org."Opportunity" WHERE "SystemModstamp" = ${stamp}::timestamptz)
           + (SELECT count(*) FROM org."Invoice_Line__c" WHERE "SystemModstamp" = ${stamp}::timestamptz) AS count`);
    return row?.count ?? 0;
  };

  clock.advance(1500);
  // A tick's work is done when the loop sleeps again, which it only does after the database has answered.
  while ((await changedAt('2030-01-01T00:00:01Z')) < 8) await Promise.resolve();

  stop.abort();
  await running;
  assert.ok((await changedAt('2030-01-01T00:00:01Z')) <= 15);
  assert.equal(await changedAt('2030-01-01T00:00:02Z'), 0);
});
