import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streamState } from '@lockstep/harness/sync-state';
import { Fault } from '../../core/faults.ts';
import {
  type Activity,
  isBackingOff,
  problemBackoffMs,
  stopBackoffMs,
  withoutProblem,
  withProblem,
} from './problems.ts';

const now = 1_000_000;
const [second, minute] = [1_000, 60_000];
const unreachable = new Fault('NET-01', { host: 'acme', reason: 'ECONNRESET' });
const refused = new Fault('PERM-02', { stream: 'Account', reason: 'INVALID_TYPE' });
const locked = new Fault('DB-16', { stream: 'Account', reason: 'a session' });

const restsOf = (activity: Activity, fault: Fault, tries: readonly number[]) =>
  tries.map((count) => problemBackoffMs(activity, count, fault));

test('a problem has the code, explanation and next step of its fault, and its activity rests', () => {
  const { problems } = withProblem(streamState(1), 'poll', unreachable, now);
  assert.deepEqual(problems, {
    poll: {
      code: 'NET-01',
      explanation: unreachable.message,
      next: unreachable.next,
      tries: 1,
      failedAt: now,
      retryAt: now + 2 * second,
    },
  });
});

test('only the activity that failed rests, until its retry time', () => {
  const stream = withProblem(streamState(1), 'sweep', unreachable, now);
  assert.deepEqual(
    [now, now + minute - 1, now + minute].map((at) => isBackingOff(stream, 'sweep', at)),
    [true, true, false],
  );
  assert.equal(isBackingOff(stream, 'poll', now), false);
});

test('failures in a row add up whatever their reasons, and a success resets only its own activity', () => {
  const once = withProblem(streamState(1), 'poll', unreachable, now);
  const both = withProblem(withProblem(once, 'poll', refused, now), 'counts', refused, now);
  assert.deepEqual([both.problems.poll?.tries, both.problems.poll?.code], [2, 'PERM-02']);
  const repaired = withoutProblem(both, 'poll');
  assert.deepEqual(Object.keys(repaired.problems), ['counts']);
  assert.equal(withProblem(repaired, 'poll', unreachable, now).problems.poll?.tries, 1);
});

test('a success of an activity without a problem leaves the stream as it is', () => {
  const stream = withProblem(streamState(1), 'poll', unreachable, now);
  assert.equal(withoutProblem(stream, 'sweep'), stream);
});

test('a failed poll or backfill is tried again within a minute, a failed check after a minute to an hour', () => {
  const tries = [1, 2, 6, 7, 50];
  for (const activity of ['table', 'poll', 'backfill', 're-read'] as const) {
    const expected = [2, 4, 60, 60, 60].map((seconds) => seconds * second);
    assert.deepEqual(restsOf(activity, unreachable, tries), expected, activity);
  }
  for (const activity of ['deleted log', 'sweep', 'counts', 'content'] as const) {
    const expected = [1, 2, 32, 60, 60].map((minutes) => minutes * minute);
    assert.deepEqual(restsOf(activity, unreachable, tries), expected, activity);
  }
});

test('a re-read that is refused for good rests as long as a check', () => {
  assert.deepEqual(restsOf('re-read', refused, [1, 7]), [minute, 60 * minute]);
});

test('a locked table is checked every one to three seconds, whatever waits for it', () => {
  for (const activity of ['table', 'poll', 'sweep'] as const)
    assert.deepEqual(
      restsOf(activity, locked, [1, 2, 3, 50]),
      [1, 2, 3, 3].map((s) => s * second),
    );
});

test('every activity keeps the wait that Salesforce asks for, up to an hour', () => {
  const busy = (waitMs: number) => new Fault('LIM-06', { status: 503, waitMs });
  for (const activity of ['poll', 'sweep'] as const) {
    assert.deepEqual(restsOf(activity, busy(10 * minute), [1]), [10 * minute]);
    assert.deepEqual(restsOf(activity, busy(24 * 60 * minute), [1]), [60 * minute]);
  }
});

test('an object that was refused for good is tried again after five minutes, then less often, up to an hour', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 1_000].map((tries) => stopBackoffMs(tries) / minute),
    [5, 10, 20, 40, 60, 60, 60],
  );
});
