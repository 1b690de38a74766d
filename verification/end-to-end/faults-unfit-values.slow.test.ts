/** Fields whose type changes while the table cannot follow, so that their values do not fit the columns. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { holdLock } from '@lockstep/harness/held-lock';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;

interface Field {
  name: string;
  type: string;
  [more: string]: unknown;
}

/** A field when the table was made, and after its change. */
interface Change {
  what: string;
  was: Field;
  is: Field;
  /** A record's values before the change, and after. */
  fitting: object;
  unfit: object;
  /** The change gives every record another value, which a sweep finds. */
  isOfAll?: true;
}

const changes: readonly Change[] = [
  {
    what: 'a formula of numbers that gives text',
    was: { name: 'Size__c', type: 'double', scale: 0, formula: 'NumberOfEmployees * 2' },
    is: { name: 'Size__c', type: 'string', formula: 'IF(NumberOfEmployees > 10, "large", "small")' },
    fitting: { NumberOfEmployees: 5 },
    unfit: { NumberOfEmployees: 21 },
    isOfAll: true,
  },
  {
    what: 'a whole number that becomes text',
    was: { name: 'Count__c', type: 'int' },
    is: { name: 'Count__c', type: 'string', length: 40 },
    fitting: { Count__c: 1200 },
    unfit: { Count__c: 'many' },
  },
  {
    what: 'a date that becomes a date and time',
    was: { name: 'Due__c', type: 'date' },
    is: { name: 'Due__c', type: 'datetime' },
    fitting: { Due__c: '2026-03-01' },
    unfit: { Due__c: '2026-03-01T12:00:00Z' },
  },
];

for (const { was } of changes) await org.control('/fields/create', { sobject: 'Account', field: was });

const become = (field: Field) =>
  org.control('/fields/change', { sobject: 'Account', name: field.name, field });

const setAside = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT sobject, id, column_name, code FROM _lockstep.set_aside ORDER BY id`);

const idsOf = async (harness: ClockHarness) => {
  const rows = await harness.mirror.query<{ id: string }>(sql`SELECT id FROM salesforce.account ORDER BY id`);
  return rows.map(({ id }) => id);
};

const claimsOf = async (harness: ClockHarness, sobject: string) => {
  const [claims] = await harness.mirror.query<{ read: number; settled: number; aside: number }>(sql`
    SELECT extract(epoch FROM read_until)::float8 * 1000 AS read,
           extract(epoch FROM settled_until)::float8 * 1000 AS settled, set_aside_rows AS aside
      FROM _lockstep.status WHERE sobject = ${sobject}`);
  assert.ok(claims);
  return claims;
};

/** Makes retries due now: they depend on the database's own clock, which the harness does not move. */
const untilRetry = async (harness: ClockHarness) => {
  await harness.mirror.query(sql`UPDATE _lockstep.quarantine SET retry_at = clock_timestamp()`);
  await harness.pass(3 * harness.intervalMs);
};

/**
 * A harness with a record whose value fitted; after the field, the value was changed to one that does not. A query that
 * takes long keeps the table from getting another column.
 */
async function openUnfit({ was, is, fitting, unfit }: Change) {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(
    await openClockHarness({ org, sobjects: ['Account', 'Lead'], intervalMs: 3 * minuteMs }),
  );
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name: 'Fits', ...fitting } }]);
  await harness.finishBackfill();
  await harness.settle();
  undo.defer(async () => void (await become(was)));
  undo.use(await holdLock(harness.mirror, 'LOCK TABLE salesforce.account IN ACCESS SHARE MODE'));
  await become(is);
  const changedAt = harness.clock.now();
  await harness.write([{ update: id, values: { Name: 'Does not fit', ...unfit } }]);
  await harness.pass(2 * harness.intervalMs);
  const ends = undo.move();
  return { harness, id, changedAt, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

for (const change of changes) {
  const column = change.was.name.toLowerCase();

  test(`${change.what} sets its record aside, and delays only its own object’s settled time`, async () => {
    await using opened = await openUnfit(change);
    const { harness, id, changedAt } = opened;
    const aside = { sobject: 'Account', id, column_name: column, code: 'misfit' };
    assert.deepEqual(await setAside(harness), [aside]);
    assert.equal((await harness.row('account', id))?.name, 'Fits', 'the mirror still has the old values');
    await harness.pass(50 * minuteMs); // long enough for a sweep
    const ids = change.isOfAll ? await idsOf(harness) : [id];
    assert.deepEqual(
      await setAside(harness),
      ids.map((one) => ({ ...aside, id: one })),
    );
    const account = await claimsOf(harness, 'Account');
    assert.ok(account.settled <= changedAt, 'nothing after the missing change counts as settled');
    assert.ok(account.read > changedAt + 48 * minuteMs, 'reading goes on');
    assert.equal(account.aside, ids.length);
    assert.ok((await claimsOf(harness, 'Lead')).settled > changedAt + 20 * minuteMs);
    assert.deepEqual(harness.holder.syncProblems, []);
  });

  test(`${change.what} is reported to whoever flushes or writes such a record`, async () => {
    await using opened = await openUnfit(change);
    const { harness, id } = opened;
    const flushed = harness.holder.syncRequest('flush');
    assert.deepEqual((await harness.untilDone(flushed)).setAside, [
      { sobject: 'Account', column, code: 'misfit', rows: 1 },
    ]);

    const path = `${dataPath}/sobjects/Account`;
    const patched = await harness.call('PATCH', `${path}/${id}`, { Site: 'Written meanwhile' });
    assert.deepEqual([patched.status, patched.applied], [204, 'pending']);
    const created = await harness.call('POST', path, { Name: 'New', ...change.unfit });
    assert.deepEqual([created.status, created.applied], [201, 'pending']);
    const newId = (created.json as { id: string }).id;
    assert.equal(await harness.row('account', newId), undefined);
    await harness.pass(harness.intervalMs);
    const ids = (await setAside(harness)).map((one) => (one as { id: string }).id);
    assert.deepEqual(ids, [id, newId].toSorted());
    const deleted = await harness.call('DELETE', `${path}/${newId}`);
    assert.deepEqual([deleted.status, deleted.applied], [204, 'yes'], 'a deletion needs no value');
    assert.equal((await setAside(harness)).length, 1);
  });

  test(`${change.what} and back lets its records arrive by themselves`, async () => {
    await using opened = await openUnfit(change);
    const { harness, id } = opened;
    await untilRetry(harness);
    assert.equal((await setAside(harness)).length, 1, 'another try changes nothing');
    await become(change.was);
    await untilRetry(harness);
    assert.deepEqual(await setAside(harness), []);
    assert.equal((await harness.row('account', id))?.name, 'Does not fit');
    const flushed = harness.holder.syncRequest('flush');
    assert.deepEqual((await harness.untilDone(flushed)).setAside, []);
    await harness.settle();
    assert.ok((await claimsOf(harness, 'Account')).settled > harness.clock.now() - 25 * minuteMs);
    await harness.expectConvergedAndIdle();
  });
}
