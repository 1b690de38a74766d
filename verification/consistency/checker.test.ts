/** The checker must be able to fail: made-up events break each promise here, and the checker must report it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checker, checked } from './checker.ts';
import type { Guarantee, Outcome, Row, RunEvent } from './history.ts';
import { RecordHistory } from './record-history.ts';

const options = { fieldsOf: () => ['Site', 'Phone'], soonMs: 1_000 };
const record = '001000000000001AAA';

const found = (at: number, row: Row): RunEvent => ({ kind: 'found', at, record, row });
const commit = (at: number, row: Row | null, write: number | null = null): RunEvent => ({
  kind: 'commit',
  at,
  record,
  row,
  what: row ? 'update' : 'delete',
  write,
});
const answered = (
  at: number,
  outcome: Outcome,
  write = 1,
  records: readonly string[] | null = [record],
): RunEvent => ({
  kind: 'answered',
  at,
  write,
  what: 'PATCH',
  outcome,
  records,
  prefix: '001',
  isOnce: true,
});
const seen = (from: number, row: Row | null, at = from + 1): RunEvent => ({
  kind: 'seen',
  at,
  from,
  record,
  row,
  by: 'a reader',
});
const calm = (since: number, at: number): RunEvent => ({ kind: 'calm', since, at });

const [one, two, three] = [
  ['one', null],
  ['two', null],
  ['three', '+1'],
] as const;

/** The violations that the checker reports, without their stories. */
const brokenBy = (...happenings: RunEvent[]) =>
  checked(happenings, options).map(({ promised, what }) => [promised, what] as const);
const isKept = (...happenings: RunEvent[]) => assert.deepEqual(brokenBy(...happenings), []);
function breaks(promised: Guarantee, what: RegExp, ...happenings: RunEvent[]): void {
  const broken = brokenBy(...happenings);
  assert.deepEqual(
    broken.map(([first]) => first),
    [promised],
  );
  assert.match(broken[0]?.[1] ?? '', what);
}

test('nothing is wrong with a record that is written, answered yes and seen', () => {
  isKept(
    found(0, one),
    seen(1, null), // the backfill has not reached it yet
    seen(3, one),
    commit(10, two, 1),
    answered(20, 'yes'),
    seen(21, two),
    commit(30, null, 2),
    answered(40, 'yes', 2),
    seen(41, null),
  );
});

test('a later version is as good as the client’s own', () => {
  isKept(found(0, one), commit(10, two, 1), commit(11, three), answered(20, 'yes'), seen(21, three));
  isKept(found(0, one), commit(10, two, 1), commit(11, null), answered(20, 'yes'), seen(21, null));
});

test('a statement that began before the answer may still show the earlier version', () => {
  isKept(found(0, one), commit(10, two, 1), answered(20, 'yes'), seen(19, one, 25), seen(26, two));
});

test('a client’s write that is missing after yes is detected, whatever the row shows', () => {
  const promised = 'a write that is answered yes is in the mirror at once';
  const wrote = [found(0, one), seen(1, one), commit(10, two, 1), answered(20, 'yes')];
  breaks(promised, /shows version 1 after version 2 was answered yes/, ...wrote, seen(21, one));
  breaks(promised, /shows no row/, ...wrote, seen(21, null));
  breaks(promised, /differs from version 2 by Phone \+2 for null/, ...wrote, seen(21, ['two', '+2']));
  const deleted = [found(0, one), seen(1, one), commit(10, null, 1), answered(20, 'yes')];
  breaks(promised, /shows version 1/, ...deleted, seen(21, one));
  const made = [commit(10, one, 1), answered(20, 'yes')];
  breaks(promised, /shows no row/, ...made, seen(21, null));
});

test('a value that goes back is detected, for every reader and long after', () => {
  const promised = 'no value goes back';
  const both = [found(0, one), commit(10, two), seen(11, two)];
  breaks(promised, /shows version 1 after version 2/, ...both, seen(12, one));
  breaks(promised, /shows version 1 after version 2/, ...both, seen(50_000, one));
  breaks(promised, /shows no row after version 2/, ...both, seen(12, null));
  // The same values as an earlier version are still a new version.
  const again = [...both, commit(20, three), commit(30, two), seen(31, two)];
  isKept(...again, seen(32, two));
  breaks(
    promised,
    /shows version 2 after version 3/,
    ...both,
    commit(20, three),
    seen(21, three),
    seen(22, two),
  );
  isKept(...both, seen(10, one, 12)); // it began before the other statement had ended
});

test('a deleted record that comes back is detected, and an undeleted one is fine', () => {
  const gone = [found(0, one), seen(1, one), commit(10, two), commit(11, null), seen(12, null)];
  breaks('no deleted record comes back', /shows version 2 after version 3/, ...gone, seen(13, two));
  isKept(...gone, commit(20, three), seen(21, three));
});

test('a row that is no version of its record is detected', () => {
  const torn = ['two', '+1'];
  breaks(
    'a row is a version of its record',
    /differs from version 2 by Phone \+1 for null/,
    found(0, one),
    commit(10, two),
    seen(11, torn),
  );
});

test('an answer that reports a write which the org has not committed is detected', () => {
  const promised = 'an answer says what was written';
  for (const outcome of ['yes', 'pending', 'poll'] as const)
    breaks(promised, /the org has not committed it/, found(0, one), answered(20, outcome));
});

test('a committed write whose answer says that nothing was written is detected', () => {
  const promised = 'an answer says what was written';
  for (const outcome of ['no', 'refused'] as const) {
    breaks(promised, /and is committed/, found(0, one), commit(10, two, 1), answered(20, outcome));
    breaks(promised, /and then committed/, found(0, one), answered(20, outcome), commit(30, two, 1));
  }
});

test('a write that is committed twice is detected', () => {
  const twice = [found(0, one), commit(10, two, 1), commit(11, three, 1)];
  breaks('a write is sent once', /committed 2 times/, ...twice, answered(20, 'yes'));
});

test('a write that does not become visible soon is detected once the calm has lasted long enough', () => {
  const promised = 'what is not visible at once is visible soon';
  for (const outcome of ['pending', 'poll', 'unknown'] as const) {
    const wrote = [found(0, one), seen(1, one), commit(10, two, 1), answered(20, outcome)];
    isKept(...wrote, seen(5_000, one)); // no calm is known
    isKept(...wrote, calm(100, 1_050), seen(1_060, one));
    isKept(...wrote, calm(500, 1_400), seen(1_410, one));
    isKept(...wrote, calm(15, 1_030), seen(1_020, one, 1_035), seen(1_036, two));
    breaks(promised, /shows version 1 \d+ ms after version 2/, ...wrote, calm(15, 1_030), seen(1_031, one));
  }
});

test('a pending deletion is not confused with the time before the backfill', () => {
  const wrote = [found(0, one), commit(10, null, 1), answered(20, 'pending')];
  isKept(...wrote, seen(21, null), calm(15, 1_030), seen(1_031, null));
});

test('after an unknown outcome the org’s current version must become visible, and the write too if it is committed later', () => {
  const promised = 'what is not visible at once is visible soon';
  const lost = [found(0, one), seen(1, one), commit(10, two), answered(20, 'unknown')];
  breaks(promised, /after version 2/, ...lost, calm(15, 1_030), seen(1_031, one));
  isKept(...lost, seen(22, two), calm(15, 1_030), seen(1_031, two));
  const late = [...lost, seen(22, two), commit(2_000, three, 1)];
  isKept(...late, calm(15, 2_500), seen(2_501, two));
  breaks(promised, /after version 3/, ...late, calm(15, 3_030), seen(3_031, two));
});

test('an answer that names no record covers everything that the org has committed for its write', () => {
  const unnamed = [commit(10, one, 1), answered(20, 'poll', 1, null), calm(15, 1_030)];
  breaks('what is not visible at once is visible soon', /write 1/, ...unnamed, seen(1_031, null));
  isKept(...unnamed, seen(1_031, one));
});

test('a record that breaks a promise is reported once, with its story and the disturbances', () => {
  const [violation, ...others] = checked(
    [
      found(0, one),
      commit(10, two, 1),
      { kind: 'nemesis', at: 15, text: 'slow answers begin' },
      answered(20, 'yes'),
      seen(21, one),
      seen(22, one),
      seen(23, null),
    ],
    options,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(violation?.story, [
    '    0.000 s  the run begins, and the org has it as version 1',
    '    0.010 s  version 2: update by write 1',
    '    0.015 s  slow answers begin',
    '    0.020 s  write 1, PATCH: yes',
    '    0.022 s  a reader sees version 1, and not version 2 or later',
  ]);
});

test('records that are over are forgotten as soon as nothing of them is awaited', () => {
  const check = new Checker(options);
  for (const one of [found(0, ['one', null]), commit(10, two, 1), answered(20, 'poll')]) check.take(one);
  check.take({ kind: 'over', at: 30, record });
  assert.equal(check.size, 1);
  check.take(seen(31, two));
  assert.equal(check.size, 0);
});

test('only versions that may still be seen are kept', () => {
  const history = new RecordHistory();
  for (let number = 1; number <= 1_000; number++) {
    history.raise({ at: number * 1_000, version: history.add([String(number)]), why: 'seen' });
  }
  assert.equal(history.find(['1'], 0), undefined);
  assert.equal(history.find(['940'], 0), 940);
});
