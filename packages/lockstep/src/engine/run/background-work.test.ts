import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ManualClock } from '@lockstep/foundation/clock';
import { openTestLog } from '@lockstep/harness/control';
import { syncState } from '@lockstep/harness/sync-state';
import { Fault } from '../../core/faults.ts';
import { BackgroundWork, type Effect } from './background-work.ts';
import { Mailbox } from './mailbox.ts';
import type { SyncState } from './sync-state.ts';

/** Effects show in `pageRows`. */
const addRows =
  (rows: number): Effect =>
  (state: SyncState) =>
    Promise.resolve({ ...state, pageRows: state.pageRows + rows });
const state = syncState([], { pageRows: 0 });

function openSide() {
  const mailbox = new Mailbox();
  const opened = openTestLog();
  return { mailbox, text: () => opened.text(), side: new BackgroundWork(mailbox, opened.log) };
}

/** Work that ends when the test says so. */
function heldWork() {
  const done = Promise.withResolvers<Effect>();
  let begun = 0;
  return {
    done,
    begun: () => begun,
    work: () => {
      begun++;
      return done.promise;
    },
  };
}

const notExpected = () => assert.fail('no failure was expected');

test('a result takes effect only when takeEffect is called', async () => {
  const { side } = openSide();
  const { work, done } = heldWork();
  side.begin('count', work, notExpected);
  assert.equal((await side.takeEffect(state)).pageRows, 0);
  assert.equal(side.hasEnded, false);
  done.resolve(addRows(1));
  await setImmediate();
  assert.equal(side.hasEnded, true);
  assert.equal((await side.takeEffect(state)).pageRows, 1);
  assert.equal(side.hasEnded, false);
  assert.equal((await side.takeEffect(state)).pageRows, 0, 'it takes effect once');
});

test('a name is under way until its effect is taken, and does not begin again meanwhile', async () => {
  const { side } = openSide();
  const { work, done, begun } = heldWork();
  const isUnderWay: boolean[] = [];
  const note = () => isUnderWay.push(side.isUnderWay('count'));
  side.begin('count', work, notExpected);
  note();
  done.resolve((before) => {
    note();
    return addRows(1)(before);
  });
  await setImmediate();
  note();
  side.begin('count', work, notExpected);
  assert.equal(begun(), 1);
  assert.equal((await side.takeEffect(state)).pageRows, 1);
  note();
  assert.deepEqual(isUnderWay, [true, true, true, false]);
  side.begin('count', work, notExpected);
  assert.equal(begun(), 2);
});

test('work under several names runs concurrently, and takes effect in the order in which it ends', async () => {
  const { side } = openSide();
  const [first, second] = [heldWork(), heldWork()];
  const order: string[] = [];
  const noted = (name: string): Effect => {
    return (before) => {
      order.push(name);
      return addRows(1)(before);
    };
  };
  side.begin('first', first.work, notExpected);
  side.begin('second', second.work, notExpected);
  second.done.resolve(noted('second'));
  await setImmediate();
  first.done.resolve(noted('first'));
  await setImmediate();
  assert.equal((await side.takeEffect(state)).pageRows, 2, 'each starts from the state that the other left');
  assert.deepEqual(order, ['second', 'first']);
});

test('the end of work wakes the loop', async () => {
  const { side, mailbox } = openSide();
  const clock = new ManualClock();
  const woken = mailbox.wait(clock, 3_600_000, new AbortController().signal);
  side.begin('count', () => Promise.resolve(addRows(1)), notExpected);
  await woken;
  assert.equal(side.hasEnded, true);
});

test('a failure has an effect of its own, is logged without its text, and the name is free again', async () => {
  const { side, text } = openSide();
  const broken = new Error('a value of a record');
  const failures: unknown[] = [];
  const failed = (error: unknown) => {
    failures.push(error);
    return addRows(10);
  };
  side.begin('tidy', () => Promise.reject(broken), failed);
  side.begin(
    'count',
    () => Promise.reject(new Fault('NET-01', { host: 'acme', reason: 'ECONNRESET' })),
    failed,
  );
  await setImmediate();
  assert.equal((await side.takeEffect(state)).pageRows, 20);
  assert.equal(failures[0], broken);
  assert.match(text(), /"where":"tidy"/);
  assert.match(text(), /"code":"NET-01"/);
  assert.doesNotMatch(text(), /a value of a record/);
  assert.deepEqual([side.isUnderWay('tidy'), side.isUnderWay('count')], [false, false]);
});

test('a stop aborts the work, and neither its result nor its failure takes effect', async () => {
  const { side } = openSide();
  const [found, failing] = [heldWork(), heldWork()];
  const signals: AbortSignal[] = [];
  const watched = ({ work }: typeof found) => {
    return (signal: AbortSignal) => {
      signals.push(signal);
      return work();
    };
  };
  side.begin('found', watched(found), notExpected);
  side.begin('failing', watched(failing), () => addRows(10));
  side.stop();
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, true],
  );
  found.done.resolve(addRows(1));
  failing.done.reject(new Error('stopped'));
  await setImmediate();
  assert.equal(side.hasEnded, false);
  assert.equal((await side.takeEffect(state)).pageRows, 0);
});
