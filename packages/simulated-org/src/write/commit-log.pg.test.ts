import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { address, field, number, readOnly, reference } from '../objects/fields.ts';
import { user } from '../objects/user.ts';
import { sampleSObject } from '../schema/sample-sobject.ts';
import { openInProcessOrg } from '../test-in-process-org.ts';
import { attempt } from './attempts.ts';
import { type LogCursor, type LogEntry, logStart, purgeCommitLog, readCommitLog } from './commit-log.ts';
import { insertRecord, updateRecord } from './dml.ts';
import { mergeRecords } from './merge.ts';
import { writeTransaction } from './open-writes.ts';
import { undeleteRecord } from './recycle-bin.ts';
import { clientNamed } from './writer.ts';

/** The parts of such an address have names that PostgreSQL cuts. */
const longBase = 'fifteen_letters__A_name_of_forty_characters_is_quite_long';

const inner = await openInProcessOrg([
  user,
  sampleSObject(
    'Order__c',
    'a21',
    reference('MasterRecordId', 'Master Record ID', ['Order__c'], readOnly),
    number('Parts__c', 'Parts', 0, {
      ...readOnly,
      defaultSql: '0',
      rollUp: { kind: 'count', child: 'Part__c', reference: 'Order__c' },
    }),
    field('long', 'Ticks__c', 'Ticks', { digits: 18 }),
    field('json', 'Extra__c', 'Extra'),
    field('base64', 'Scan__c', 'Scan'),
    ...address(longBase, 'Shipping', `${longBase}__c`),
  ),
  sampleSObject('Part__c', 'a22', reference('Order__c', 'Order', ['Order__c'], { cascadeDelete: true })),
  sampleSObject('Note__c', 'a23', reference('Order__c', 'Order', ['Order__c'])),
]);
after(() => inner[Symbol.asyncDispose]());
const { org, by, db, insert, update, remove } = inner;

let cursor: LogCursor = logStart;
/** All entries since the last call, read a few at a time. */
async function news(limit = 3): Promise<LogEntry[]> {
  const all: LogEntry[] = [];
  for (;;) {
    const { entries, next } = await readCommitLog(db, cursor, limit);
    const isEnd = entries.length === 0 && next.from === cursor.from;
    cursor = next;
    all.push(...entries);
    if (isEnd || (entries.length === 0 && next.position === 0)) return all;
  }
}
const brief = (entries: readonly LogEntry[]) =>
  entries.map(({ sobject: name, recordId: id, change, changedFields }) => [
    name,
    id,
    change,
    changedFields.toSorted().join(' '),
  ]);

test('a create logs the fields it fills, an update those it changes, each with user and time', async () => {
  const id = await insert('Order__c', {
    Name: 'o',
    Ticks__c: '9007199254740993',
    Extra__c: '{"a":null}',
    Scan__c: 'AAAA',
  });
  inner.clock.advance(1500);
  await update('Order__c', id, { Name: 'p', Ticks__c: '9007199254740993', Scan__c: 'BBBB' });
  const [created, updated, ...more] = await news();
  assert.ok(created && updated);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [created.change, created.changedFields, created.userId, created.client, created.at],
    ['create', [], by.userId, null, Date.UTC(2026, 0, 1)],
  );
  assert.match(created.values, /"Ticks__c": 9007199254740993[,}]/);
  assert.doesNotMatch(created.values, /AAAA/);
  assert.equal((JSON.parse(created.values) as { Name: string }).Name, 'o');
  assert.deepEqual(brief([updated]), [
    ['Order__c', id, 'update', 'LastModifiedDate Name Scan__c SystemModstamp'],
  ]);
  assert.deepEqual(JSON.parse(updated.values), {
    Name: 'p',
    LastModifiedDate: '2026-01-01T00:00:01+00:00',
    SystemModstamp: '2026-01-01T00:00:01+00:00',
  });
  assert.equal(updated.at, Date.UTC(2026, 0, 1, 0, 0, 1));
});

test('columns whose names PostgreSQL cuts are logged when they change, and only then', async () => {
  const [city, zip] = [`${longBase}__City__s`, `${longBase}__PostalCode__s`];
  const id = await insert('Order__c', { Name: 'long', [city]: 'Ulm', [zip]: '89073' });
  await news();
  await update('Order__c', id, { [city]: 'Bonn', [zip]: '89073' });
  const [updated] = await news();
  assert.deepEqual(
    updated?.changedFields.filter((name) => name.startsWith(longBase)),
    [city],
  );
  const values = Object.keys(JSON.parse(updated?.values ?? '{}') as object);
  assert.deepEqual(
    values.filter((name) => name.startsWith(longBase)),
    [city.slice(0, 63)],
  );
});

test('a deletion and an undelete are logged for each record they affect', async () => {
  const id = await insert('Order__c', { Name: 'o' });
  const part = await insert('Part__c', { Order__c: id });
  const note = await insert('Note__c', { Order__c: id });
  assert.deepEqual(
    brief(await news()).map(([, record, change]) => [record, change]),
    [
      [id, 'create'],
      [part, 'create'],
      [id, 'update'],
      [note, 'create'],
    ],
  );
  await remove('Order__c', id);
  const gone = brief(await news());
  assert.deepEqual(
    gone.filter(([, , change]) => change === 'delete').map(([, record]) => record),
    [part, id],
  );
  assert.ok(
    !gone.some(([, record]) => record === note),
    'an emptied lookup does not count as a change of its record',
  );
  await writeTransaction(org, (tx) => undeleteRecord(tx, by, id));
  const back = await news();
  assert.deepEqual(
    brief(back)
      .filter(([, , change]) => change === 'undelete')
      .map(([, record]) => record),
    [id, part],
  );
  assert.equal((JSON.parse(back[0]?.values ?? '') as { Name: string }).Name, 'o');
});

test('a merge logs the loser and the winner, but not the children that move', async () => {
  const [winner, loser] = [await insert('Order__c', { Name: 'w' }), await insert('Order__c', { Name: 'l' })];
  const note = await insert('Note__c', { Order__c: loser });
  await news();
  const def = org.sobjects.get('order__c') ?? assert.fail();
  await writeTransaction(org, (tx) =>
    mergeRecords(tx, by, def, { winnerId: winner, loserIds: [loser] }, new Map()),
  );
  const entries = brief(await news());
  assert.ok(entries.some(([, record, change]) => record === loser && change === 'delete'));
  assert.ok(entries.some(([, record, change]) => record === winner && change === 'update'));
  assert.ok(!entries.some(([, record]) => record === note));
});

test('changes rolled back, entirely or to a savepoint, are not logged', async () => {
  await news();
  const def = org.sobjects.get('order__c') ?? assert.fail();
  await writeTransaction(org, async (tx) => {
    await attempt(tx, async () => {
      await insertRecord(tx, by, def, new Map());
      throw Object.assign(new Error('full'), { code: '22003' });
    });
    await insertRecord(tx, { ...by, client: 'SforceMdb' }, def, new Map());
  });
  assert.deepEqual(
    (await news()).map(({ change, client }) => [change, client]),
    [['create', 'SforceMdb']],
  );
});

test("transactions are read as they commit, with each record's changes in order", async (t) => {
  const shared = await insert('Order__c', { Name: 'shared' });
  await news();
  const def = org.sobjects.get('order__c') ?? assert.fail();
  const name = def.fields.find((one) => one.name === 'Name') ?? assert.fail();
  const [older, younger, between] = [await db.session(), await db.session(), await db.session()];
  t.after(() => Promise.all([older.close(), younger.close(), between.close()]));
  const named = (entries: readonly LogEntry[]) =>
    entries.map(({ recordId, values }) => [recordId, (JSON.parse(values) as { Name: string }).Name]);
  await older.script('BEGIN');
  await between.script('BEGIN');
  await younger.script('BEGIN');
  const early = await insertRecord(older, by, def, new Map([[name, 'early']]));
  const last = await insertRecord(between, by, def, new Map([[name, 'last']]));
  await updateRecord(younger, by, def, shared, new Map([[name, 'by the younger']]));
  assert.deepEqual(await news(), []);
  // The older transaction writes the record after the younger one has committed, and one in between is still running.
  await younger.script('COMMIT');
  await updateRecord(older, by, def, shared, new Map([[name, 'by the older']]));
  await older.script('COMMIT');
  const entries = await news(1);
  assert.deepEqual(named(entries), [
    [early, 'early'],
    [shared, 'by the younger'],
    [shared, 'by the older'],
  ]);
  assert.notEqual(entries[0]?.transactionId, entries[1]?.transactionId);
  assert.equal(entries[0]?.transactionId, entries[2]?.transactionId);
  await between.script('COMMIT');
  assert.deepEqual(named(await news()), [[last, 'last']]);
});

test("entries are kept for three days by the org's clock", async () => {
  await insert('Order__c', { Name: 'old' });
  inner.clock.advance(2 * 86_400_000);
  const id = await insert('Order__c', { Name: 'young' });
  inner.clock.advance(1.5 * 86_400_000);
  await purgeCommitLog(db, inner.clock);
  cursor = logStart;
  assert.deepEqual(
    (await news()).map(({ recordId }) => recordId),
    [id],
  );
});

test('a client names itself in the call options', () => {
  assert.equal(clientNamed('client=SforceMdb'), 'SforceMdb');
  assert.equal(clientNamed('defaultNamespace=x, client=My/1.0'), 'My/1.0');
  assert.equal(clientNamed('defaultNamespace=client'), undefined);
  assert.equal(clientNamed(undefined), undefined);
});
