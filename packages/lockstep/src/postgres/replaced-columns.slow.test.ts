/** A process that is killed at any step of a change of a field's type: nothing is lost or half done, and it goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database, Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import {
  type DestinationHarness,
  describeOf,
  openDestinationHarness,
  record,
} from '@lockstep/harness/destination';
import { updateFields } from './hidden-fields.ts';
import { planTable } from './plan-table.ts';
import { makeIndexesAgain, replaceColumn } from './replaced-columns.ts';
import { loadStreams, type Stream } from './tables.ts';

const at = 1_800_000_000;
const statementsMax = 60;

const streamOf = async (harness: DestinationHarness): Promise<Stream> => {
  const [stream] = await loadStreams(harness.db, 'salesforce');
  assert.ok(stream);
  return stream;
};

/** The same database, but the server ends the session at its n-th statement, counted from 0. */
function endingAt(db: Database, nth: number): Database {
  let done = 0;
  const counted = <Session extends Tx>(session: Session): Session =>
    new Proxy(session, {
      get: (target, name) =>
        name === 'query'
          ? async (statement: Parameters<Tx['query']>[0]) => {
              if (done++ === nth) await target.query(sql`SELECT pg_terminate_backend(pg_backend_pid())`);
              return target.query(statement);
            }
          : name === 'transaction'
            ? (work: (tx: Tx) => Promise<unknown>) => db.transaction((tx) => work(counted(tx)))
            : Reflect.get(target, name),
    });
  return counted(db);
}

/** Does what is left to do, as a worker does that takes the sync over. */
async function goOn(harness: DestinationHarness, db: Database): Promise<void> {
  const stream = await streamOf(harness);
  const field = stream.columns.find((column) => column.field === 'Score__c');
  if (field?.sqlType === 'text') {
    const described = describeOf('Account', { Name: 'string', Score__c: 'double' });
    const retyped = planTable(described).columns.filter((column) => column.field === 'Score__c');
    const none = {
      hidden: [],
      leftOut: [],
      returned: [],
      renamed: [],
      added: [],
      adjusted: [],
      refilled: [],
    };
    await updateFields(db, stream, { ...none, retyped, describedFor: '62.0', described }, at);
    return goOn(harness, db);
  }
  const [column] = stream.replacing;
  if (!column) return;
  if (column.replaces === null) return makeIndexesAgain(db, stream);
  if (!column.isComplete) {
    await harness.destination.reloadTables();
    const [cursor] = await harness.db.query<{ version: number }>(
      sql`SELECT version FROM _lockstep.cursor WHERE kind = 'content'`,
    );
    const verified = { level: 'content' as const, at: at + 1 };
    await harness.apply([record(1, { Name: 'One', Score__c: 1.5 })], {
      moves: [{ kind: 'content', version: cursor?.version ?? 0, to: {}, verified }],
    });
    return goOn(harness, db);
  }
  await replaceColumn(db, stream, column);
  return goOn(harness, db);
}

const shapeOf = async (harness: DestinationHarness) => ({
  columns: await harness.db.query(sql`
    SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_name = 'account' AND column_name LIKE 'score%' ORDER BY 1`),
  indexes: await harness.db.query(sql`
    SELECT indexname AS name, indexdef AS made FROM pg_indexes WHERE indexname LIKE 'scores%' ORDER BY 1`),
  rows: (await harness.rows()).map(({ score__c: score, score__c_old: old }) => [score, old]),
});

test('a session that ends at any statement of the change leaves it whole or undone, and the next one completes it', async () => {
  const opened = async () => {
    const harness = await openDestinationHarness({ fields: { Name: 'string', Score__c: 'string' } });
    await harness.apply([record(1, { Name: 'One', Score__c: '1.5' })]);
    await harness.db.script('CREATE INDEX scores ON salesforce.account (score__c, name)');
    return harness;
  };
  await using whole = await opened();
  await goOn(whole, whole.destination.db);
  const expected = await shapeOf(whole);
  assert.deepEqual(expected.rows, [['1.5', '1.5']]);
  let ended = 0;
  for (let nth = 0; nth < statementsMax; nth++) {
    await using harness = await opened();
    const outcome = await goOn(harness, endingAt(harness.destination.db, nth)).then(
      () => 'complete',
      () => 'ended',
    );
    if (outcome === 'complete') break;
    ended++;
    const [row] = await harness.rows();
    assert.equal(row?.score__c, '1.5', `statement ${nth}: the value is there under its name`);
    await goOn(harness, harness.destination.db);
    assert.deepEqual(await shapeOf(harness), expected, `statement ${nth}`);
  }
  assert.ok(ended > 20 && ended < statementsMax, `${ended} statements`);
});
