/** A table that stays when its object is removed, and what becomes of it when the object is added again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { describeOf, openDestinationHarness } from '@lockstep/harness/destination';
import { emptyMirror } from './empty-mirror.ts';
import { leaveTable } from './leave-table.ts';
import { planTable } from './plan-table.ts';
import { createTable, loadStreams } from './tables.ts';

const id = '001000000000001AAA';

/** A mirror that has kept the table of Contact, with a row. */
async function openWithKept() {
  const harness = await openDestinationHarness({ streams: ['Account', 'Contact'] });
  const { db } = harness;
  await db.query(sql`INSERT INTO salesforce.contact (id) VALUES (${id})`);
  const contact = (await loadStreams(db, 'salesforce')).find(({ sobject }) => sobject === 'Contact');
  assert.ok(contact);
  await leaveTable(db, contact, false);
  const plan = planTable(describeOf('Contact'));
  return {
    db,
    addAgain: () => db.transaction((tx) => createTable(tx, 'salesforce', plan)),
    rows: () => db.query(sql`SELECT id FROM salesforce.contact`),
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

test('a kept table is taken up again with its rows, as often as its object is removed and added', async () => {
  await using kept = await openWithKept();
  for (let times = 0; times < 2; times++) {
    const stream = await kept.addAgain();
    assert.deepEqual(await kept.rows(), [{ id }]);
    assert.deepEqual(await kept.db.query(sql`SELECT FROM _lockstep.kept_table`), []);
    await leaveTable(kept.db, stream, false);
  }
});

test('a kept table with the rows of another org stays as it is until its object is added, and loses them then', async () => {
  await using kept = await openWithKept();
  await emptyMirror(kept.db, '00D000000000009EAA');
  assert.deepEqual(await kept.rows(), [{ id }]);
  await kept.addAgain();
  assert.deepEqual(await kept.rows(), []);
});

test('a table that looks like one of the mirror and was not kept by it is refused', async () => {
  await using kept = await openWithKept();
  await kept.db.query(sql`DELETE FROM _lockstep.kept_table`);
  await assert.rejects(kept.addAgain(), { code: 'DB-10' });
  assert.deepEqual(await kept.rows(), [{ id }]);
});
