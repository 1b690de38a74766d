import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectState } from '../core/states.ts';
import { objectStateOf } from './object-state.ts';
import type { ObjectStatus } from './read-objects.ts';

const now = Date.UTC(2026, 10, 24, 9, 37);
const at = (secondsAgo: number) =>
  new Date(now - secondsAgo * 1_000).toISOString().replace('T', ' ').replace('.000Z', '+00');

const plain: ObjectStatus = {
  sobject: 'Contact',
  table_name: 'contact',
  state: 'current',
  rows: 10,
  rows_expected: 10,
  backfill_percent: 100,
  backfill_by: null,
  backfill_reason: null,
  read_until: at(5),
  settled_until: at(900),
  counts_verified_at: null,
  stamps_verified_at: null,
  content_verified_at: null,
  missing_rows: 0,
  set_aside_rows: 0,
  stop_code: null,
  stop_reason: null,
  problems: [],
  hidden_fields: [],
  fields_without_value: [],
};
const problem = (kind: string, tries: number) => ({
  sobject: 'Contact',
  kind,
  code: 'DB-15',
  explanation: 'A table refuses its rows.',
  next: 'Look for locks.',
  since: at(60),
  tries,
  retry_at: at(-30),
});
const field = (isFilling: boolean) => ({
  sobject: 'Contact',
  field: 'A__c',
  column_name: 'a__c',
  hidden_since: at(600),
  is_filling: isFilling,
  replaces: null,
});

test('the state of an object is the first that holds, what needs a person before what is under way', () => {
  const late = { read_until: at(61) };
  const gaps = { set_aside_rows: 1 };
  const cases: [ObjectState, Partial<ObjectStatus>, { isPaused?: boolean }?][] = [
    ['stopped', { state: 'stopped', stop_code: 'PERM-02', missing_rows: 3 }, { isPaused: true }],
    ['rows_missing', { state: 'rows missing', missing_rows: 3, ...late, ...gaps }, { isPaused: true }],
    ['paused', { state: 'backfilling' }, { isPaused: true }],
    ['paused', { ...late, ...gaps }, { isPaused: true }],
    ['queued', { state: 'queued', read_until: null, settled_until: null }],
    ['backfilling', { state: 'backfilling', problems: [problem('backfill', 9)] }],
    ['behind', { ...late, ...gaps }],
    ['behind', { problems: [problem('poll', 2)] }],
    ['behind', { problems: [problem('of a later version', 2)], ...gaps }],
    ['columns', { problems: [problem('schema', 1)], ...gaps }],
    ['columns', { hidden_fields: [field(true), field(false)] }],
    ['limited', gaps],
    ['limited', { hidden_fields: [field(false)] }],
    ['current', { read_until: at(60) }],
    ['current', { problems: [problem('poll', 1)] }],
    ['current', { problems: [problem('counts', 9)] }],
    ['current', { read_until: null, settled_until: null }],
  ];
  for (const [state, change, { isPaused = false } = {}] of cases)
    assert.equal(
      objectStateOf({ ...plain, ...change }, { isPaused, targetMs: 60_000, now }),
      state,
      `${state}: ${JSON.stringify(change)}`,
    );
});

test('a table that was just copied is current until its first poll is an hour late', () => {
  const copied = (seconds: number) => ({ ...plain, read_until: at(seconds), settled_until: at(seconds) });
  const seen = { isPaused: false, targetMs: 60_000, now };
  assert.equal(objectStateOf(copied(3_600), seen), 'current');
  assert.equal(objectStateOf(copied(3_661), seen), 'behind');
});
