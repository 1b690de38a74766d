/** A field whose type has changed: its new column beside the earlier one, and the moment at which it takes its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import {
  type DestinationHarness,
  describeOf,
  openDestinationHarness,
  record,
} from '@lockstep/harness/destination';
import { type FieldChange, updateFields } from './hidden-fields.ts';
import { planTable } from './plan-table.ts';
import { freeName, makeIndexesAgain, replaceColumn } from './replaced-columns.ts';
import { loadStreams, type Stream } from './tables.ts';

const at = 1_800_000_000;
const openHarness = () => openDestinationHarness({ fields: { Name: 'string', Score__c: 'string' } });

/** What a description with these types changes. */
function changeTo(fields: Record<string, string>, change: Partial<FieldChange> = {}): FieldChange {
  const described = describeOf('Account', { Name: 'string', ...fields });
  return {
    hidden: [],
    leftOut: [],
    returned: [],
    renamed: [],
    added: [],
    retyped: planTable(described).columns.filter(({ field }) => Object.hasOwn(fields, field)),
    adjusted: [],
    refilled: [],
    describedFor: '62.0',
    described,
    ...change,
  };
}

async function streamOf({ db }: DestinationHarness): Promise<Stream> {
  const [stream] = await loadStreams(db, 'salesforce');
  assert.ok(stream);
  return stream;
}

/** Changes the type of the field, and plays the pass over all records that fills its column. */
async function retype(harness: DestinationHarness, type = 'double'): Promise<Stream> {
  const { db } = harness.destination;
  const before = await streamOf(harness);
  const column = before.columns.find(({ field }) => field === 'Score__c');
  const change = changeTo({ Score__c: type });
  const retyped = change.retyped.map((one) => ({ ...one, column: column?.column ?? '' }));
  await updateFields(db, before, { ...change, retyped }, at);
  await harness.destination.reloadTables();
  return streamOf(harness);
}

async function fill(harness: DestinationHarness, values: readonly (number | string | null)[]) {
  const { stream } = harness.table();
  const version = await cursorVersion(harness);
  await harness.apply(
    values.map((value, n) => record(n + 1, { Name: `Account ${n + 1}`, Score__c: value })),
    { moves: [{ kind: 'content', version, to: {}, verified: { level: 'content', at: at + 1 } }] },
  );
  return streamOf(harness).then((now) => ({ ...now, streamNo: stream.streamNo }));
}

async function cursorVersion({ db }: DestinationHarness): Promise<number> {
  const [row] = await db.query<{ version: number }>(
    sql`SELECT version FROM _lockstep.cursor WHERE kind = 'content'`,
  );
  return row?.version ?? 0;
}

const columnsOf = async ({ db }: DestinationHarness) =>
  Object.fromEntries(
    (
      await db.query<{ name: string; type: string }>(sql`
        SELECT column_name AS name, data_type AS type FROM information_schema.columns
         WHERE table_schema = 'salesforce' AND table_name = 'account' ORDER BY ordinal_position`)
    ).map(({ name, type }) => [name, type]),
  );

const only = (stream: Stream) => {
  const [column] = stream.replacing;
  assert.ok(column);
  return column;
};

test('the earlier column keeps its values while the new one is filled, and then the new one has its name', async () => {
  await using harness = await openHarness();
  await harness.apply([record(1, { Name: 'One', Score__c: '10.5' }), record(2, { Score__c: 'ten' })]);
  const retyped = await retype(harness);
  assert.deepEqual(retyped.replacing, [
    { field: 'Score__c', column: 'score__c_new', replaces: 'score__c', isComplete: false, isFilling: true },
  ]);
  assert.equal(await replaceColumn(harness.destination.db, retyped, only(retyped)), false, 'not yet');
  const filled = await fill(harness, [10.5, null]);
  assert.equal(only(filled).isComplete, true);
  assert.deepEqual(
    (await harness.rows()).map(({ score__c, score__c_new }) => [score__c, score__c_new]),
    [
      ['10.5', '10.5'],
      ['ten', null],
    ],
  );
  await replaceColumn(harness.destination.db, filled, only(filled));
  const { score__c, score__c_old, score__c_new } = await columnsOf(harness);
  assert.deepEqual([score__c, score__c_old, score__c_new], ['numeric', 'text', undefined]);
  await harness.destination.reloadTables();
  await harness.apply([record(3, { Score__c: 3 })]);
  assert.deepEqual(
    (await harness.rows()).map(({ score__c: now, score__c_old: old }) => [now, old]),
    [
      ['10.5', '10.5'],
      [null, 'ten'],
      ['3', null],
    ],
  );
  assert.deepEqual((await streamOf(harness)).replacing, []);
  const [comment] = await harness.db.query<{ text: string }>(sql`
    SELECT col_description('salesforce.account'::regclass, attnum) AS text FROM pg_attribute
     WHERE attrelid = 'salesforce.account'::regclass AND attname = 'score__c_old'`);
  assert.match(comment?.text ?? '', /drop it when you do not need it/);
});

test('a record that no longer fits the earlier column is stored at once when the type is known', async () => {
  await using harness = await openDestinationHarness({ fields: { Name: 'string', Score__c: 'double' } });
  await harness.apply([record(1, { Name: 'One', Score__c: 1 })]);
  await harness.apply([record(1, { Name: 'One renamed', Score__c: 'ten' })]);
  assert.equal((await harness.quarantined()).length, 1);
  await retype(harness, 'string');
  const [due] = await harness.db.query<{ due: boolean }>(
    sql`SELECT retry_at <= clock_timestamp() AS due FROM _lockstep.quarantine`,
  );
  assert.equal(due?.due, true, 'it is read again now');
  await harness.apply([record(1, { Name: 'One renamed', Score__c: 'ten' })]);
  const [row] = await harness.rows();
  assert.deepEqual([row?.name, row?.score__c, row?.score__c_new], ['One renamed', '1', 'ten']);
  assert.deepEqual(await harness.quarantined(), []);
});

test('a field whose type changes again is filled again, and only its last column takes the name', async () => {
  await using harness = await openHarness();
  await harness.apply([record(1, { Score__c: '1' })]);
  await retype(harness, 'double');
  const again = await retype(harness, 'boolean');
  assert.deepEqual(again.replacing, [
    { field: 'Score__c', column: 'score__c_new2', replaces: 'score__c', isComplete: false, isFilling: true },
  ]);
  await harness.apply([record(1, { Score__c: true })], {
    moves: [{ kind: 'content', version: 0, to: {}, verified: { level: 'content', at: at + 1 } }],
  });
  const filled = await streamOf(harness);
  await replaceColumn(harness.destination.db, filled, only(filled));
  const { score__c, score__c_old } = await columnsOf(harness);
  assert.deepEqual([score__c, score__c_old], ['boolean', 'text']);
});

/** Each with what makes it, and what removes it. */
const inTheWay: Record<string, readonly [string, string]> = {
  'a view': [
    'CREATE VIEW public.scores AS SELECT id, score__c FROM salesforce.account',
    'DROP VIEW public.scores',
  ],
  'a view of a view': [
    'CREATE VIEW public.a AS SELECT * FROM salesforce.account; CREATE VIEW public.b AS SELECT score__c FROM public.a',
    'DROP VIEW public.b, public.a',
  ],
  'a materialized view': [
    'CREATE MATERIALIZED VIEW public.scores AS SELECT score__c FROM salesforce.account',
    'DROP MATERIALIZED VIEW public.scores',
  ],
  'a check constraint': [
    'ALTER TABLE salesforce.account ADD CONSTRAINT short CHECK (length(score__c) < 1000)',
    'ALTER TABLE salesforce.account DROP CONSTRAINT short',
  ],
  'a unique index': ['CREATE UNIQUE INDEX one ON salesforce.account (score__c)', 'DROP INDEX salesforce.one'],
  'an index on an expression': [
    'CREATE INDEX lowered ON salesforce.account (lower(score__c))',
    'DROP INDEX salesforce.lowered',
  ],
  'a generated column': [
    'ALTER TABLE salesforce.account ADD COLUMN mine text GENERATED ALWAYS AS (lower(score__c)) STORED',
    'ALTER TABLE salesforce.account DROP COLUMN mine',
  ],
  'a trigger on the column': [
    `CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE TRIGGER mine AFTER UPDATE OF score__c ON salesforce.account FOR EACH ROW EXECUTE FUNCTION public.nothing()`,
    'DROP TRIGGER mine ON salesforce.account',
  ],
  'a function with a body of its own': [
    'CREATE FUNCTION public.best() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT max(score__c) FROM salesforce.account; END',
    'DROP FUNCTION public.best()',
  ],
};

test('the change waits for whatever would go on with the earlier values, names it, and goes on when it is gone', async () => {
  await using harness = await openHarness();
  await harness.apply([record(1, { Score__c: '1' })]);
  await retype(harness);
  const filled = await fill(harness, [1]);
  const { db } = harness.destination;
  for (const [what, [make, remove]] of Object.entries(inTheWay)) {
    await harness.db.script(make);
    await assert.rejects(
      replaceColumn(db, filled, only(filled)),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'SCH-10');
        assert.match(error.message, /Account\.Score__c.*score__c_new.*used by [a-z]/);
        return true;
      },
      what,
    );
    const { score__c, score__c_new } = await columnsOf(harness);
    assert.deepEqual([score__c, score__c_new], ['text', 'numeric'], `${what}: nothing is changed`);
    await harness.db.script(remove);
  }
  await replaceColumn(db, filled, only(filled));
});

test('a view that is made again on the new column follows it when it takes the name', async () => {
  await using harness = await openHarness();
  await harness.apply([record(1, { Score__c: '1.5' })]);
  const view = 'CREATE VIEW public.scores AS SELECT id, score__c';
  await harness.db.script(`${view} FROM salesforce.account`);
  await retype(harness);
  const filled = await fill(harness, [1.5]);
  await assert.rejects(replaceColumn(harness.destination.db, filled, only(filled)), { code: 'SCH-10' });
  await harness.db.script(`DROP VIEW public.scores; ${view}_new AS score__c FROM salesforce.account`);
  await replaceColumn(harness.destination.db, filled, only(filled));
  const [row] = await harness.db.query<{ twice: number }>(
    sql`SELECT score__c * 2 AS twice FROM public.scores`,
  );
  assert.equal(Number(row?.twice), 3);
});

test('ordinary indexes, column grants and triggers on the table survive', async () => {
  await using harness = await openHarness();
  await harness.apply([record(1, { Score__c: '1' })]);
  await harness.db.script(`
    CREATE INDEX scores ON salesforce.account (score__c, name);
    CREATE INDEX "Some scores" ON salesforce.account USING btree (score__c DESC NULLS LAST) WHERE score__c IS NOT NULL;
    GRANT SELECT (score__c) ON salesforce.account TO PUBLIC;
    CREATE TABLE public.seen (id text);
    CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.seen VALUES (NEW.id); RETURN NULL; END';
    CREATE TRIGGER seen AFTER UPDATE ON salesforce.account FOR EACH ROW EXECUTE FUNCTION public.see()`);
  await retype(harness);
  const filled = await fill(harness, [1]);
  await replaceColumn(harness.destination.db, filled, only(filled));
  const replaced = await streamOf(harness);
  assert.deepEqual(replaced.replacing, [
    { field: 'Score__c', column: 'score__c', replaces: null, isComplete: true, isFilling: false },
  ]);
  await makeIndexesAgain(harness.destination.db, replaced);
  assert.deepEqual((await streamOf(harness)).replacing, []);
  const indexes = await harness.db.query<{ index: string }>(sql`
    SELECT indexname || substring(indexdef FROM ' USING.*') AS index FROM pg_indexes
     WHERE tablename = 'account' AND indexname ILIKE '%scores%' ORDER BY 1`);
  assert.deepEqual(
    indexes.map(({ index }) => index),
    [
      'Some scores USING btree (score__c DESC NULLS LAST) WHERE (score__c IS NOT NULL)',
      'Some scores_old USING btree (score__c_old DESC NULLS LAST) WHERE (score__c_old IS NOT NULL)',
      'scores USING btree (score__c, name)',
      'scores_old USING btree (score__c_old, name)',
    ],
  );
  const [granted] = await harness.db.query<{ may: boolean }>(sql`
    SELECT has_column_privilege('pg_read_all_stats', 'salesforce.account', 'score__c', 'SELECT') AS may`);
  assert.equal(granted?.may, true);
  await harness.destination.reloadTables();
  await harness.apply([record(1, { Name: 'Account 1', Score__c: 2 })]);
  assert.equal((await harness.db.query(sql`SELECT FROM public.seen`)).length > 0, true);
});

test('a reader that holds the table delays the change, and the change delays nobody for long', async () => {
  await using harness = await openHarness();
  await harness.apply([record(1, { Score__c: '1' })]);
  await retype(harness);
  const filled = await fill(harness, [1]);
  await harness.db.transaction(async (reader) => {
    await reader.query(sql`SELECT count(*) FROM salesforce.account`);
    const began = performance.now();
    await assert.rejects(replaceColumn(harness.destination.db, filled, only(filled)), { code: '55P03' });
    assert.ok(performance.now() - began < 1_000);
    await harness.apply([record(1, { Name: 'Stored meanwhile', Score__c: 2 })]);
  });
  const [row] = await harness.rows();
  assert.deepEqual([row?.name, row?.score__c_new], ['Stored meanwhile', '2']);
  await replaceColumn(harness.destination.db, filled, only(filled));
});

test('names that are taken get a number, and long ones are shortened', () => {
  assert.equal(freeName('a_old', new Set()), 'a_old');
  assert.equal(freeName('a_old', new Set(['a_old', 'a_old2'])), 'a_old3');
  const long = freeName(`${'x'.repeat(63)}_new`, new Set());
  assert.deepEqual([long.length, long.endsWith('x_new')], [63, true]);
});
