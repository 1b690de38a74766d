import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../core/faults.ts';
import {
  type DeletedAnswer,
  type DeletedPosition,
  deletedAfter,
  deletedQuestion,
  isDeletedDue,
  startOfDeleted,
} from './deleted-log.ts';

const now = Date.UTC(2026, 10, 24, 12) / 1000;
const minute = 60;
const day = 86_400;
const id = '001000000000001AAA';

const asked: DeletedPosition = { from: now - 30 * minute, askedAt: now - 20 * minute, windowSeconds: null };
const text = (seconds: number) => new Date(seconds * 1000).toISOString().replace('Z', '+0000');

const refusal = (errorCode: string | null, status = 400) => ({ status, errorCode, body: null });
const log = (covered: number, { ids = [id], since = now - 60 * day } = {}) => ({
  status: 200,
  errorCode: null,
  body: {
    deletedRecords: ids.map((one) => ({ id: one, deletedDate: text(covered) })),
    earliestDateAvailable: text(since),
    latestDateCovered: text(covered),
  },
});

const answered = (position: DeletedPosition, answer: Parameters<typeof deletedAfter>[2], at = now) =>
  deletedAfter(position, deletedQuestion('Account', position, at), answer, at);
const readBy = (position: DeletedPosition, answer: Parameters<typeof deletedAfter>[2], at = now) => {
  const read = answered(position, answer, at);
  assert.notEqual(read, 'refused');
  return read as DeletedAnswer;
};

test('the log is requested every 20 minutes, from before the stream began', () => {
  assert.equal(startOfDeleted(now).from, now - 15 * minute);
  assert.equal(isDeletedDue(startOfDeleted(now), now + 20 * minute - 1, false), false);
  assert.equal(isDeletedDue(startOfDeleted(now), now + 20 * minute, false), true);
});

test('the log is requested at once if somebody waits, unless it cannot have more', () => {
  assert.equal(isDeletedDue({ ...asked, askedAt: now }, now, true), true);
  assert.equal(isDeletedDue({ ...asked, from: now - 119 }, now, true), false);
});

test('the request covers all the time that has not been read yet', () => {
  const { path, until } = deletedQuestion('Account', asked, now);
  const times = 'start=2026-11-24T11%3A30%3A00%2B00%3A00&end=2026-11-24T12%3A00%3A00%2B00%3A00';
  assert.deepEqual([path, until], [`sobjects/Account/deleted/?${times}`, now]);
});

test('the next request begins at latestDateCovered', () => {
  const { to, ids, isGap } = readBy(asked, log(now - 5 * minute));
  assert.deepEqual(to, { from: now - 5 * minute, askedAt: now, windowSeconds: null });
  assert.deepEqual([ids, isGap], [[id], false]);
});

test('if the log covers nothing new, the same time is requested again', () => {
  assert.equal(readBy(asked, log(asked.from - day)).to.from, asked.from);
});

test('a log that claims to cover the future is believed only up to the end of the request', () => {
  assert.equal(readBy(asked, log(now + day)).to.from, now);
});

test('a short Id is converted to the long form, and an invalid one is left out', () => {
  const { ids } = readBy(asked, log(now, { ids: ['001B000000kyA8t', 'nonsense'] }));
  assert.deepEqual(ids, ['001B000000kyA8tIAE']);
});

test('after too many Ids half of the time is requested at once, and then half of that', () => {
  const half = readBy(asked, refusal('EXCEEDED_ID_LIMIT'));
  assert.deepEqual(half, {
    to: { from: asked.from, askedAt: now, windowSeconds: 15 * minute },
    ids: [],
    isGap: false,
  });
  assert.equal(isDeletedDue(half.to, now, false), true);
  assert.equal(deletedQuestion('Account', half.to, now).until, asked.from + 15 * minute);
  assert.equal(readBy(half.to, refusal('EXCEEDED_ID_LIMIT')).to.windowSeconds, 450);
});

test('the parts of a split request follow each other until the whole time is read', () => {
  const first = { ...asked, windowSeconds: 20 * minute };
  const { to } = readBy(first, log(now));
  assert.deepEqual(to, { from: asked.from + 20 * minute, askedAt: now, windowSeconds: 20 * minute });
  assert.equal(isDeletedDue(to, now, false), true);
  assert.deepEqual(readBy(to, log(now)).to, { from: now, askedAt: now, windowSeconds: null });
});

test('a part that the log does not cover yet waits for the usual interval', () => {
  const { to } = readBy({ ...asked, windowSeconds: 20 * minute }, log(asked.from - 1));
  assert.deepEqual(to, { from: asked.from, askedAt: now, windowSeconds: null });
});

const fresh = { from: now, askedAt: now, windowSeconds: null };

test('if a request too short to split has too many Ids, the log has a gap and continues from now', () => {
  const shortest = { ...asked, windowSeconds: 3 * minute };
  assert.deepEqual(readBy(shortest, refusal('EXCEEDED_ID_LIMIT')), { to: fresh, ids: [], isGap: true });
});

test('a request that begins before the log does is a gap', () => {
  assert.deepEqual(readBy(asked, refusal('INVALID_REPLICATION_DATE')), { to: fresh, ids: [], isGap: true });
});

test('a log that begins after the request does is a gap, and its Ids are used', () => {
  const { to, ids, isGap } = readBy(asked, log(now, { since: asked.from + 61 }));
  assert.deepEqual([to, ids, isGap], [fresh, [id], true]);
  assert.equal(
    readBy(asked, log(now, { since: asked.from + 60 })).isGap,
    false,
    'the log has a resolution of minutes',
  );
});

test('a request older than the reach of the log is a gap, and its Ids are used', () => {
  const old = { ...asked, from: now - 14 * day - 1 };
  assert.deepEqual(readBy(old, log(old.from)), { to: fresh, ids: [id], isGap: true });
});

test('any other refusal says nothing about what the log contains', () => {
  assert.equal(answered(asked, refusal('INSUFFICIENT_ACCESS', 403)), 'refused');
  assert.equal(answered(asked, refusal(null, 503)), 'refused');
});

test('a malformed answer is a fault', () => {
  const isDataFault = (error: unknown) => error instanceof Fault && error.code === 'DATA-03';
  for (const body of [null, 'text', {}, { ...log(now).body, deletedRecords: [{ id: 7 }] }])
    assert.throws(() => answered(asked, { status: 200, errorCode: null, body }), isDataFault);
});
