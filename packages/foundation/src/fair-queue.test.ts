import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { FairQueue, type LevelBounds, type Permit } from './fair-queue.ts';

/** A queue whose askers are named `group/member number`; it records who got a turn and who was displaced. */
function openQueue(...bounds: [LevelBounds, ...LevelBounds[]]) {
  const queue = new FairQueue(bounds);
  const turns: string[] = [];
  const displaced: string[] = [];
  const permits = new Map<string, Permit>();
  return {
    queue,
    turns,
    displaced,
    /** False: there was no room. */
    ask: (path: string, name: string): boolean => {
      const full = `${path} ${name}`;
      const permit = queue.ask(path.split('/'), {
        onGranted: () => void turns.push(full),
        onDisplaced: () => void displaced.push(full),
      });
      if (permit) permits.set(full, permit);
      return permit !== null;
    },
    leave: (full: string) => permits.get(full)?.leave(),
    /** Ends turn after turn until nobody waits. */
    runDry: () => {
      for (let ended = 0; ended < turns.length; ended++) permits.get(turns[ended] ?? '')?.leave();
    },
  };
}

const many = { underWay: 1_000, waiting: 1_000 };
const one = { underWay: 1, waiting: 1_000 };

test('a request begins at once if there is room, otherwise when another ends', () => {
  const { queue, turns, ask, leave } = openQueue({ underWay: 2, waiting: 10 }, many, many);
  for (const name of ['1', '2', '3', '4']) ask('a/x', name);
  assert.deepEqual(turns, ['a/x 1', 'a/x 2']);
  assert.deepEqual(queue.count(), { underWay: 2, waiting: 2 });
  leave('a/x 2');
  assert.deepEqual(turns, ['a/x 1', 'a/x 2', 'a/x 3']);
  leave('a/x 2');
  assert.equal(turns.length, 3, 'a turn ends once');
});

test('while a hundred requests of one caller wait, two of another caller wait for one turn each', () => {
  const { turns, ask, runDry } = openQueue(one, many, many);
  for (let asked = 0; asked < 100; asked++) ask('a/greedy', `${asked}`);
  for (const name of ['1', '2']) ask('a/modest', name);
  runDry();
  assert.deepEqual(turns.slice(0, 5), ['a/greedy 0', 'a/greedy 1', 'a/modest 1', 'a/greedy 2', 'a/modest 2']);
});

test('groups take turns first, so a group with many callers gets no larger share', () => {
  const { turns, ask, runDry } = openQueue(one, many, many);
  for (const path of ['a/1', 'a/2', 'a/3', 'a/4', 'b/1']) ask(path, 'first');
  ask('b/1', 'second');
  runDry();
  assert.deepEqual(turns.slice(1, 5), ['a/2 first', 'b/1 first', 'a/3 first', 'b/1 second']);
});

test('a group at its own bound keeps no other group waiting, nor a member at its bound the rest of its group', () => {
  const { turns, ask } = openQueue(many, { underWay: 2, waiting: 10 }, { underWay: 1, waiting: 10 });
  for (const path of ['a/x', 'a/x', 'a/y', 'a/z', 'b/x']) ask(path, '');
  assert.deepEqual(turns, ['a/x ', 'a/y ', 'b/x ']);
});

test('a waiter that leaves gets no turn and costs the others none', () => {
  const { queue, turns, ask, leave } = openQueue(one, many, many);
  for (const name of ['1', '2', '3']) ask('a/x', name);
  leave('a/x 2');
  leave('a/x 1');
  assert.deepEqual(turns, ['a/x 1', 'a/x 3']);
  leave('a/x 3');
  assert.deepEqual(queue.count(), { underWay: 0, waiting: 0 });
  assert.deepEqual(queue.count(['a']), { underWay: 0, waiting: 0 });
});

test('a full queue refuses the caller with the most requests and admits others in its place', () => {
  const { turns, displaced, ask, runDry } = openQueue({ underWay: 1, waiting: 4 }, many, many);
  for (const name of ['0', '1', '2', '3', '4']) ask('a/greedy', name);
  assert.equal(ask('a/greedy', '5'), false);
  assert.equal(ask('a/modest', '1'), true);
  assert.equal(ask('b/modest', '1'), true);
  assert.equal(ask('b/modest', '2'), true);
  assert.deepEqual(displaced, ['a/greedy 4', 'a/greedy 3', 'a/greedy 2']);
  assert.equal(ask('b/modest', '3'), false, 'each group now has its half');
  runDry();
  assert.deepEqual(turns, ['a/greedy 0', 'a/greedy 1', 'b/modest 1', 'a/modest 1', 'b/modest 2']);
});

test('two groups that share a full queue as evenly as possible do not keep displacing each other', () => {
  const { displaced, ask } = openQueue({ underWay: 1, waiting: 3 }, many, many);
  for (const name of ['0', '1', '2']) ask('a/x', name);
  assert.equal(ask('b/x', '1'), true);
  assert.equal(ask('b/x', '2'), false);
  assert.equal(ask('a/x', '3'), false);
  assert.deepEqual(displaced, []);
});

type Step = { ask: string } | { leave: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ ask: fc.constantFrom('a/1', 'a/1', 'a/1', 'a/2', 'a/3', 'b/1', 'b/2', 'c/1') }),
    fc.record({ leave: fc.nat(50) }),
  ),
  { maxLength: 120 },
);
const bounds = fc.record({ underWay: fc.integer({ min: 1, max: 4 }), waiting: fc.nat(5) });
const levels = fc.tuple(bounds, bounds, bounds);

/** A model of the queue as a list, in the order of asking. */
type Listed = { path: string; name: string; state: 'waiting' | 'under way' };

const atPath = (list: readonly Listed[], path: string, state: Listed['state']) =>
  list.filter((one) => one.state === state && `/${one.path}/`.startsWith(path)).length;

const levelsOf = (path: string) => ['/', `/${path.split('/')[0]}/`, `/${path}/`];

test('no bound is exceeded, nobody waits where there is room, and each caller is served in order', () => {
  assertProperty(
    fc.property(levels, steps, (limits, all) => {
      const { queue, turns, displaced, ask, leave } = openQueue(...limits);
      let list: Listed[] = [];
      for (const [at, step] of all.entries()) {
        const before = { turns: turns.length, displaced: displaced.length };
        if ('ask' in step) {
          const isIn = ask(step.ask, `${at}`);
          if (isIn) list.push({ path: step.ask, name: `${step.ask} ${at}`, state: 'waiting' });
          else assert(levelsOf(step.ask).some((path, level) => isFull(list, path, limits[level])));
        } else {
          const leaving = list[step.leave % Math.max(1, list.length)];
          if (!leaving) continue;
          leave(leaving.name);
          list = list.filter((one) => one !== leaving);
        }
        for (const name of displaced.slice(before.displaced)) {
          const last = list.findLast((one) => one.path === name.split(' ')[0] && one.state === 'waiting');
          assert.equal(name, last?.name, 'the last in its line gives way');
          list = list.filter((one) => one !== last);
        }
        for (const name of turns.slice(before.turns)) {
          const first = list.find((one) => one.path === name.split(' ')[0] && one.state === 'waiting');
          assert.equal(name, first?.name, 'the first in its line gets the turn');
          if (first) first.state = 'under way';
        }
        for (const { path, state } of list) {
          const hasRoom = levelsOf(path).map((prefix, level) => {
            const underWay = atPath(list, prefix, 'under way');
            assert(underWay <= (limits[level]?.underWay ?? 0));
            assert(atPath(list, prefix, 'waiting') <= (limits[level]?.waiting ?? 0));
            return underWay < (limits[level]?.underWay ?? 0);
          });
          assert(state === 'under way' || hasRoom.includes(false), 'nobody waits where there is room');
        }
        const counted = { underWay: atPath(list, '/', 'under way'), waiting: atPath(list, '/', 'waiting') };
        assert.deepEqual(queue.count(), counted);
      }
    }),
  );
});

const isFull = (list: readonly Listed[], path: string, limit: LevelBounds | undefined) =>
  atPath(list, path, 'waiting') >= (limit?.waiting ?? 0);

test('between two turns of a waiting member, each other member of its group gets at most one', () => {
  const askers = fc.array(fc.constantFrom('a/1', 'a/2', 'a/3', 'a/4'), { minLength: 2, maxLength: 80 });
  assertProperty(
    fc.property(askers, (paths) => {
      const { turns, ask, runDry } = openQueue(one, many, many);
      for (const [at, path] of paths.entries()) ask(path, `${at}`);
      runDry();
      const members = turns.slice(1).map((turn) => turn.split(' ')[0] ?? '');
      for (const member of new Set(members)) {
        const between = members.slice(0, members.lastIndexOf(member)).join(' ').split(member);
        for (const others of between) {
          const each = others.split(' ').filter((other) => other !== '');
          assert.equal(new Set(each).size, each.length);
        }
      }
    }),
  );
});
