/** Fields whose type or formula changes while a sync runs. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const intervalMs = 10_000;
/** A minute, and the requests that follow. */
const soonMs = 60_000 + 20 * intervalMs;

let made = 0;
/** A custom object with one field, two records that fit it, and a harness that has copied them. */
async function openCopied(type: 'string' | 'double', values: readonly [unknown, unknown]) {
  const name = `Thing${++made}__c`;
  const field = { name: 'Score__c', type };
  await org.control('/sobjects/create', { name, fields: [field] });
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openClockHarness({ org, sobjects: [name, 'Lead'], intervalMs }));
  const ids = await harness.write(
    values.map((Score__c, n) => ({ create: name, values: { Name: `Record ${n}`, Score__c } })),
  );
  await harness.finishBackfill();
  await harness.pass(2 * 60_000);
  const [first = '', second = ''] = ids;
  const change = (to: object) =>
    org.control('/fields/change', { sobject: name, name: field.name, field: { ...field, ...to } });
  const ends = undo.move();
  return {
    name,
    table: name.toLowerCase(),
    harness,
    ids: [first, second] as const,
    change,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

const typeOf = async (harness: ClockHarness, table: string, column: string) => {
  const [found] = await harness.mirror.query<{ type: string }>(sql`
    SELECT data_type AS type FROM information_schema.columns
     WHERE table_schema = 'salesforce' AND table_name = ${table} AND column_name = ${column}`);
  return found?.type;
};
const problems = (harness: ClockHarness) =>
  harness.mirror.query<{ kind: string; code: string }>(sql`SELECT kind, code FROM _lockstep.problems`);

test('a text that becomes a number has a column of numbers within minutes, filled and under its name', async () => {
  await using opened = await openCopied('string', ['10.5', 'ten']);
  const { harness, table, ids, change, name } = opened;
  await change({ type: 'double', precision: 10, scale: 2 });
  const [fresh = ''] = await harness.write([{ create: name, values: { Name: 'Fresh', Score__c: 7 } }]);
  await harness.pass(soonMs);
  assert.equal(await typeOf(harness, table, 'score__c'), 'numeric');
  assert.equal(await typeOf(harness, table, 'score__c_old'), 'text');
  assert.deepEqual(
    await Promise.all(
      [...ids, fresh].map(async (id) => {
        const row = await harness.row(table, id);
        return [Number(row?.score__c), row?.score__c_old ?? null];
      }),
    ),
    [
      [10.5, '10.5'],
      [0, 'ten'],
      // Stored before the change was noticed, so the earlier column has it too.
      [7, '7.0'],
    ],
  );
  assert.deepEqual(harness.holder.schemaChanges, [
    `${name} field has another type Score__c: string, now double`,
    `${name} column replaced Score__c`,
  ]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a number that becomes a text sets no record aside for long, and every record is stored', async () => {
  await using opened = await openCopied('double', [1, 2]);
  const { harness, table, ids, change } = opened;
  await change({ type: 'string', length: 20 });
  await harness.write([{ update: ids[0], values: { Name: 'Renamed', Score__c: 'ten' } }]);
  await harness.pass(soonMs);
  const row = await harness.row(table, ids[0]);
  assert.deepEqual([row?.name, row?.score__c, Number(row?.score__c_old)], ['Renamed', 'ten', 1]);
  assert.deepEqual(await harness.mirror.query(sql`SELECT id FROM _lockstep.quarantine`), []);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a view on the earlier column makes the change wait, with a reason, while rows go on; it is made when the view is gone', async () => {
  await using opened = await openCopied('string', ['1', '2']);
  const { harness, table, ids, change } = opened;
  await harness.mirror.script(`CREATE VIEW public.scores AS SELECT id, score__c FROM salesforce.${table}`);
  await change({ type: 'double' });
  await harness.pass(soonMs);
  assert.deepEqual(await problems(harness), [{ kind: 'schema', code: 'SCH-10' }]);
  await harness.write([{ update: ids[0], values: { Score__c: 99 } }]);
  await harness.pass(3 * intervalMs);
  const row = await harness.row(table, ids[0]);
  assert.deepEqual([row?.score__c, Number(row?.score__c_new)], ['1', 99]);
  await harness.mirror.script('DROP VIEW public.scores');
  await harness.pass(2 * 60_000);
  assert.deepEqual(await problems(harness), []);
  assert.equal(Number((await harness.row(table, ids[0]))?.score__c), 99);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a long reader of the table delays a new column and not a row', async () => {
  await using opened = await openCopied('string', ['1', '2']);
  const { harness, table, ids, name } = opened;
  await harness.mirror.transaction(async (reader) => {
    await reader.query(sql`SELECT count(*) FROM ${ident('salesforce', table)}`);
    await org.control('/fields/create', { sobject: name, field: { name: 'Late__c', type: 'string' } });
    await harness.pass(60_000 + 6 * intervalMs);
    assert.deepEqual(await problems(harness), [{ kind: 'schema', code: 'SCH-11' }]);
    await harness.write([{ update: ids[0], values: { Score__c: 'goes on' } }]);
    await harness.pass(3 * intervalMs);
    assert.equal((await harness.row(table, ids[0]))?.score__c, 'goes on');
  });
  await harness.pass(4 * intervalMs);
  assert.deepEqual(await problems(harness), []);
  assert.equal(await typeOf(harness, table, 'late__c'), 'text');
});

test('another formula changes the values of all rows within minutes, and the column is not ready until then', async () => {
  const field = { name: 'Twice__c', type: 'double', formula: 'NumberOfEmployees * 2' };
  await org.control('/fields/create', { sobject: 'Lead', field });
  await using harness = await openClockHarness({ org, sobjects: ['Lead'], intervalMs });
  const [id = ''] = await harness.write([
    { create: 'Lead', values: { LastName: 'L', Company: 'C', NumberOfEmployees: 10 } },
  ]);
  await harness.finishBackfill();
  await harness.pass(2 * 60_000);
  const change = { ...field, formula: 'NumberOfEmployees * 3' };
  await org.control('/fields/change', { sobject: 'Lead', name: field.name, field: change });
  await harness.pass(soonMs);
  assert.equal(Number((await harness.row('lead', id))?.twice__c), 30);
  assert.deepEqual(harness.holder.schemaChanges, ['Lead formula changed Twice__c']);
  const [column] = await harness.mirror.query(
    sql`SELECT ready FROM _lockstep.column WHERE field = ${field.name}`,
  );
  assert.deepEqual(column, { ready: true });
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
