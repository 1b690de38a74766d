/** The kept number of rows, where somebody has changed the table by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import {
  type DestinationWorld,
  openDestinationWorld,
  record,
  untilBlocked,
} from '@lockstep/harness/destination';
import { recountRows } from './progress.ts';

async function openFilled(): Promise<DestinationWorld> {
  const world = await openDestinationWorld();
  await world.apply([record(1), record(2), record(3)]);
  return world;
}

const kept = (world: DestinationWorld) => world.db.query(sql`SELECT rows FROM _lockstep.checkpoint`);
const recount = (world: DestinationWorld) => recountRows(world.destination.db, world.table().stream);

test('rows that somebody has removed or added by hand are in the kept number after a recount', async () => {
  await using world = await openFilled();
  await world.db.query(sql`DELETE FROM salesforce.account`);
  await recount(world);
  assert.deepEqual(await kept(world), [{ rows: 0 }]);
  await world.db.query(sql`INSERT INTO salesforce.account (id) VALUES ('by hand')`);
  await recount(world);
  assert.deepEqual(await kept(world), [{ rows: 1 }]);
});

test('a number that is right stays, and so does that of a table that is gone', async () => {
  await using world = await openFilled();
  await recount(world);
  assert.deepEqual(await kept(world), [{ rows: 3 }]);
  await world.db.query(sql`DROP TABLE salesforce.account`);
  await assert.rejects(recount(world), { code: '42P01' });
  assert.deepEqual(await kept(world), [{ rows: 3 }]);
});

test('a page that is being stored meanwhile is in the number once', async () => {
  await using world = await openFilled();
  await world.db.query(sql`DELETE FROM salesforce.account`);
  const { recounted } = await world.destination.db.transaction(async (tx) => {
    await world.apply([record(4), record(5)], { tx });
    const waiting = recount(world);
    await untilBlocked(world.db);
    return { recounted: waiting };
  });
  await recounted;
  assert.deepEqual(await kept(world), [{ rows: 2 }]);
});
