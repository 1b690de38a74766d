import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { SliceRounds } from './slice-rounds.ts';

/** Work that goes on until it is told to end. */
function holdable(rounds: SliceRounds) {
  const end = Promise.withResolvers<string>();
  const work = { hasBegun: false, end: () => end.resolve('stored'), fail: end.reject, result: '' };
  const done = rounds.run(() => {
    work.hasBegun = true;
    return end.promise;
  });
  done.catch(() => undefined);
  return Object.assign(work, { done });
}

const begun = async (all: readonly { hasBegun: boolean }[]) => {
  await setImmediate();
  return all.map(({ hasBegun }) => hasBegun);
};

test('two slices are stored side by side, and the next two when both have ended', async () => {
  const rounds = new SliceRounds(2);
  const all = Array.from({ length: 5 }, () => holdable(rounds));
  assert.deepEqual(await begun(all), [true, true, false, false, false]);
  all[0]?.end();
  assert.deepEqual(await begun(all), [true, true, false, false, false], 'nobody takes the place in a round');
  all[1]?.end();
  assert.deepEqual(await begun(all), [true, true, true, true, false]);
  all[2]?.end();
  all[3]?.end();
  assert.deepEqual(await begun(all), [true, true, true, true, true]);
  all[4]?.end();
  assert.deepEqual(
    await Promise.all(all.map(({ done }) => done)),
    Array.from({ length: 5 }, () => 'stored'),
  );
});

test('while slices come without end, there are times at which none is being stored', async () => {
  const rounds = new SliceRounds(2);
  let running = 0;
  let pauses = 0;
  const store = () =>
    rounds.run(async () => {
      running++;
      await setImmediate();
      running--;
      if (running === 0) pauses++;
    });
  const sender = async () => {
    for (let nth = 0; nth < 50; nth++) await store();
  };
  await Promise.all([sender(), sender(), sender()]);
  assert.ok(pauses >= 75, `${pauses} pauses`);
});

test('a slice that fails ends like any other', async () => {
  const rounds = new SliceRounds(1);
  const [first, second] = [holdable(rounds), holdable(rounds)];
  first.fail(new Error('refused'));
  await assert.rejects(first.done, /refused/);
  assert.deepEqual(await begun([second]), [true]);
  second.end();
  assert.equal(await second.done, 'stored');
});

test('a round of one slice lets the next begin at once', async () => {
  const rounds = new SliceRounds(2);
  for (let nth = 0; nth < 3; nth++) assert.equal(await rounds.run(() => Promise.resolve(nth)), nth);
});
