import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { FormulaError } from '../formula/index.ts';
import { currency, field, number, readOnly, reference } from '../objects/fields.ts';
import { user } from '../objects/user.ts';
import { sampleSObject } from '../schema/sample-sobject.ts';
import type { FieldDef, RollUpDef, SObjectDef } from '../schema/schema.ts';
import { mapOf } from '../schema/schema-storage.ts';
import { openInProcessOrg } from '../test-in-process-org.ts';
import { mergeRecords } from './merge.ts';
import { writeTransaction } from './open-writes.ts';
import { emptyRecord, hardDeleteRecord, undeleteRecord } from './recycle-bin.ts';
import { fillRollUp } from './roll-ups.ts';

const ofParts = { child: 'Part__c', reference: 'Order__c' };
const rollUp = (name: string, of: Omit<RollUpDef, 'child' | 'reference'>): FieldDef =>
  of.kind === 'count' || of.kind === 'sum'
    ? number(name, name, 2, { ...readOnly, defaultSql: '0', rollUp: { ...ofParts, ...of } })
    : field('date', name, name, { ...readOnly, rollUp: { ...ofParts, ...of } });

const shop = sampleSObject(
  'Shop__c',
  'a20',
  number('Total__c', 'Total', 2, {
    ...readOnly,
    defaultSql: '0',
    rollUp: { kind: 'sum', child: 'Order__c', reference: 'Shop__c', field: 'Total__c' },
  }),
);
const order = sampleSObject(
  'Order__c',
  'a21',
  reference('MasterRecordId', 'Master Record ID', ['Order__c'], readOnly),
  reference('Shop__c', 'Shop', ['Shop__c']),
  rollUp('Total__c', { kind: 'sum', field: 'Amount__c' }),
  rollUp('Parts__c', { kind: 'count' }),
  rollUp('Dear__c', { kind: 'count', where: 'Price__c > 10' }),
  rollUp('First__c', { kind: 'min', field: 'Due__c' }),
  rollUp('Last__c', { kind: 'max', field: 'Due__c', where: 'NOT(ISBLANK(Name))' }),
);
const part = (more: readonly FieldDef[] = []): SObjectDef =>
  sampleSObject(
    'Part__c',
    'a22',
    reference('Order__c', 'Order', ['Order__c'], { cascadeDelete: true }),
    currency('Price__c', 'Price'),
    number('Count__c', 'Count', 0),
    currency('Amount__c', 'Amount', 2, { ...readOnly, formula: 'Price__c * Count__c' }),
    field('date', 'Due__c', 'Due'),
    ...more,
  );

const inner = await openInProcessOrg([user, shop, order, part()]);
after(() => inner[Symbol.asyncDispose]());
const { by, org } = inner;

const sums = (id: string) =>
  inner.read('Order__c', id, 'Total__c', 'Parts__c', 'Dear__c', 'First__c', 'Last__c');
const total = async (id: string) => (await inner.read('Order__c', id, 'Total__c'))[0];
const write = (work: Parameters<typeof writeTransaction<void>>[1]) => writeTransaction(org, work);

test('sums, counts and extremes follow inserts, updates, deletions and undeletes', async () => {
  const id = await inner.insert('Order__c', { Name: 'o' });
  assert.deepEqual(await sums(id), ['0', '0', '0', null, null]);
  const dear = await inner.insert('Part__c', {
    Order__c: id,
    Price__c: 20,
    Count__c: 2,
    Due__c: '2026-03-01',
    Name: 'd',
  });
  const cheap = await inner.insert('Part__c', {
    Order__c: id,
    Price__c: 5,
    Count__c: 3,
    Due__c: '2026-04-01',
  });
  assert.deepEqual(await sums(id), ['55', '2', '1', '2026-03-01', '2026-03-01']);
  await inner.update('Part__c', cheap, { Price__c: 11, Name: 'c' });
  assert.deepEqual(await sums(id), ['73', '2', '2', '2026-03-01', '2026-04-01']);
  await inner.remove('Part__c', dear);
  assert.deepEqual(await sums(id), ['33', '1', '1', '2026-04-01', '2026-04-01']);
  await write((tx) => undeleteRecord(tx, by, dear));
  assert.equal(await total(id), '73');
  const def = org.sobjects.get('part__c') ?? assert.fail();
  await write((tx) => hardDeleteRecord(tx, by, def, dear));
  assert.equal(await total(id), '33');
});

test('both masters of a record that moves are recomputed and count as changed', async () => {
  const [from, to] = [
    await inner.insert('Order__c', { Name: 'f' }),
    await inner.insert('Order__c', { Name: 't' }),
  ];
  const id = await inner.insert('Part__c', { Order__c: from, Price__c: 4, Count__c: 1 });
  inner.clock.advance(60_000);
  await inner.update('Part__c', id, { Order__c: to });
  assert.deepEqual([await total(from), await total(to)], ['0', '4']);
  const stamp = (master: string) => inner.read('Order__c', master, 'SystemModstamp', 'LastModifiedDate');
  assert.deepEqual(await stamp(from), await stamp(to));
  assert.deepEqual(await stamp(from), await inner.read('Part__c', id, 'SystemModstamp', 'LastModifiedDate'));
});

test('a roll-up of roll-ups is updated, and undeleted masters come back with theirs', async () => {
  const shopId = await inner.insert('Shop__c', { Name: 's' });
  const orderId = await inner.insert('Order__c', { Name: 'o', Shop__c: shopId });
  await inner.insert('Part__c', { Order__c: orderId, Price__c: 7, Count__c: 1 });
  const ofShop = async () => (await inner.read('Shop__c', shopId, 'Total__c'))[0];
  assert.equal(await ofShop(), '7');
  await inner.remove('Order__c', orderId);
  assert.equal(await ofShop(), '0');
  await write((tx) => undeleteRecord(tx, by, orderId));
  assert.equal(await total(orderId), '7');
  assert.equal(await ofShop(), '7');
  await inner.remove('Order__c', orderId);
  await write((tx) => emptyRecord(tx, org, orderId));
  assert.equal(await ofShop(), '0');
});

test("the winner of a merge has the losers' records in its roll-ups", async () => {
  const [winner, loser] = [
    await inner.insert('Order__c', { Name: 'w' }),
    await inner.insert('Order__c', { Name: 'l' }),
  ];
  await inner.insert('Part__c', { Order__c: winner, Price__c: 1, Count__c: 1 });
  await inner.insert('Part__c', { Order__c: loser, Price__c: 2, Count__c: 1 });
  const def = org.sobjects.get('order__c') ?? assert.fail();
  await write((tx) => mergeRecords(tx, by, def, { winnerId: winner, loserIds: [loser] }, new Map()));
  assert.deepEqual(await inner.read('Order__c', winner, 'Total__c', 'Parts__c'), ['3', '2']);
});

test('a roll-up added later is computed for existing records, without a new stamp', async () => {
  const id = await inner.insert('Order__c', { Name: 'o' });
  await inner.insert('Part__c', { Order__c: id, Price__c: 3, Count__c: 3 });
  const before = await inner.read('Order__c', id, 'SystemModstamp');
  await inner.db.query(sql`UPDATE org."Order__c" SET "Total__c" = NULL`);
  const def = org.sobjects.get('order__c') ?? assert.fail();
  const ofTotal = def.fields.find(({ name }) => name === 'Total__c') ?? assert.fail();
  await inner.db.transaction((tx) => fillRollUp(tx, org.sobjects, def, ofTotal));
  assert.equal(await total(id), '9');
  assert.equal(await total(await inner.insert('Order__c', { Name: 'none' })), '0');
  assert.deepEqual(await inner.read('Order__c', id, 'SystemModstamp'), before);
});

test('a roll-up that could not be kept up to date is refused when it is defined', () => {
  const refusal = (of: Partial<RollUpDef>, more: readonly FieldDef[] = []): string => {
    const bad = number('Bad__c', 'Bad', 2, {
      rollUp: { ...ofParts, kind: 'sum', field: 'Amount__c', ...of },
    });
    try {
      mapOf([user, shop, { ...order, fields: [...order.fields, bad] }, part(more)], new ManualClock());
    } catch (error) {
      if (error instanceof FormulaError) return error.message;
    }
    return assert.fail('it was accepted');
  };
  assert.match(refusal({ child: 'Nothing__c' }), /Nothing__c\.Order__c is not a reference to Order__c/);
  assert.match(refusal({ reference: 'Name' }), /Part__c\.Name is not a reference to Order__c/);
  assert.match(refusal({ field: 'Name' }), /sum of Part__c\.Name is not possible/);
  assert.match(refusal({ where: 'Order__r.Name = "x"' }), /its filter changes without its record/);
  assert.match(refusal({ where: 'Due__c < TODAY()' }), /its filter changes without its record/);
  assert.match(refusal({ where: 'Price__c' }), /its filter is not a condition/);
  assert.match(refusal({ where: 'Foo' }), /^Error: Field Foo does not exist. Check spelling\.$/);
  assert.match(
    refusal({ kind: 'count', child: 'Order__c', reference: 'MasterRecordId' }),
    /Order__c would be rolled up into itself/,
  );
  const aging = number('Age__c', 'Age', 0, { formula: 'TODAY() - Due__c' });
  assert.match(refusal({ field: 'Age__c' }, [aging]), /the formula Age__c changes without its record/);
});
