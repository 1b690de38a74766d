import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl, openTestLog } from '@lockstep/harness/control';
import { recordSync } from './syncs.ts';
import {
  countQuery,
  countRequest,
  openUsageCounter,
  readOrgUses,
  readUsage,
  recordOrgUsage,
} from './usage.ts';
import { readUsageHours, type UsageHour } from './usage-hours.ts';

const asPoll = { purpose: 'poll', share: 1 };

test('queries and their rows are counted by object and kind, across all processes', async () => {
  await using harness = await openTestControl();
  const [sync, erased] = [newSync(), newSync()];
  await recordSync(harness.control, sync);
  const [one, two] = [await harness.openAnother(), await harness.openAnother()];
  countQuery(one, sync.id, { sobject: 'Account', kind: 'head', rows: 3, ...asPoll });
  countQuery(one, sync.id, { sobject: 'Account', kind: 'head', rows: 0, ...asPoll });
  countQuery(one, sync.id, { sobject: 'Account', kind: 'backfill', rows: 2_000, ...asPoll });
  await one.usage.flush();
  countQuery(one, sync.id, { sobject: 'Contact', kind: 'sweep', rows: 7, ...asPoll });
  countQuery(two, sync.id, { sobject: 'Account', kind: 'head', rows: 5, ...asPoll });
  countQuery(two, erased.id, { sobject: 'Account', kind: 'head', rows: 5, ...asPoll });
  for (const control of [one, two]) await control.usage.flush();

  assert.deepEqual((await readUsage(harness.control, sync.id)).queries, [
    { sobject: 'Account', kind: 'head', queries: 3, rows: 8 },
    { sobject: 'Account', kind: 'backfill', queries: 1, rows: 2_000 },
    { sobject: 'Contact', kind: 'sweep', queries: 1, rows: 7 },
  ]);
});

test('usage reports the requests of the last hour and the last day, of the given sync only', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const [sync, other] = [newSync(), newSync()];
  for (const one of [sync, other]) await recordSync(control, one);
  for (const [hours, requests] of [
    [0.5, 1],
    [2, 10],
    [25, 100],
  ] as const) {
    await control.db.query(sql`
      INSERT INTO lockstep.usage (sync_id, minute, purpose, requests)
      VALUES (${sync.id}, clock_timestamp() - ${hours}::double precision * interval '1 hour', 'poll', ${requests})`);
  }
  countRequest(control, sync.id, 'setup');
  countRequest(control, other.id, 'poll');

  const usage = await readUsage(control, sync.id);
  assert.deepEqual(usage.purposes, [
    { purpose: 'poll', lastHour: 1, lastDay: 11 },
    { purpose: 'setup', lastHour: 1, lastDay: 1 },
  ]);
  assert.deepEqual([usage.queries, usage.org], [[], null]);
});

test('the newest reading of an org counts, whichever sync and process reports it', async () => {
  await using harness = await openTestControl();
  const [one, two, elsewhere] = [newSync(), newSync(), newSync({ orgId: '00D000000000002AAA' as never })];
  for (const sync of [one, two, elsewhere]) await recordSync(harness.control, sync);
  const older = await harness.openAnother();
  const orgOf = async (id: typeof one.id) => {
    const { org } = await readUsage(harness.control, id);
    return org && [org.used, org.max];
  };
  recordOrgUsage(older, one.id, { used: 100, max: 15_000 });
  await harness.control.clock.sleep(200); // more than the difference in latency between two statements
  recordOrgUsage(harness.control, one.id, { used: 101, max: 15_000 });
  await harness.control.clock.sleep(2);
  recordOrgUsage(harness.control, two.id, { used: 102, max: 15_000 });
  await harness.control.usage.flush();
  await older.usage.flush();

  assert.deepEqual(await orgOf(one.id), [102, 15_000]);
  assert.deepEqual(await orgOf(two.id), [102, 15_000]);
  assert.equal(await orgOf(elsewhere.id), null);
  const uses = await readOrgUses(harness.control, [one.id, elsewhere.id]);
  assert.deepEqual([uses.get(one.id), uses.get(elsewhere.id)], [{ used: 102, max: 15_000 }, undefined]);
  const { org } = await readUsage(harness.control, one.id);
  assert.ok(Math.abs(Date.parse(org?.recordedAt ?? '') - Date.now()) < 60_000);
});

test('while the database is down, counts add up in one entry each and are written when it is back', async () => {
  await using harness = await openTestControl();
  const sync = newSync();
  await recordSync(harness.control, sync);
  const { control } = harness;
  let isAway = true;
  let writtenEntries = 0;
  const db: Database = {
    ...control.db,
    query: (statement) => {
      if (isAway) return Promise.reject(new Error('away'));
      writtenEntries++;
      return control.db.query(statement);
    },
  };
  const log = openTestLog();
  const usage = openUsageCounter({ db, clock: control.clock, log: log.log });
  await using _ended = { [Symbol.asyncDispose]: () => usage.end() };
  for (let round = 0; round < 50; round++) {
    usage.count(sync.id, 'poll');
    usage.recordQuery(sync.id, { sobject: 'Account', kind: 'head', rows: round, ...asPoll });
    usage.recordOrg(sync.id, { used: round, max: 100 });
    await usage.flush();
  }
  const lines = log
    .text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; rows: number });
  assert.deepEqual(
    new Set(lines.map(({ msg, rows }) => `${msg}: ${rows}`)),
    new Set(['usage not written yet: 1']),
  );
  isAway = false;
  await usage.end();
  assert.equal(writtenEntries, 3);
  const { purposes, queries, org } = await readUsage(control, sync.id);
  assert.deepEqual(purposes, [{ purpose: 'poll', lastHour: 50, lastDay: 50 }]);
  assert.deepEqual(queries, [{ sobject: 'Account', kind: 'head', queries: 50, rows: 1_225 }]);
  assert.equal(org?.used, 49);
});

test('usage is kept for a month', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  for (const days of [29, 31]) {
    await control.db.query(sql`
      INSERT INTO lockstep.stream_usage (sync_id, hour, sobject, kind, purpose, requests, queries, rows)
      VALUES (${sync.id}, clock_timestamp() - ${days} * interval '1 day', 'Account', 'head', 'poll', 1, ${days}, 0)`);
    await control.db.query(sql`
      INSERT INTO lockstep.org_usage (org_id, hour, used, max, recorded_at)
      VALUES (${sync.orgId}, clock_timestamp() - ${days} * interval '1 day', ${days}, 100,
              clock_timestamp() - ${days} * interval '1 day')`);
  }
  countQuery(control, sync.id, { sobject: 'Account', kind: 'head', rows: 1, ...asPoll });
  recordOrgUsage(control, sync.id, { used: 1, max: 100 });
  await control.usage.flush();
  const left = await control.db.query(sql`
    SELECT (SELECT array_agg(queries ORDER BY queries)::text FROM lockstep.stream_usage) AS queries,
           (SELECT array_agg(used ORDER BY used)::text FROM lockstep.org_usage) AS used`);
  assert.deepEqual(left, [{ queries: '{1,29}', used: '{1,29}' }]);
});

test('usage by hour tells for each object its part of the requests, and the rest under no object', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  const poll = { kind: 'head', purpose: 'poll' };
  for (let round = 0; round < 3; round++) {
    countRequest(control, sync.id, 'poll');
    countQuery(control, sync.id, { ...poll, sobject: 'Account', rows: 2, share: 1 / 3 });
    countQuery(control, sync.id, { ...poll, sobject: 'Account', kind: 'recheck', rows: 0, share: 1 / 3 });
    countQuery(control, sync.id, { ...poll, sobject: 'Contact', rows: 1, share: 1 / 3 });
  }
  countRequest(control, sync.id, 'poll'); // failed
  countRequest(control, sync.id, 'proxy');
  await control.usage.flush();
  await control.db.query(sql`
    INSERT INTO lockstep.usage (sync_id, minute, purpose, requests)
    SELECT ${sync.id}, clock_timestamp() - hours * interval '1 hour', 'backfill', hours
      FROM unnest('{5,48,744}'::integer[]) AS hours`);
  const read = (asked: object) =>
    readUsageHours(control, sync.id, { since: '2020-01-01T00:00:00Z', after: null, limit: 100, ...asked });
  const all = await read({});
  assert.deepEqual(
    all.map(({ hour: _, ...rest }) => Object.values(rest)),
    [
      ['poll', null, 1, 0, 0],
      ['poll', 'Account', 2, 6, 6],
      ['poll', 'Contact', 1, 3, 3],
      ['proxy', null, 1, 0, 0],
      ['backfill', null, 5, 0, 0],
      ['backfill', null, 48, 0, 0],
    ].map(([purpose, sobject, requests, queries, rows]) => [purpose, queries, rows, sobject, requests]),
    'what is older than a month is not told',
  );
  const pages = [];
  for (let after: UsageHour | null = null; ; ) {
    const page: UsageHour[] = await read({ after, limit: 2 });
    pages.push(...page);
    after = page.at(-1) ?? null;
    if (page.length < 2) break;
  }
  assert.deepEqual(pages, all);
  const lately = new Date(Date.now() - 6 * 3_600_000).toISOString();
  assert.equal((await read({ since: lately })).length, 5);
});
