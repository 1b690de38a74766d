/**
 * A Bulk backfill beside everything else that applies readings: polls, read-backs, deletions, another page of the same
 * job, moves of its cursor. Whatever the order, the mirror ends up as the org is, and nobody waits for ever.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@lockstep/foundation/random';
import { sql } from '@lockstep/foundation/sql';
import { type BulkBackfill, deadlocks, openBulkBackfill } from '@lockstep/harness/bulk-backfill';
import {
  type DestinationHarness,
  openDestinationHarness,
  record,
  stampAt,
} from '@lockstep/harness/destination';
import { withSeeds } from '@lockstep/harness/property';

const recordCount = 4_000;
const pageCount = 4;
const sliceRows = 40;

/** Records as Salesforce has them now. */
class OrgModel {
  private readonly records = new Map<number, { name: string; stamp: number; deleted: boolean }>();
  private writes = 0;
  readonly changed = new Set<number>();

  constructor(count: number) {
    for (let number = 1; number <= count; number++)
      this.records.set(number, { name: `first ${number}`, stamp: 0, deleted: false });
  }

  /** Fifty writes have the same second. */
  write(number: number, deleted: boolean): void {
    this.writes++;
    this.changed.add(number);
    this.records.set(number, {
      name: `write ${this.writes}`,
      stamp: 60 + Math.floor(this.writes / 50),
      deleted,
    });
  }

  read(numbers: readonly number[]) {
    return numbers.map((number) => {
      const { name, stamp, deleted } = this.records.get(number) ?? { name: '', stamp: 0, deleted: true };
      return record(number, { Name: name, SystemModstamp: stampAt(stamp), IsDeleted: deleted });
    });
  }

  /** What a job reads. */
  get alive() {
    return this.read([...this.records.keys()]).filter(({ IsDeleted }) => !IsDeleted);
  }
}

interface Race {
  harness: DestinationHarness;
  bulk: BulkBackfill;
  org: OrgModel;
  random: Random;
  isOver: () => boolean;
}

const pause = (random: Random, msMax: number) => sleep(random.between(0, msMax));
const some = (random: Random, count: number) => [
  ...new Set(Array.from({ length: count }, () => random.between(1, recordCount))),
];

/** Writes, and reads some records between the beginning and the end of a reading. */
async function poll({ harness, org, random, isOver }: Race): Promise<number> {
  let pages = 0;
  for (; !isOver(); pages++) {
    const reading = random.next() < 0.5 ? await harness.open() : await harness.openReadBack();
    const numbers = some(random, 30);
    for (const number of numbers.slice(0, 10)) org.write(number, random.next() < 0.2);
    await pause(random, 5);
    const page = org.read(numbers);
    for (const number of numbers.slice(10, 15)) org.write(number, random.next() < 0.2);
    await pause(random, 20);
    await harness.apply(page, { observation: reading });
  }
  return pages;
}

async function storePages({ bulk }: Race, results: readonly object[]): Promise<void> {
  const size = Math.ceil(results.length / pageCount);
  const left = Array.from({ length: pageCount }, (_, nth) => nth + 1);
  const sender = async () => {
    for (let pageNo = left.shift(); pageNo !== undefined; pageNo = left.shift())
      await bulk.store(results.slice((pageNo - 1) * size, pageNo * size), { pageNo, sliceRows });
  };
  await Promise.all([sender(), sender()]);
}

async function moveCursor({ bulk, random, isOver }: Race): Promise<void> {
  while (!isOver()) {
    await pause(random, 30);
    await bulk.move();
  }
}

async function untilStored({ db }: DestinationHarness, rows: number): Promise<void> {
  const enough = sql`SELECT FROM _lockstep.checkpoint WHERE stream_no = 1 AND rows >= ${rows}`;
  while ((await db.query(enough)).length === 0) await sleep(10);
}

/** What has changed is read once more, and what is marked until nothing is. */
async function settle({ harness, org }: Pick<Race, 'harness' | 'org'>): Promise<void> {
  for (let numbers = [...org.changed]; numbers.length > 0; ) {
    await harness.apply(org.read(numbers));
    numbers = (await harness.marks()).map(({ id }) => Number(id.slice(3, 15)));
  }
}

async function assertEqual({ harness, org }: Pick<Race, 'harness' | 'org'>): Promise<void> {
  const expected = org.alive.map(({ Id, ...values }) => `${Id} ${(values as { Name?: string }).Name}`);
  const rows = await harness.rows();
  assert.deepEqual(
    rows.map(({ id, name }) => `${id} ${name}`),
    expected,
  );
  const [checkpoint] = await harness.db.query<{ rows: number }>(
    sql`SELECT rows FROM _lockstep.checkpoint WHERE stream_no = 1`,
  );
  assert.equal(checkpoint?.rows, rows.length, 'the checkpoint counts the rows');
}

for (const isFirstFill of [true, false])
  test(`${isFirstFill ? 'a first fill' : 'a refill'} beside polls, read-backs and moves ends up as the org, without a deadlock`, async () => {
    await withSeeds(2, async (random) => {
      await using harness = await openDestinationHarness();
      const org = new OrgModel(recordCount);
      if (!isFirstFill) await harness.apply(org.read([1, 2, 3]));
      const overlapping = await harness.open();
      const read = some(random, 400);
      const overlappingPage = org.read(read);
      for (const number of read.slice(0, 200)) org.write(number, false);
      const bulk = await openBulkBackfill(harness, { pages: pageCount });
      assert.equal(bulk.reading.isFirstFill, isFirstFill);
      // The job has read the records by now.
      const results = org.alive;
      org.changed.clear();
      let isOver = false;
      const race: Race = { harness, bulk, org, random, isOver: () => isOver };
      const late = untilStored(harness, recordCount / 4).then(() =>
        harness.apply(overlappingPage, { observation: overlapping }),
      );
      const others = Promise.all([poll(race), poll(race), moveCursor(race)]);
      await storePages(race, results).finally(() => {
        isOver = true;
      });
      const [one, two] = await others;
      await late;
      assert.ok(one + two >= 20, `pages get their turns while slices come: ${one + two}`);
      await bulk.end();
      await settle(race);
      await assertEqual(race);
      assert.deepEqual(await harness.fences(), []);
      assert.deepEqual(await harness.db.query(sql`SELECT FROM _lockstep.observation`), []);
      assert.equal(await deadlocks(harness), 0);
    });
  });

for (const [what, change] of [
  ['left', (harness) => harness.destination.mirror.leaveTable(harness.table().stream, true)],
  ['restored', (harness) => harness.destination.mirror.restoreTable(harness.table(), 5_000)],
  ['given up for pages', (_, bulk) => bulk.end()],
] as readonly (readonly [string, (harness: DestinationHarness, bulk: BulkBackfill) => Promise<unknown>])[])
  test(`a table that is ${what} while slices are stored refuses the rest, without a deadlock, and closes the reading`, async () => {
    for (const [isFirstFill, isSuspect] of [
      [true, false],
      [false, false],
      [true, true],
    ] as const) {
      await using harness = await openDestinationHarness({ fields: { Name: 'string', Other: 'string' } });
      const bulk = await openBulkBackfill(harness, { pages: 2 });
      const fields = ['Id', 'IsDeleted', 'SystemModstamp', 'Name'];
      const results = new OrgModel(recordCount).alive.map((one) =>
        isSuspect ? { ...one, Name: 'a\0b' } : one,
      );
      const how = { sliceRows, isFirstFill, fields };
      const storing = [1, 2].map((pageNo) =>
        bulk.store(results.slice((pageNo - 1) * 2_000, pageNo * 2_000), { pageNo, ...how }),
      );
      const stored = Promise.allSettled(storing);
      await untilStored(harness, 200);
      await harness.db.script('ALTER TABLE salesforce.account DROP COLUMN other'); // which the job does not read
      await change(harness, bulk);
      for (const { status } of await stored) assert.equal(status, 'rejected');
      assert.deepEqual(await harness.db.query(sql`SELECT FROM _lockstep.observation`), []);
      assert.deepEqual(await harness.db.query(sql`SELECT FROM _lockstep.bulk_page`), []);
      assert.equal(await deadlocks(harness), 0);
    }
  });
