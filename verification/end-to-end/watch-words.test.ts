/** How far a sync is, in figures: its state, rate and time left, and what fits on a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headLine, objectBars, openTotals, phaseOf, totalLine } from 'lockstep/cli/testing';

type SyncProgress = Parameters<typeof phaseOf>[0];
type ObjectProgress = SyncProgress['objects'][number];

const object = (
  sobject: string,
  state: ObjectProgress['state'],
  rows = 0,
  expected = rows,
): ObjectProgress => ({
  sobject,
  state,
  state_word: state,
  rows,
  rows_expected: expected,
  backfill_percent: expected === 0 ? 0 : Math.floor((100 * rows) / expected),
  read_until: null,
});
const sync = (objects: readonly ObjectProgress[], change: Partial<SyncProgress> = {}): SyncProgress => ({
  state: 'live',
  fault: null,
  objects,
  ...change,
});
const account = object('Account', 'backfilling', 1_000, 3_000);
const lead = object('Lead', 'current', 500);

test('a sync is live when it runs and all its objects are complete', () => {
  for (const [seen, phase] of [
    [sync([lead, object('User', 'rows_missing', 3)]), 'live'],
    [sync([account, lead]), 'backfilling'],
    [sync([lead, object('User', 'queued')]), 'backfilling'],
    [sync([lead, object('User', 'stopped')]), 'incomplete'],
    [sync([lead], { state: 'paused' }), 'paused'],
    [sync([], { state: 'database_unreachable' }), 'database_unreachable'],
  ] as const)
    assert.equal(phaseOf(seen), phase);
});

test('the rate is that of the last minute, and is not told before five seconds or after rows have gone', () => {
  const totalsOf = openTotals();
  const at = (seconds: number, rows: number) =>
    totalsOf([{ ...account, rows, rows_expected: 10_000 }, lead], seconds * 1_000).rows_per_minute;
  assert.deepEqual([at(0, 0), at(4, 400), at(10, 1_000)], [null, null, 6_000]);
  assert.equal(at(130, 1_000), null, 'nothing has come for a minute');
  assert.equal(at(150, 2_000), 3_000);
  assert.equal(at(151, 100), null, 'the copy begins anew');
});

test('rows, share, rate and time left stand in one line', () => {
  const totalsOf = openTotals();
  const seen = sync([account, lead]);
  const none = totalsOf([{ ...account, rows: 0 }, lead], 0);
  assert.equal(totalLine(seen, none), 'backfilling 14 % 500/3500');
  const totals = totalsOf(seen.objects, 60_000);
  assert.equal(totalLine(seen, totals), 'backfilling 42 % 1500/3500 1000 rows/min, about 2 min left');
  assert.equal(
    headLine(seen, totals),
    'Backfill  1,500 of about 3,500  42 %  1,000 rows/min  about 2 min left',
  );
  const waits = sync(seen.objects, { state: 'salesforce_unreachable', fault: 'NET-01' });
  assert.equal(totalLine(waits, totals), 'salesforce_unreachable NET-01 42 % 1500/3500');
  assert.equal(headLine(waits, totals), 'Salesforce not answering NET-01  1,500 of about 3,500  42 %');
  assert.equal(totalLine(sync([lead]), totals), 'live 1500 rows');
});

test('a terminal shows what is not complete first, counts what does not fit, and its lines fit its width', () => {
  const objects = [lead, ...['A', 'B', 'C'].map((name) => object(name, 'queued')), account];
  const bars = objectBars(objects, { columns: 80, lines: 5, now: 0 });
  assert.deepEqual(
    bars.map((line) => line.trim().split(' ')[0]),
    ['A', 'B', 'C', 'Account', 'Lead'],
  );
  assert.match(bars[3] ?? '', /^ {2}Account {2}#{6}\.{14} +1,000 of about 3,000 {3}backfilling$/);
  assert.equal(objectBars(objects, { columns: 80, lines: 3, now: 0 }).at(-1), '  (3 more)');
  for (const columns of [40, 60])
    for (const line of objectBars(objects, { columns, lines: 9, now: 0 }))
      assert.ok(line.length < columns, `${line.length} of ${columns}: ${line}`);
});
