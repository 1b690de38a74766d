import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastId, pageWith } from '@lockstep/harness/page';
import { nothingToRepair, repairAfterIds, repairAfterRecords, repairCondition, repairOf } from './repair.ts';

const pageRows = 100;
const days = ['2026-11-24', '2024-02-29'];

test('a day is queried in UTC, and its end is right at the end of a month', () => {
  const whole = (day: string) => repairCondition(repairOf([day]));
  assert.equal(
    whole('2026-11-24'),
    'CreatedDate >= 2026-11-24T00:00:00Z AND CreatedDate < 2026-11-25T00:00:00Z',
  );
  assert.equal(
    whole('2024-02-28'),
    'CreatedDate >= 2024-02-28T00:00:00Z AND CreatedDate < 2024-02-29T00:00:00Z',
  );
  assert.equal(
    whole('2026-12-31'),
    'CreatedDate >= 2026-12-31T00:00:00Z AND CreatedDate < 2027-01-01T00:00:00Z',
  );
});

test('a day of several pages continues after the last Id', () => {
  const next = repairAfterRecords(repairOf(days), pageWith(pageRows), pageRows);
  assert.deepEqual(next, { days, part: 'records', after: lastId });
  assert.match(repairCondition(next) ?? '', / AND Id > '001000000000001AAA'$/);
});

test('a page that Salesforce cut short is not the last page of a day', () => {
  assert.equal(repairAfterRecords(repairOf(days), pageWith(3, { done: false }), pageRows).part, 'records');
  const underWay = { days, part: 'records', after: lastId } as const;
  assert.deepEqual(repairAfterRecords(underWay, pageWith(0, { done: false }), pageRows), underWay);
});

test('after the records of a day come the Ids that the mirror has for it', () => {
  const underWay = { days, part: 'records', after: lastId } as const;
  const ids = repairAfterRecords(underWay, pageWith(7), pageRows);
  assert.deepEqual(ids, { days, part: 'ids', after: null });
  const more = repairAfterIds(ids, [lastId], false);
  assert.deepEqual(more, { days, part: 'ids', after: lastId });
  assert.deepEqual(repairAfterIds(more, [], false), more);
});

test('after the Ids of a day comes the next day, and after the last one nothing', () => {
  const next = repairAfterIds({ days, part: 'ids', after: lastId }, [lastId], true);
  assert.deepEqual(next, repairOf(days.slice(1)));
  assert.deepEqual(repairAfterIds({ ...next, part: 'ids' }, [], true), nothingToRepair);
});

test('a repair that leaves the mirror’s Ids to a sweep reads the records of each day and nothing else', () => {
  const first = repairOf(days, 'records');
  assert.deepEqual(first, { ...repairOf(days), leavesIds: true });
  const more = repairAfterRecords(first, pageWith(pageRows), pageRows);
  assert.deepEqual(more, { ...first, after: lastId });
  const second = repairAfterRecords(more, pageWith(7), pageRows);
  assert.deepEqual(second, repairOf(days.slice(1), 'records'));
  const end = repairAfterRecords(second, pageWith(0), pageRows);
  assert.deepEqual([end.days, end.part, end.after], [[], 'records', null], 'nothing is left to repair');
});
