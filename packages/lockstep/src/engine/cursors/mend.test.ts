import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastId, pageWith } from '@lockstep/harness/page';
import { mendAfterIds, mendAfterRecords, mendCondition, mendOf, nothingToMend } from './mend.ts';

const pageRows = 100;
const days = ['2026-11-24', '2024-02-29'];

test('a day is asked for in UTC, whatever its length of month', () => {
  const whole = (day: string) => mendCondition(mendOf([day]));
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

test('a day of several pages goes on behind the last Id', () => {
  const next = mendAfterRecords(mendOf(days), pageWith(pageRows), pageRows);
  assert.deepEqual(next, { days, part: 'records', after: lastId });
  assert.match(mendCondition(next) ?? '', / AND Id > '001000000000001AAA'$/);
});

test('a page that Salesforce cut short is no last page of a day', () => {
  assert.equal(mendAfterRecords(mendOf(days), pageWith(3, { done: false }), pageRows).part, 'records');
  const underWay = { days, part: 'records', after: lastId } as const;
  assert.deepEqual(mendAfterRecords(underWay, pageWith(0, { done: false }), pageRows), underWay);
});

test('after the records of a day come the Ids that the mirror has of it', () => {
  const underWay = { days, part: 'records', after: lastId } as const;
  const ids = mendAfterRecords(underWay, pageWith(7), pageRows);
  assert.deepEqual(ids, { days, part: 'ids', after: null });
  const more = mendAfterIds(ids, [lastId], false);
  assert.deepEqual(more, { days, part: 'ids', after: lastId });
  assert.deepEqual(mendAfterIds(more, [], false), more);
});

test('after the Ids of a day comes the next day, and after the last one nothing', () => {
  const next = mendAfterIds({ days, part: 'ids', after: lastId }, [lastId], true);
  assert.deepEqual(next, mendOf(days.slice(1)));
  assert.deepEqual(mendAfterIds({ ...next, part: 'ids' }, [], true), nothingToMend);
});

test('a mend that leaves the mirror’s Ids to a sweep reads the records of each day and nothing else', () => {
  const first = mendOf(days, 'records');
  assert.deepEqual(first, { ...mendOf(days), leavesIds: true });
  const more = mendAfterRecords(first, pageWith(pageRows), pageRows);
  assert.deepEqual(more, { ...first, after: lastId });
  const second = mendAfterRecords(more, pageWith(7), pageRows);
  assert.deepEqual(second, mendOf(days.slice(1), 'records'));
  const end = mendAfterRecords(second, pageWith(0), pageRows);
  assert.deepEqual([end.days, end.part, end.after], [[], 'records', null], 'nothing is left to mend');
});
