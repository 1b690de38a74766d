import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streamState as stream, syncState as sync } from '@lockstep/harness/sync-state';
import type { StreamState, SyncState } from '../run/sync-state.ts';
import { describedAt } from './describes.ts';
import { nextRequest } from './next-request.ts';
import { streamsOf } from './test-requests.ts';

const condition = 'Fri, 14 Aug 2020 20:53:02 GMT';

test('each object is asked about once a minute, along with the queries of other objects, and only if that costs little', () => {
  const known = { ...describedAt(0), wholeAt: 100_000, condition };
  const streams = streamsOf(40, { describe: known });
  const describesOf = (state: SyncState) => {
    const next = nextRequest(state, 100_000);
    return next.kind === 'composite' ? next.describes.map(({ index }) => index) : next.kind;
  };
  assert.deepEqual(describesOf(sync(streams)), [0, 1], 'forty in a minute of twenty requests');
  const slow = { intervalMs: 60_000, sentAt: [] };
  assert.deepEqual(describesOf(sync(streamsOf(2, { describe: known }), { budget: slow })), [0, 1]);
  const asked = streams.map((one) => ({ ...one, describe: { ...known, at: 50_000 } }));
  assert.deepEqual(describesOf(sync(asked)), []);
  const urgent = streams.map((one, n) => (n === 3 ? { ...one, isPriority: true } : one));
  assert.deepEqual(describesOf(sync(urgent)), [], 'somebody waits for this request');
  assert.deepEqual(
    describesOf(sync(streamsOf(3, { describe: { ...known, condition: null } }))),
    [0],
    'one at a time',
  );
  const long = { ...known, condition: null, isLong: true };
  assert.equal(describesOf(sync(streamsOf(3, { describe: long }))), 'describe');
});

test('an object that is gone is described every minute, and one that is stopped for another reason once', () => {
  const stopped = { code: 'PERM-02', tries: 1, failedAt: 50_000, retryAt: 900_000 };
  const kindAt = (now: number, describe: Partial<StreamState['describe']>) =>
    nextRequest(sync([stream(1, { stopped, describe: { ...describedAt(49_000), ...describe } })]), now).kind;
  assert.equal(kindAt(51_000, {}), 'describe');
  assert.equal(kindAt(111_000, { at: 51_000, wholeAt: 51_000 }), 'wait');
  assert.equal(kindAt(110_999, { at: 51_000, wholeAt: 51_000, isGone: true }), 'wait');
  assert.equal(kindAt(111_000, { at: 51_000, wholeAt: 51_000, isGone: true }), 'describe');
});
