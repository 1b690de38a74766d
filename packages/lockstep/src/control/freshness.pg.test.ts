import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl } from '@lockstep/harness/control';
import { type Freshness, readFreshness, recordAges } from './freshness.ts';
import { recordSync } from './syncs.ts';

test('freshness is told in percentiles, by object and by hour, and sampled once a minute', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  for (const [hours, from] of [
    [3, 1],
    [2, 101],
  ])
    await control.db.query(sql`
      INSERT INTO lockstep.freshness (sync_id, hour, sobject, ages)
      SELECT ${sync.id}, date_trunc('hour', clock_timestamp()) - ${hours} * interval '1 hour', 'Account',
             array_agg(n) FROM generate_series(${from}::integer, ${from}::integer + 99) AS n`);
  const sampled = [
    { sobject: 'Account', seconds: 7 },
    { sobject: 'Contact', seconds: 3 },
  ];
  for (let nth = 0; nth < 3; nth++) await recordAges(control, sync.id, sampled);
  const read = (asked: object) =>
    readFreshness(control, sync.id, {
      since: '2020-01-01T00:00:00Z',
      isByHour: true,
      after: null,
      limit: 100,
      ...asked,
    });
  const figures = (found: readonly Freshness[]) =>
    found.map(({ sobject, samples, p50, p95, max }) => [sobject, samples, p50, p95, max]);
  assert.deepEqual(figures(await read({})), [
    ['Account', 1, 7, 7, 7],
    ['Contact', 1, 3, 3, 3],
    ['Account', 100, 150, 195, 200],
    ['Account', 100, 50, 95, 100],
  ]);
  assert.deepEqual(figures(await read({ isByHour: false })), [
    ['Account', 201, 100, 190, 200],
    ['Contact', 1, 3, 3, 3],
  ]);
  assert.deepEqual(figures(await read({ isByHour: false, sobject: 'contact' })), [['Contact', 1, 3, 3, 3]]);
  for (const isByHour of [true, false]) {
    const pages: Freshness[] = [];
    for (let after: Freshness | null = null; ; ) {
      const page: Freshness[] = await read({ isByHour, after, limit: 1 });
      pages.push(...page);
      after = page.at(-1) ?? null;
      if (page.length === 0) break;
    }
    assert.deepEqual(pages, await read({ isByHour }));
  }

  await control.db.query(sql`UPDATE lockstep.freshness SET sampled_at = sampled_at - interval '1 minute'`);
  await recordAges(control, sync.id, [{ sobject: 'Contact', seconds: 9 }]);
  assert.deepEqual(figures(await read({ sobject: 'Contact' })), [['Contact', 2, 3, 9, 9]]);
});

test('freshness is kept for a month', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  for (const days of [29, 31])
    await control.db.query(sql`
      INSERT INTO lockstep.freshness (sync_id, hour, sobject, ages)
      VALUES (${sync.id}, clock_timestamp() - ${days} * interval '1 day', 'Account', ARRAY[${days}::integer])`);
  await recordAges(control, sync.id, [{ sobject: 'Account', seconds: 1 }]);
  assert.deepEqual(await control.db.query(sql`SELECT ages::text FROM lockstep.freshness ORDER BY hour`), [
    { ages: '{29}' },
    { ages: '{1}' },
  ]);
});
