/** Fields that get another type, so that their values do not fit the columns any more. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage } from '@lockstep/harness/stage';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;

interface Field {
  name: string;
  type: string;
  [more: string]: unknown;
}

/** A field as it was when the table was made, and as it is later. */
interface Change {
  what: string;
  was: Field;
  is: Field;
  /** What a record has of it before, and after. */
  fitting: object;
  unfit: object;
  /** Every record has another value then, which a sweep finds. */
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

const setAside = (stage: Stage) =>
  stage.mirror.query(sql`SELECT sobject, id, column_name, code FROM _lockstep.set_aside ORDER BY id`);

const idsOf = async (stage: Stage) => {
  const rows = await stage.mirror.query<{ id: string }>(sql`SELECT id FROM salesforce.account ORDER BY id`);
  return rows.map(({ id }) => id);
};

const claimsOf = async (stage: Stage, sobject: string) => {
  const [claims] = await stage.mirror.query<{ read: number; settled: number; aside: number }>(sql`
    SELECT extract(epoch FROM read_until)::float8 * 1000 AS read,
           extract(epoch FROM settled_until)::float8 * 1000 AS settled, set_aside_rows AS aside
      FROM _lockstep.status WHERE sobject = ${sobject}`);
  assert.ok(claims);
  return claims;
};

/** The database's own clock says when a record is tried again, and the stage does not move that one. */
const untilRetry = async (stage: Stage) => {
  await stage.mirror.query(sql`UPDATE _lockstep.quarantine SET retry_at = clock_timestamp()`);
  await stage.pass(3 * stage.intervalMs);
};

/** A stage with a record whose value fitted, and was changed after the field to one that does not. */
async function openUnfit({ was, is, fitting, unfit }: Change) {
  await using undo = new AsyncDisposableStack();
  const stage = undo.use(await openStage({ org, sobjects: ['Account', 'Lead'], intervalMs: 3 * minuteMs }));
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'Fits', ...fitting } }]);
  await stage.copy();
  await stage.settle();
  undo.defer(async () => void (await become(was)));
  await become(is);
  const changedAt = stage.clock.now();
  await stage.write([{ update: id, values: { Name: 'Does not fit', ...unfit } }]);
  await stage.pass(2 * stage.intervalMs);
  const ends = undo.move();
  return { stage, id, changedAt, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

for (const change of changes) {
  const column = change.was.name.toLowerCase();

  test(`${change.what} sets its record aside, and holds back only what its own object claims as settled`, async () => {
    await using opened = await openUnfit(change);
    const { stage, id, changedAt } = opened;
    const aside = { sobject: 'Account', id, column_name: column, code: 'misfit' };
    assert.deepEqual(await setAside(stage), [aside]);
    assert.equal((await stage.row('account', id))?.name, 'Fits', 'the mirror has it as it was before');
    await stage.pass(50 * minuteMs); // with a sweep
    const ids = change.isOfAll ? await idsOf(stage) : [id];
    assert.deepEqual(
      await setAside(stage),
      ids.map((one) => ({ ...aside, id: one })),
    );
    const account = await claimsOf(stage, 'Account');
    assert.ok(account.settled <= changedAt, 'nothing is settled of later than what is missing');
    assert.ok(account.read > changedAt + 48 * minuteMs, 'it is read on');
    assert.equal(account.aside, ids.length);
    assert.ok((await claimsOf(stage, 'Lead')).settled > changedAt + 20 * minuteMs);
    assert.deepEqual(stage.holder.syncProblems, []);
  });

  test(`${change.what} is told to whoever flushes or writes such a record`, async () => {
    await using opened = await openUnfit(change);
    const { stage, id } = opened;
    const flushed = stage.holder.syncRequest('flush');
    await stage.pass(3 * stage.intervalMs);
    assert.deepEqual((await flushed).setAside, [{ sobject: 'Account', column, code: 'misfit', rows: 1 }]);

    const path = `${dataPath}/sobjects/Account`;
    const patched = await stage.call('PATCH', `${path}/${id}`, { Site: 'Written meanwhile' });
    assert.deepEqual([patched.status, patched.applied], [204, 'pending']);
    const created = await stage.call('POST', path, { Name: 'New', ...change.unfit });
    assert.deepEqual([created.status, created.applied], [201, 'pending']);
    const newId = (created.json as { id: string }).id;
    assert.equal(await stage.row('account', newId), undefined);
    await stage.pass(stage.intervalMs);
    const ids = (await setAside(stage)).map((one) => (one as { id: string }).id);
    assert.deepEqual(ids, [id, newId].toSorted());
    const deleted = await stage.call('DELETE', `${path}/${newId}`);
    assert.deepEqual([deleted.status, deleted.applied], [204, 'yes'], 'a deletion needs no value');
    assert.equal((await setAside(stage)).length, 1);
  });

  test(`${change.what} and goes back lets its records come in by themselves`, async () => {
    await using opened = await openUnfit(change);
    const { stage, id } = opened;
    await untilRetry(stage);
    assert.equal((await setAside(stage)).length, 1, 'another try finds the same');
    await become(change.was);
    await untilRetry(stage);
    assert.deepEqual(await setAside(stage), []);
    assert.equal((await stage.row('account', id))?.name, 'Does not fit');
    const flushed = stage.holder.syncRequest('flush');
    await stage.pass(3 * stage.intervalMs);
    assert.deepEqual((await flushed).setAside, []);
    await stage.settle();
    assert.ok((await claimsOf(stage, 'Account')).settled > stage.clock.now() - 25 * minuteMs);
    await stage.expectWhole();
  });
}
