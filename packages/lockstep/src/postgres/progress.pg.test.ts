/** The recorded number of rows after somebody has changed the table by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import {
  type DestinationHarness,
  openDestinationHarness,
  record,
  untilBlocked,
} from '@lockstep/harness/destination';
import { recountRows } from './progress.ts';

async function openFilled(): Promise<DestinationHarness> {
  const harness = await openDestinationHarness();
  await harness.apply([record(1), record(2), record(3)]);
  return harness;
}

const kept = (harness: DestinationHarness) => harness.db.query(sql`SELECT rows FROM _lockstep.checkpoint`);
const recount = (harness: DestinationHarness) => recountRows(harness.destination.db, harness.table().stream);

test('after a recount the recorded number includes rows removed or added by hand', async () => {
  await using harness = await openFilled();
  await harness.db.query(sql`DELETE FROM salesforce.account`);
  await recount(harness);
  assert.deepEqual(await kept(harness), [{ rows: 0 }]);
  await harness.db.query(sql`INSERT INTO salesforce.account (id) VALUES ('by hand')`);
  await recount(harness);
  assert.deepEqual(await kept(harness), [{ rows: 1 }]);
});

test('a recount changes neither a correct number nor that of a dropped table', async () => {
  await using harness = await openFilled();
  await recount(harness);
  assert.deepEqual(await kept(harness), [{ rows: 3 }]);
  await harness.db.query(sql`DROP TABLE salesforce.account`);
  await assert.rejects(recount(harness), { code: '42P01' });
  assert.deepEqual(await kept(harness), [{ rows: 3 }]);
});

test('a page that is stored during a recount is counted once', async () => {
  await using harness = await openFilled();
  await harness.db.query(sql`DELETE FROM salesforce.account`);
  const { recounted } = await harness.destination.db.transaction(async (tx) => {
    await harness.apply([record(4), record(5)], { tx });
    const waiting = recount(harness);
    await untilBlocked(harness.db);
    return { recounted: waiting };
  });
  await recounted;
  assert.deepEqual(await kept(harness), [{ rows: 2 }]);
});
