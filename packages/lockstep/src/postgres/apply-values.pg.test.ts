/** How values in Salesforce's JSON arrive in their columns, and what happens to values that no column can store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import {
  idOf,
  openDestinationHarness,
  pageOf,
  record,
  stampAt,
  untilBlocked,
} from '@lockstep/harness/destination';
import { fittingValues, oneOfEach, unfitValues } from '@lockstep/harness/field-values';
import { applyPage } from './apply.ts';
import { markDirty } from './mark-sql.ts';
import { mergeStatements } from './merge-statement.ts';

import { openTickObservation } from './observations.ts';

const written = { urgent: true, reason: 'written' } as const;

const withValue = (number: number, field: string, json: string) =>
  JSON.stringify(record(number)).replace(/\}$/, `,"${field}":${json}}`);

test('every value of every field type arrives as it was sent', async () => {
  await using harness = await openDestinationHarness({ fields: oneOfEach });
  const counts = await harness.apply(
    fittingValues.map(([field, json], place) => withValue(place, field, json)),
  );
  assert.deepEqual(counts, {
    applied: fittingValues.length,
    unchanged: 0,
    stale: 0,
    dirty: 0,
    quarantined: 0,
  });

  const rows = await harness.rows();
  for (const [place, [field, json, text]] of fittingValues.entries()) {
    assert.equal(rows[place]?.[field.toLowerCase()], text, `${field} ${json.slice(0, 80)}`);
  }
});

test('every value also arrives on a server that cannot check a value before casting it', async () => {
  await using harness = await openDestinationHarness({ fields: oneOfEach });
  const { stream } = harness.table();
  const older = { stream, merge: mergeStatements(stream, 150_000) };
  const page = pageOf(fittingValues.map(([field, json], place) => withValue(place, field, json)));
  const observation = await harness.open();
  const { counts } = await harness.destination.db.transaction((tx) =>
    applyPage(tx, older, page, { observation, isLast: true }),
  );
  assert.deepEqual(counts, {
    applied: fittingValues.length,
    unchanged: 0,
    stale: 0,
    dirty: 0,
    quarantined: 0,
  });
  const rows = await harness.rows();
  for (const [place, [field, , text]] of fittingValues.entries()) {
    assert.equal(rows[place]?.[field.toLowerCase()], text, field);
  }
});

test('a null, or a field that the answer leaves out, is null in every column', async () => {
  await using harness = await openDestinationHarness({ fields: oneOfEach });
  const nulls = Object.fromEntries(Object.keys(oneOfEach).map((field) => [field, null]));
  await harness.apply([record(1, nulls), record(2)]);

  const kept = { isdeleted: 'f', systemmodstamp: '2026-01-01 00:00:00+00' };
  const columns = Object.fromEntries(Object.keys(oneOfEach).map((field) => [field.toLowerCase(), null]));
  const { AnyType__c: any, Complex__c: complex, Json__c: json } = oneOfEach;
  assert.ok(any && complex && json);
  const rows = await harness.rows();
  assert.deepEqual(rows[1], { id: idOf(2), ...kept, ...columns });
  assert.deepEqual(rows[0], { id: idOf(1), ...kept, ...columns });
});

test('a record with a value that does not fit is quarantined, and the rest of its page is applied', async () => {
  await using harness = await openDestinationHarness({ fields: oneOfEach });
  const bad = unfitValues.map(([field, json], place) => withValue(place, field, json));
  const counts = await harness.apply([record(100), ...bad, record(101)]);
  assert.deepEqual(counts, { applied: 2, unchanged: 0, stale: 0, dirty: 0, quarantined: unfitValues.length });
  assert.deepEqual(
    (await harness.rows()).map(({ id }) => id),
    [idOf(100), idOf(101)],
  );
  assert.deepEqual(
    await harness.quarantined(),
    unfitValues.map(([field], place) => ({
      id: idOf(place),
      column_name: field.toLowerCase(),
      code: 'misfit',
      tries: 1,
    })),
  );
});

test('the same records are quarantined on a server that cannot check a value before casting it', async () => {
  await using harness = await openDestinationHarness({ fields: oneOfEach });
  const { stream } = harness.table();
  const older = { stream, merge: mergeStatements(stream, 150_000) };
  const bad = unfitValues.map(([field, json], place) => withValue(place, field, json));
  const page = pageOf([record(100), ...bad, record(101)]);
  const observation = await harness.open();
  const { counts } = await harness.destination.db.transaction((tx) =>
    applyPage(tx, older, page, { observation, isLast: true }),
  );
  assert.deepEqual(counts, { applied: 2, unchanged: 0, stale: 0, dirty: 0, quarantined: unfitValues.length });
  assert.equal((await harness.quarantined()).length, unfitValues.length);
});

test('a quarantined record keeps its older row, and a reading that fits releases it', async () => {
  await using harness = await openDestinationHarness({ fields: { Int__c: 'int' } });
  await harness.apply([record(1, { Int__c: 1 })]);
  await harness.apply([record(1, { Int__c: 1.5 })]);
  await harness.apply([record(1, { Int__c: 2.5 })]);
  assert.equal((await harness.rows())[0]?.['int__c'], '1');
  assert.equal((await harness.quarantined())[0]?.tries, 2);

  await harness.apply([record(1, { Int__c: 2 })]);
  assert.equal((await harness.rows())[0]?.['int__c'], '2');
  assert.deepEqual(await harness.quarantined(), []);
});

test('a stale reading releases nothing from quarantine', async () => {
  await using harness = await openDestinationHarness({ fields: { Int__c: 'int' } });
  const older = await harness.open();
  await harness.apply([record(1, { Int__c: 2, SystemModstamp: stampAt(60) })]);
  await harness.apply([record(1, { Int__c: 2.5, SystemModstamp: stampAt(90) })]);
  assert.equal((await harness.apply([record(1, { Int__c: 1 })], { observation: older })).stale, 1);
  assert.equal((await harness.quarantined()).length, 1);
});

test('the quarantine keeps the record as Salesforce sent it', async () => {
  await using harness = await openDestinationHarness({
    fields: { Int__c: 'int', Big__c: 'double', Name: 'string' },
  });
  await harness.apply([withValue(1, 'Int__c', '1.5,"Big__c":9007199254740993.10,"Name":"kept"')]);
  const [{ record: text } = { record: '' }] = await harness.db.query<{ record: string }>(
    sql`SELECT record FROM _lockstep.quarantine`,
  );
  for (const part of [idOf(1), '1.5', '9007199254740993.10', 'kept']) assert.ok(text.includes(part), part);
});

test('a deleted record is removed, whatever its values are', async () => {
  await using harness = await openDestinationHarness({ fields: { Int__c: 'int', Json__c: 'json' } });
  await harness.apply([record(1), record(2), record(3), record(4)]);
  const surrogate = record(3, { IsDeleted: true });
  const counts = await harness.apply(
    pageOf(
      [record(1, { IsDeleted: true, Int__c: 1.5 }), withValue(2, 'IsDeleted', 'true,"Json__c":1e400000')],
      {
        unstorable: [{ id: idOf(3), text: JSON.stringify({ ...surrogate, Name: '\ud800' }) }],
      },
    ),
  );
  assert.deepEqual(counts, { applied: 3, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 });
  assert.deepEqual(
    (await harness.rows()).map(({ id }) => id),
    [idOf(4)],
  );
  assert.deepEqual(await harness.quarantined(), []);
});

test('a number too large for jsonb is quarantined alone', async () => {
  await using harness = await openDestinationHarness({ fields: { Json__c: 'json' } });
  const page = Array.from({ length: 30 }, (_, number) => withValue(number, 'Json__c', String(number)));
  page[17] = withValue(17, 'Json__c', '1e400000');
  const counts = await harness.apply(page);
  assert.deepEqual(counts, { applied: 29, unchanged: 0, stale: 0, dirty: 0, quarantined: 1 });
  assert.deepEqual(await harness.quarantined(), [
    { id: idOf(17), column_name: null, code: '22003', tries: 1 },
  ]);
});

test('a row too wide for a table is quarantined alone, and absent records of its page are still removed', async () => {
  const names = Array.from({ length: 700 }, (_, number) => `N${number}__c`);
  await using harness = await openDestinationHarness({
    fields: Object.fromEntries(names.map((name) => [name, 'double'])),
  });
  await harness.apply([record(1), record(9)]);
  const wide = Object.fromEntries(names.map((name, place) => [name, 123_456_789_012.345 + place / 7]));
  const counts = await harness.apply([record(2), record(3, wide), record(4)], { absent: [idOf(1)] });

  assert.deepEqual(counts, { applied: 3, unchanged: 0, stale: 0, dirty: 0, quarantined: 1 });
  assert.deepEqual(
    (await harness.rows()).map(({ id }) => id),
    [idOf(2), idOf(4), idOf(9)],
  );
  assert.deepEqual(await harness.quarantined(), [
    { id: idOf(3), column_name: null, code: '54000', tries: 1 },
  ]);
});

test("records that PostgreSQL's JSON refuses are quarantined as text, and removed NULs are counted", async () => {
  await using harness = await openDestinationHarness();
  const text = JSON.stringify(record(2)).replace(/\}$/, ',"Name":"\\ud800"}');
  const page = pageOf([record(1)], { unstorable: [{ id: idOf(2), text }], nulsRemoved: 3 });
  assert.deepEqual(await harness.apply(page), {
    applied: 1,
    unchanged: 0,
    stale: 0,
    dirty: 0,
    quarantined: 1,
  });
  assert.deepEqual(await harness.quarantined(), [
    { id: idOf(2), column_name: null, code: 'lone surrogate', tries: 1 },
  ]);
  await harness.apply(pageOf([record(3)], { nulsRemoved: 4 }));
  assert.deepEqual(await harness.db.query(sql`SELECT nuls_removed FROM _lockstep.checkpoint`), [
    { nuls_removed: 7 },
  ]);
});

test('setting a record aside clears its mark', async () => {
  await using harness = await openDestinationHarness({ fields: { Name: 'string', Int__c: 'int' } });
  for (const number of [1, 2]) await markDirty(harness.db, 1, [idOf(number)], written);
  await harness.apply([record(1, { Int__c: 1.5 })]);
  await harness.apply(
    pageOf([], { count: 1, unstorable: [{ id: idOf(2), text: `{"Id":"${idOf(2)}","Name":"\\ud800"}` }] }),
  );
  assert.equal((await harness.quarantined()).length, 2);
  assert.deepEqual(await harness.marks(), []);
});

test('a record that violates a constraint added by somebody is quarantined alone', async () => {
  await using harness = await openDestinationHarness();
  await harness.db.script(`ALTER TABLE salesforce.account ADD CHECK (name <> 'refused')`);
  const applied = await harness.apply([record(1), record(2, { Name: 'refused' }), record(3)]);
  assert.deepEqual(applied, { applied: 2, unchanged: 0, stale: 0, dirty: 0, quarantined: 1 });
  assert.deepEqual(
    (await harness.quarantined()).map(({ id, code }) => [id, code]),
    [[idOf(2), '23514']],
  );
});

test('no error of an apply contains a value of a record', async () => {
  await using harness = await openDestinationHarness({ fields: { Name: 'string', Int__c: 'int' } });
  const name = 'canary-7f3a';
  await harness.apply([record(1, { Name: 'before' })]);
  const error = await harness
    .apply(pageOf([], { records: `[{"Id":"${idOf(1)}","Name":"${name}`, count: 1 }))
    .catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Error);
  const told = [error.message, error.stack, error.cause, JSON.stringify(error)];
  for (const key of Object.getOwnPropertyNames(error)) told.push(String(Reflect.get(error, key)));
  assert.doesNotMatch(told.join('\n'), /canary|before/);
  assert.equal((error as { code?: unknown }).code, '22P02');
  assert.equal((await harness.rows())[0]?.['name'], 'before');
});

test('a deleted record that somebody’s foreign key refers to is set aside alone', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([record(1), record(2)]);
  await harness.db.script(`
    CREATE TABLE public.note (account text REFERENCES salesforce.account);
    INSERT INTO public.note VALUES ('${idOf(1)}')`);
  const applied = await harness.apply([
    record(1, { IsDeleted: true }),
    record(2, { IsDeleted: true }),
    record(3),
  ]);
  assert.deepEqual(applied, { applied: 2, unchanged: 0, stale: 0, dirty: 0, quarantined: 1 });
  assert.deepEqual(
    (await harness.rows()).map(({ id }) => id),
    [idOf(1), idOf(3)],
  );
  assert.deepEqual(
    (await harness.quarantined()).map(({ id, code }) => [id, code]),
    [[idOf(1), '23503']],
  );
});

test('a record that somebody’s trigger refuses is set aside alone', async () => {
  await using harness = await openDestinationHarness();
  await harness.db.script(`
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$BEGIN IF NEW.name = 'refused' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END$$;
    CREATE TRIGGER refuse BEFORE INSERT ON salesforce.account FOR EACH ROW EXECUTE FUNCTION public.refuse()`);
  const applied = await harness.apply([record(1), record(2, { Name: 'refused' }), record(3)]);
  assert.deepEqual(applied, { applied: 2, unchanged: 0, stale: 0, dirty: 0, quarantined: 1 });
});

test('an error while a page waits for its stream contains no value either, and keeps its code', async () => {
  await using harness = await openDestinationHarness();
  const observation = await harness.open();
  const other = await openTickObservation(harness.destination.db, harness.holder, [1], 60_000);
  await harness.destination.db.transaction(async (tx) => {
    await harness.apply([record(1)], { tx, observation });
    const waiting = harness.destination.db.transaction(async (own) => {
      await own.query(sql`SELECT set_config('lock_timeout', '50ms', true)`);
      return harness.apply([record(1, { Name: 'canary', SystemModstamp: stampAt(9) })], {
        tx: own,
        observation: other,
      });
    });
    const refused = assert.rejects(waiting, { code: '55P03', message: /^(?!.*canary)/s });
    await untilBlocked(harness.db);
    await refused;
  });
});
