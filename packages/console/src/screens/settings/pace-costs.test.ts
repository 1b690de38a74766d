import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paceCosts } from './pace-costs.ts';

type Usage = Parameters<typeof paceCosts>[3];

const usage = (org: Partial<NonNullable<Usage['org']>> | null, otherPrograms: number | null): Usage => ({
  requests: [],
  queries: [],
  shares: { objects: [], proxied: 0, other: 0, total: 1_000, other_programs: otherPrograms },
  org: org && { used: 0, max: 118_000, percent: 0, recorded_at: null, ...org },
  stop_at_percent: 90,
  as_of: '2026-11-30T12:00:00Z',
});

test('a pace is so many requests a day, and a share of what the org allows', () => {
  const { perDay, turnMs, org } = paceCosts(3_000, 90, 6, usage({}, 31_400));
  assert.equal(perDay, 28_800);
  assert.equal(turnMs, 6_000, 'six objects take two requests');
  assert.equal(org?.left, 118_000 - 31_400 - 28_800);
  assert.equal(Math.round(org?.percent ?? 0), 24);
  assert.deepEqual([org?.isTooMuch, org?.reachesStop], [false, false]);
});

test('a pace above what the org allows, and one that reaches the stop line with what others use, are told', () => {
  assert.equal(paceCosts(3_000, 90, 1, usage({ max: 15_000 }, 0)).org?.isTooMuch, true);
  assert.equal(paceCosts(3_000, 50, 1, usage({}, 31_400)).org?.reachesStop, true);
});

test('until Salesforce says what the org allows, only the requests a day are known', () => {
  assert.equal(paceCosts(1_000, 90, 1, usage(null, null)).org, null);
});

test('what others use is the rest of what the org has used, until Salesforce has reported it', () => {
  assert.equal(paceCosts(1_000, 90, 1, usage({ used: 4_000 }, null)).org?.others, 3_000);
});
