/** Much to read from one table while others are polled. Covers: a mass of records that are stamped again. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const sobjects = ['Account', 'Contact', 'Lead', 'Opportunity', 'Case'];

/** Every table is polled within this many intervals, whatever the others bring. */
const fairIntervals = sobjects.length * 1.5;

/** Makes old records, which only a backfill reads. */
const generate = (sobject: string, count: number) =>
  org.control('/records/generate', { sobject, count, at: '2026-01-01T00:00:00Z' });

async function generateUpTo(rows: number, sobject: string) {
  const [row] = await org.db.query<{ count: number }>(sql`SELECT count(*) FROM ${ident('org', sobject)}`);
  const count = rows - (row?.count ?? 0);
  if (count > 0) await generate(sobject, count);
}

const restampedASecond = 20;

/** Stamps all accounts anew, as a picklist change does in many small transactions; here in one statement. */
const restampFrom = (ms: number) =>
  org.db.query(sql`
    UPDATE org."Account" a
       SET "SystemModstamp" = date_trunc('second', to_timestamp(${ms / 1000})) + n.nth / ${restampedASecond} * interval '1 s'
      FROM (SELECT "Id", row_number() OVER (ORDER BY hashtext("Id")) AS nth FROM org."Account") n
     WHERE n."Id" = a."Id"`);

/** Every complete table except the busy one was polled recently. */
async function expectFair(harness: ClockHarness, busy: string, within = fairIntervals) {
  const late = await harness.mirror.query<{ sobject: string; read: string }>(sql`
    SELECT sobject, extract(epoch FROM read_until) * 1000 AS read
      FROM _lockstep.status WHERE read_until IS NOT NULL AND sobject <> ${busy}`);
  for (const { sobject, read } of late) {
    const intervals = (harness.clock.now() - Number(read)) / harness.intervalMs;
    assert.ok(intervals <= within, `${sobject} was polled ${intervals} intervals ago`);
  }
}

test('a mass of restamped records is read in windows, and the other tables are polled all the while', async () => {
  const pageRows = 200;
  const pages = 20;
  await generate('Account', pages * pageRows);
  await using harness = await openClockHarness({ org, sobjects, pageRows });
  await harness.finishBackfill();
  await harness.pass(20 * harness.intervalMs);
  const began = harness.clock.now();
  await restampFrom(began);
  await harness.advance(pages * pageRows * (1_000 / restampedASecond));
  const left = async () => {
    const [row] = await harness.mirror.query<{ count: number }>(
      sql`SELECT count(*) FROM salesforce.account WHERE systemmodstamp < to_timestamp(${Math.floor(began / 1000)})`,
    );
    return row?.count ?? 0;
  };
  let requests = 0;
  for (; (await left()) > 0; requests++) {
    assert.ok(requests < 20, `${await left()} accounts are left`);
    await harness.pass(harness.intervalMs);
    await expectFair(harness, 'Account');
  }
  assert.ok(requests <= 0.6 * pages, `${pages} pages took ${requests} requests`);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

const backfills = [
  { way: 'page by page', contactPages: 45, opportunityPages: 30, everyNth: 1 },
  {
    way: 'one of them by Bulk, whose steps take every second request',
    contactPages: 60,
    opportunityPages: 45,
    everyNth: 2,
  },
];

for (const { way, contactPages, opportunityPages, everyNth } of backfills) {
  test(`concurrent backfills, ${way}, leave complete tables their polls`, async () => {
    const pageRows = 50;
    await generateUpTo(contactPages * pageRows, 'Contact');
    await generateUpTo(opportunityPages * pageRows, 'Opportunity');
    await using harness = await openClockHarness({
      org,
      sobjects: ['Contact', 'Opportunity', 'Lead', 'Case'],
      pageRows,
    });
    const states = async () => {
      const rows = await harness.mirror.query<{ sobject: string; state: string }>(
        sql`SELECT sobject, state FROM _lockstep.status`,
      );
      return new Map(rows.map(({ sobject, state }) => [sobject, state]));
    };
    const isBusy = () => ['Contact', 'Opportunity'].some((sobject) => current.get(sobject) !== 'current');
    let current = await states();
    for (; current.get('Lead') !== 'current'; current = await states())
      await harness.pass(harness.intervalMs);
    let polls = 0;
    for (; isBusy(); polls++, current = await states()) {
      const [id = ''] = await harness.write([
        { create: 'Lead', values: { LastName: 'L', Company: 'Meanwhile' } },
      ]);
      await harness.pass(4 * everyNth * harness.intervalMs);
      assert.equal((await harness.row('lead', id))?.company, 'Meanwhile');
      await expectFair(harness, 'Contact', everyNth * fairIntervals);
    }
    assert.ok(polls >= 3, `the backfills took ${polls} polls`);
    await harness.settle();
    await harness.expectConvergedAndIdle();
  });
}
