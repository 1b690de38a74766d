import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { afterDate, agree, type Dated, ServerClock, type ServerTime } from './server-time.ts';

const noon = Date.UTC(2026, 10, 24, 12) / 1_000;
const start: ServerTime = { now: noon, saidAt: 0, ahead: null };

/** An answer with this Date, in seconds after noon, received at this local time. */
const dated = (seconds: number, atSeconds: number): Dated => ({
  said: noon + seconds,
  at: atSeconds * 1_000,
});
const timeAfter = (...answers: readonly Dated[]) =>
  answers.reduce((time, answer) => afterDate(time, answer).time, start);
const believedOf = (time: ServerTime, answer: Dated) => afterDate(time, answer).believed;

test('time advances with the answers, as far as time has passed locally', () => {
  assert.deepEqual(afterDate(start, dated(60, 60)), {
    time: { now: noon + 60, saidAt: 60_000, ahead: null },
    believed: noon + 60,
  });
});

test('an answer may be five seconds ahead of the local time that has passed, but not six', () => {
  assert.equal(believedOf(start, dated(65, 60)), noon + 65);
  assert.deepEqual(afterDate(start, dated(66, 60)), {
    time: { ...start, ahead: { seconds: noon + 66, saidAt: 60_000 } },
    believed: null,
  });
});

test('an answer that is ahead is believed when the next one is equally far ahead', () => {
  const once = timeAfter(dated(3_600, 0));
  assert.equal(once.now, noon);
  assert.deepEqual(afterDate(once, dated(3_610, 10)), {
    time: { now: noon + 3_610, saidAt: 10_000, ahead: null },
    believed: noon + 3_610,
  });
});

test('two answers that are ahead agree if they differ by the time between them, give or take five seconds', () => {
  const first = { seconds: noon, saidAt: 0 };
  for (const [seconds, agrees] of [
    [54, false],
    [55, true],
    [60, true],
    [65, true],
    [66, false],
  ] as const) {
    assert.equal(agree(first, { seconds: noon + seconds, saidAt: 60_000 }), agrees, `${seconds} s later`);
  }
  const other = timeAfter(dated(3_600, 0), dated(7_200, 10));
  assert.equal(other.now, noon, 'two wrong answers that contradict each other prove nothing');
  assert.deepEqual(
    other.ahead,
    { seconds: noon + 7_200, saidAt: 10_000 },
    'the later one waits for another that agrees',
  );
});

test('a right answer in between discards the one that was ahead', () => {
  const taken = timeAfter(dated(3_600, 0), dated(10, 10));
  assert.deepEqual(taken, { now: noon + 10, saidAt: 10_000, ahead: null });
  assert.equal(believedOf(taken, dated(3_620, 20)), null);
});

test('an older time does not move the time back, and proves no more than it says', () => {
  const at = timeAfter(dated(60, 60));
  assert.deepEqual(afterDate(at, dated(30, 61)), { time: at, believed: noon + 30 });
});

test('an answer without a Date says nothing about an earlier one either', () => {
  const waiting = timeAfter(dated(3_600, 0));
  assert.deepEqual(afterDate(waiting, { said: null, at: 5_000 }), { time: waiting, believed: null });
  assert.equal(believedOf(waiting, dated(3_610, 10)), noon + 3_610);
});

test('a local clock that stops or goes back does not let an answer be further ahead', () => {
  const at = timeAfter(dated(60, 60));
  assert.equal(believedOf(at, dated(65, 30)), noon + 65);
  assert.equal(believedOf(at, dated(66, 30)), null);
});

test('answers count in the order in which they arrive, not in which they are processed', () => {
  const clock = new ServerClock({ ...systemClock, now: () => 0 }, start);
  assert.deepEqual(clock.hear(noon + 3_600), { now: noon, believed: null, isAhead: true });
  assert.deepEqual(clock.hear(noon), { now: noon, believed: noon, isAhead: false });
  assert.deepEqual(clock.hear(noon + 3_600), { now: noon, believed: null, isAhead: true });
});

const answers = fc.array(
  fc.record({
    waitMs: fc.nat(600_000),
    saysNothing: fc.boolean(),
    offset: fc.integer({ min: -90, max: 90 }),
  }),
  { minLength: 1, maxLength: 30 },
);

/** Answers from a Salesforce clock that runs like the local one, each with its own error in seconds. */
function* said(steps: readonly { waitMs: number; saysNothing: boolean; offset: number }[]): Generator<Dated> {
  let at = 0;
  for (const { waitMs, saysNothing, offset } of steps) {
    at += waitMs;
    yield { said: saysNothing ? null : noon + Math.floor(at / 1_000) + offset, at };
  }
}

test('whatever the answers say, time never goes back, and no single one moves it ahead', () => {
  assertProperty(
    fc.property(answers, (steps) => {
      let time = start;
      for (const answer of said(steps)) {
        const { time: next } = afterDate(time, answer);
        assert.ok(next.now >= time.now);
        const elapsed = (answer.at - time.saidAt) / 1_000;
        const isConfirmed =
          time.ahead && agree(time.ahead, { seconds: answer.said ?? Number.NaN, saidAt: answer.at });
        assert.ok(isConfirmed || next.now <= time.now + elapsed + 5);
        time = next;
      }
    }),
  );
});

test('after any answers, two right ones are enough to know the time again', () => {
  assertProperty(
    fc.property(answers, (steps) => {
      const before = [...said(steps.map((step) => ({ ...step, offset: -Math.abs(step.offset) })))];
      const at = (before.at(-1)?.at ?? 0) + 1_000;
      const right = (later: number): Dated => ({
        said: noon + Math.floor((at + later) / 1_000),
        at: at + later,
      });
      assert.equal(timeAfter(...before, right(0), right(2_000)).now, right(2_000).said);
    }),
  );
});
