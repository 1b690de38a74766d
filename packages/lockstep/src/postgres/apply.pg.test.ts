/** What applying a page does to rows, counts, cursors and quarantine when no other reading interferes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationHarness, pageOf, record, stampAt } from '@lockstep/harness/destination';
import { withSeed } from '@lockstep/harness/property';
import { Fault } from '../core/faults.ts';
import { applyRemainder } from './apply.ts';
import { closeObservation } from './observations.ts';
import { type ApplyCounts, type CursorMove } from './page-part.ts';
import { beginStream } from './progress.ts';

type DestinationHarness = Awaited<ReturnType<typeof openDestinationHarness>>;

const nothing: ApplyCounts = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
const ids = async (harness: DestinationHarness, sobject?: string) =>
  (await harness.rows(sobject)).map(({ id }) => id);
const names = async (harness: DestinationHarness) => (await harness.rows()).map(({ name }) => name);

test('records are stored, changed, left unchanged and removed, and each is counted once', async () => {
  await using harness = await openDestinationHarness();
  assert.deepEqual(await harness.apply([record(1, { Name: 'a' }), record(2, { Name: 'b' }), record(3)]), {
    ...nothing,
    applied: 3,
  });
  const counts = await harness.apply([
    record(1, { Name: 'a' }),
    record(2, { Name: 'B' }),
    record(3, { IsDeleted: true }),
    record(4, { IsDeleted: true }),
  ]);
  assert.deepEqual(counts, { ...nothing, applied: 2, unchanged: 2 });
  assert.deepEqual(await names(harness), ['a', 'B']);
});

test('an undeleted record comes back', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([record(1)]);
  await harness.apply([record(1, { IsDeleted: true })]);
  assert.deepEqual(await ids(harness), []);
  await harness.apply([record(1)]);
  assert.deepEqual(await ids(harness), [idOf(1)]);
});

test('a record that is absent from an answer is removed; one that the mirror never had is unchanged', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([record(1), record(2)]);
  const counts = await harness.apply([record(2)], { absent: [idOf(1), idOf(9)] });
  assert.deepEqual(counts, { ...nothing, applied: 1, unchanged: 2 });
  assert.deepEqual(await ids(harness), [idOf(2)]);
});

test('a record that was merged into another is reported once, when its row is removed', async () => {
  await using harness = await openDestinationHarness({ fields: { MasterRecordId: 'reference Account' } });
  await harness.apply([record(1), record(2), record(3)]);
  const page = pageOf([
    record(1, { IsDeleted: true, MasterRecordId: idOf(3) }),
    record(2, { IsDeleted: true }),
    record(3),
  ]);
  for (const expected of [[idOf(1)], []]) {
    const observation = await harness.open();
    const { merged } = await harness.destination.mirror.applyPage(harness.table(), page, {
      observation,
      isLast: true,
    });
    assert.deepEqual(merged, expected);
  }
});

test('an object without IsDeleted loses records by absence only', async () => {
  await using harness = await openDestinationHarness();
  await harness.db.script(`DELETE FROM _lockstep.column WHERE field = 'IsDeleted';
    ALTER TABLE salesforce.account DROP COLUMN isdeleted`);
  const destination = await harness.openAs(harness.holder);
  await harness.apply([record(1), record(2, { IsDeleted: true })], { destination });
  assert.deepEqual(await ids(harness), [idOf(1), idOf(2)]);
  await harness.apply([], { destination, absent: [idOf(1)] });
  assert.deepEqual(await ids(harness), [idOf(2)]);
});

test('a row that has not changed is not written', async () => {
  await using harness = await openDestinationHarness({
    fields: { Name: 'string', Amount: 'currency', Json__c: 'json' },
  });
  const values = { Name: 'a', Amount: 12.5, Json__c: { a: 1, b: null } };
  const versions = () =>
    harness.db.query(sql`SELECT xmin::text, ctid::text FROM salesforce.account ORDER BY id`);
  await harness.apply([record(1, values), record(2)]);
  const before = await versions();
  assert.deepEqual(await harness.apply([record(1, values), record(2)]), { ...nothing, unchanged: 2 });
  assert.deepEqual(await versions(), before);

  await harness.apply([record(1, { ...values, Amount: null }), record(2)]);
  assert.notDeepEqual((await versions())[0], before[0]);
  assert.deepEqual((await versions())[1], before[1]);
});

test('if a page has a record twice, the newest stamp counts, in either order', async () => {
  await using harness = await openDestinationHarness();
  const older = (number: number) => record(number, { Name: 'older', SystemModstamp: stampAt(5) });
  const newer = (number: number) => record(number, { Name: 'newer', SystemModstamp: stampAt(6) });
  const counts = await harness.apply([older(1), newer(1), newer(2), older(2)]);
  assert.deepEqual(counts, { ...nothing, applied: 2, stale: 2 });
  assert.deepEqual(await names(harness), ['newer', 'newer']);
});

test('a record that a page has twice with the same stamp is read again', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([record(1, { Name: 'before' })]);
  const counts = await harness.apply([record(1, { Name: 'x' }), record(1, { Name: 'y' }), record(2)]);
  assert.deepEqual(counts, { ...nothing, applied: 1, stale: 1, dirty: 1 });
  assert.deepEqual(await names(harness), ['before', null]);
  assert.deepEqual(
    (await harness.marks()).map(({ id }) => id),
    [idOf(1)],
  );
});

test('a record without a stamp that a page has twice is read again', async () => {
  await using harness = await openDestinationHarness();
  await harness.db.script(`DELETE FROM _lockstep.column WHERE field = 'SystemModstamp';
    ALTER TABLE salesforce.account DROP COLUMN systemmodstamp`);
  const destination = await harness.openAs(harness.holder);
  const counts = await harness.apply([record(1, { Name: 'x' }), record(1, { Name: 'y' }), record(2)], {
    destination,
  });
  assert.deepEqual(counts, { ...nothing, applied: 1, stale: 1, dirty: 1 });
  assert.deepEqual(await ids(harness), [idOf(2)]);
});

test('an empty page changes nothing and counts nothing', async () => {
  await using harness = await openDestinationHarness();
  assert.deepEqual(await harness.apply([]), nothing);
});

test('a second call with the same page applies nothing', async () => {
  await using harness = await openDestinationHarness({ fields: { Name: 'string', Int__c: 'int' } });
  const page = [record(1, { Name: 'a' }), record(2, { IsDeleted: true }), record(3, { Int__c: 1.5 })];
  await harness.apply(page);
  assert.deepEqual(await harness.apply(page), { ...nothing, unchanged: 2, quarantined: 1 });
});

test('after any pages the counts add up, and the checkpoint has the actual number of rows', async () => {
  await using harness = await openDestinationHarness({ fields: { Name: 'string', Int__c: 'int' } });
  await withSeed(7, async (random) => {
    for (let round = 0; round < 25; round++) {
      const page = Array.from({ length: random.between(0, 12) }, () =>
        record(random.between(1, 15), {
          IsDeleted: random.between(1, 4) === 1,
          Name: random.pick(['a', 'b']),
          Int__c: random.pick([1, 1, 1, 1.5]),
          SystemModstamp: stampAt(random.between(0, 5)),
        }),
      );
      const absent = Array.from({ length: random.between(0, 2) }, (_, place) =>
        idOf(random.between(20, 25) + 10 * place),
      );
      const counts = await harness.apply(page, { absent });
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      assert.equal(total, page.length + absent.length, `round ${round}`);
      const [state] = await harness.db.query<{ kept: number; there: number }>(sql`
        SELECT (SELECT rows FROM _lockstep.checkpoint) AS kept, (SELECT count(*) FROM salesforce.account) AS there`);
      assert.equal(state?.kept, state?.there, `round ${round}`);
    }
  });
});

const move = (version: number, to: object): CursorMove => ({ kind: 'head', version, to });

const headOf = (harness: DestinationHarness) =>
  harness.db.query(
    sql`SELECT position, version FROM _lockstep.cursor WHERE kind = 'head' ORDER BY stream_no`,
  );

test('rows and their cursor move together', async () => {
  await using harness = await openDestinationHarness();
  await beginStream(harness.db, 1, { head: { at: 0 }, recheck: {}, backfill: {} }, 10);
  await harness.apply([record(1)], { moves: [move(1, { at: 1 })] });
  assert.deepEqual(await headOf(harness), [{ position: { at: 1 }, version: 2 }]);

  const broken = harness.destination.db.transaction(async (tx) => {
    await harness.apply([record(2)], { tx, moves: [move(2, { at: 2 })] });
    throw new Error('a crash before the commit');
  });
  await assert.rejects(broken);
  assert.deepEqual(await headOf(harness), [{ position: { at: 1 }, version: 2 }]);
  assert.deepEqual(await ids(harness), [idOf(1)]);
});

test('a cursor that has moved meanwhile stays where it is and completes nothing, and the rows are kept', async () => {
  await using harness = await openDestinationHarness();
  await beginStream(harness.db, 1, { head: { at: 0 }, recheck: {}, backfill: {} }, null);
  await harness.apply([record(1)], { moves: [move(1, { at: 1 })] });
  const late = { ...move(1, { at: 'late' }), backfilledAt: 1_900_000_000 };
  await harness.apply([record(2)], { moves: [late] });
  assert.deepEqual(await headOf(harness), [{ position: { at: 1 }, version: 2 }]);
  assert.deepEqual(await ids(harness), [idOf(1), idOf(2)]);
  assert.deepEqual(await harness.db.query(sql`SELECT state FROM _lockstep.checkpoint`), [
    { state: 'backfilling' },
  ]);
});

test('the status claims what head and recheck have proven, and nothing before the backfill is complete', async () => {
  await using harness = await openDestinationHarness();
  const positions = { head: { at: 1_800_000_000 }, recheck: { at: 1_700_000_000 }, backfill: {} };
  await beginStream(harness.db, 1, positions, 10);
  const claims = () =>
    harness.db.query(sql`
    SELECT state, backfill_percent, extract(epoch FROM read_until)::bigint AS read,
           extract(epoch FROM settled_until)::bigint AS settled
      FROM _lockstep.status`);
  await harness.apply([record(1)]);
  assert.deepEqual(await claims(), [
    { state: 'backfilling', backfill_percent: 10, read: null, settled: null },
  ]);
  await harness.apply([], {
    moves: [{ kind: 'backfill', version: 1, to: {}, backfilledAt: 1_800_000_001 }],
  });
  assert.deepEqual(await claims(), [
    { state: 'current', backfill_percent: 100, read: 1_800_000_000, settled: 1_700_000_000 },
  ]);
});

test('a stream that the same request completes and stops stays stopped until it is tried again', async () => {
  await using harness = await openDestinationHarness();
  const { mirror } = harness.destination;
  const table = harness.table();
  await mirror.beginStream(table.stream.streamNo, { backfill: {} }, null);
  const observation = await harness.open();
  const moves: CursorMove[] = [{ kind: 'backfill', version: 1, to: {}, backfilledAt: 1_800_000_000 }];
  await harness.apply([record(1)], { observation, isLast: false, moves });
  const stop = new Fault('PERM-02', { stream: 'Account', reason: 'INVALID_TYPE' });
  await mirror.applyRemainder([{ table, moves: [], stop }], { observation, isLast: true });

  const checkpoint = async () => (await mirror.readProgress()).checkpoints[0];
  assert.partialDeepStrictEqual(await checkpoint(), {
    state: 'stopped',
    stop_code: 'PERM-02',
    backfilled: true,
  });
  await mirror.retryStopped();
  assert.partialDeepStrictEqual(await checkpoint(), { state: 'current', stop_code: null });
});

test('an answer whose reading was closed stops no stream', async () => {
  await using harness = await openDestinationHarness();
  const { mirror } = harness.destination;
  const table = harness.table();
  const observation = await harness.open();
  await closeObservation(harness.destination.db, observation);
  const stop = new Fault('PERM-02', { stream: 'Account', reason: 'INVALID_TYPE' });
  const late = mirror.applyRemainder([{ table, moves: [], stop }], { observation, isLast: true });
  await assert.rejects(late, { code: 'SYS-09' });
  assert.equal((await mirror.readProgress()).checkpoints[0]?.stop_code, null);
});

test('streams without rows move their cursors together and close the reading', async () => {
  await using harness = await openDestinationHarness({ streams: ['Account', 'Contact'] });
  const positions = { head: { at: 0 }, recheck: {}, backfill: {} };
  for (const streamNo of [1, 2]) await beginStream(harness.db, streamNo, positions, 0);
  const observation = await harness.open(['Account', 'Contact']);
  const part = { observation, isLast: true };
  const rest = ['Account', 'Contact'].map((sobject) => ({
    table: harness.table(sobject),
    moves: [{ ...move(1, { at: 5 }), backfilledAt: 1_800_000_000 }],
  }));
  await harness.destination.db.transaction((tx) => applyRemainder(tx, rest, part));

  assert.deepEqual(await headOf(harness), [
    { position: { at: 5 }, version: 2 },
    { position: { at: 5 }, version: 2 },
  ]);
  assert.deepEqual(await harness.db.query(sql`SELECT DISTINCT state FROM _lockstep.checkpoint`), [
    { state: 'current' },
  ]);
  const again = harness.destination.db.transaction((tx) => applyRemainder(tx, rest, part));
  await assert.rejects(again, { code: 'SYS-09' });
});

test('a page that was requested before its table changed is refused', async () => {
  await using harness = await openDestinationHarness();
  const observation = await harness.open();
  await harness.db.query(sql`UPDATE _lockstep.checkpoint SET plan_version = plan_version + 1`);
  await assert.rejects(harness.apply([record(1)], { observation }), { code: 'SYS-09' });
  assert.deepEqual(await ids(harness), []);
  assert.equal((await harness.db.query(sql`SELECT FROM _lockstep.observation`)).length, 1);
});

test('a page whose reading was closed is refused and changes nothing', async () => {
  await using harness = await openDestinationHarness();
  await beginStream(harness.db, 1, { head: { at: 0 }, recheck: {}, backfill: {} }, null);
  await harness.apply([record(1, { Name: 'a' })]);
  const observation = await harness.open();
  await closeObservation(harness.destination.db, observation);

  const page = pageOf([record(1, { Name: 'b' }), record(2)], { unstorable: [{ id: idOf(3), text: '{}' }] });
  const late = harness.apply(page, { observation, moves: [move(1, { at: 1 })], absent: [idOf(1)] });
  await assert.rejects(late, { code: 'SYS-09' });
  assert.deepEqual(await names(harness), ['a']);
  assert.deepEqual(await headOf(harness), [{ position: { at: 0 }, version: 1 }]);
  assert.deepEqual(await harness.quarantined(), []);
});

test('a page touches the rows, fences, marks and quarantine of its own stream only', async () => {
  await using harness = await openDestinationHarness({ streams: ['Account', 'Contact'] });
  await harness.apply([record(1)], { sobject: 'Account' });
  await harness.db.query(sql`
    INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason)
    VALUES (1, ${idOf(1)}, 0, 0, false, 'x'), (2, ${idOf(9)}, 0, 0, false, 'x')`);
  await harness.db.query(sql`
    INSERT INTO _lockstep.quarantine (stream_no, id, code, record)
    VALUES (1, ${idOf(1)}, 'misfit', '{}'), (2, ${idOf(9)}, 'misfit', '{}')`);
  const open = await harness.open(['Account']);
  await harness.apply([record(1), record(2)], { sobject: 'Contact', isLast: false });
  assert.deepEqual(await ids(harness, 'Contact'), [idOf(1), idOf(2)]);
  assert.deepEqual(await ids(harness, 'Account'), [idOf(1)]);
  assert.deepEqual(await harness.fences(), []);
  assert.equal((await harness.marks()).length, 2);
  assert.equal((await harness.quarantined()).length, 2);
  await closeObservation(harness.destination.db, open);
});

test('a mark holds back what is settled from before the earliest stamp that made it', async () => {
  await using harness = await openDestinationHarness();
  const readings = [await harness.open(), await harness.open(), await harness.open()];
  for (const [index, observation] of readings.entries()) {
    const stamp = stampAt(10 + index);
    await harness.apply([record(1, { Name: stamp, SystemModstamp: stamp })], { observation });
  }
  assert.deepEqual(await markedFrom(harness), [stampAt(11 - 2)]);
});

test('a mark of a record without a stamp holds back what is settled from now on', async () => {
  await using harness = await openDestinationHarness();
  const recheck = { at: Date.parse(stampAt(100)) / 1_000 };
  await beginStream(harness.db, 1, { head: recheck, recheck }, 0);
  const [one, two] = [await harness.open(), await harness.open()];
  await harness.apply([record(1)], { observation: one });
  await harness.apply([], { observation: two, absent: [idOf(1)] });
  assert.deepEqual(await markedFrom(harness), [stampAt(100)]);
});

test('a check that finds a record undecided again counts one more try', async () => {
  await using harness = await openDestinationHarness();
  const check = { before: 0, at: 1 };
  const readings = [await harness.open(), await harness.open(), await harness.open()];
  for (const [index, observation] of readings.entries())
    await harness.apply([record(1, { Name: `reading ${index}` })], { observation, check });
  assert.deepEqual(await harness.db.query(sql`SELECT tries FROM _lockstep.dirty`), [{ tries: 1 }]);
});

const markedFrom = async ({ db }: DestinationHarness): Promise<string[]> => {
  const marks = await db.query<{ seconds: number }>(
    sql`SELECT extract(epoch FROM stamped_at)::bigint AS seconds FROM _lockstep.dirty`,
  );
  return marks.map(({ seconds }) => new Date(seconds * 1_000).toISOString().replace('Z', '+0000'));
};
