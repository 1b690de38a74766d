import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  counted,
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  formatTime,
} from './format.ts';

test('counts have thousands separators, and their noun its number', () => {
  assert.equal(formatCount(3_410_000), '3,410,000');
  assert.deepEqual([counted(1, 'object'), counted(0, 'object')], ['1 object', '0 objects']);
  assert.equal(counted(2, 'entry', 'entries'), '2 entries');
  assert.equal(formatRate(3_999.6), '4,000 records/min');
});

test('percent has one decimal below ten, and none above', () => {
  assert.deepEqual([0, 0.01, 8.33, 9.96, 35.2, 100].map(formatPercent), [
    '0 %',
    'under 0.1 %',
    '8.3 %',
    '10 %',
    '35 %',
    '100 %',
  ]);
});

test('bytes are in the largest unit that gives at least 1', () => {
  assert.deepEqual([0, 999, 1_000, 12_400, 999_600, 5_200_000_000].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '12 kB',
    '1.0 MB',
    '5.2 GB',
  ]);
});

test('a duration has two units at most', () => {
  assert.deepEqual(
    [412, 1_000, 18_400, 60_000, 245_000, 33_000_000, 90_000_000, 86_400_000].map(formatDuration),
    ['412 ms', '1 s', '18 s', '1 min', '4 min 5 s', '9 h 10 min', '1 day 1 h', '1 day'],
  );
});

test('an age has one unit, and none is negative', () => {
  assert.deepEqual([-5_000, 18_000, 119_000, 125_000, 7_200_000, 200_000_000].map(formatAge), [
    '0 s ago',
    '18 s ago',
    '119 s ago',
    '2 min ago',
    '2 h ago',
    '2 days ago',
  ]);
});

test('a time is exact, with its zone', () => {
  assert.equal(formatTime(new Date('2026-11-24T13:03:21Z'), 'UTC'), '2026-11-24 13:03:21 UTC');
});
