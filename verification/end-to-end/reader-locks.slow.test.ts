/**
 * Readers take every lock that PostgreSQL lets them have, and hold it: writes, polls and restarts do not wait for them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { openWriterUrl } from 'lockstep/control';
import { openDestination } from 'lockstep/postgres/testing';

async function openHarness(): Promise<EndToEndHarness> {
  const harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  harness.startWorker();
  await harness.untilComplete();
  return harness;
}

/** A reader's session that holds these locks until it is closed. */
async function holdLocks(harness: EndToEndHarness, ...statements: readonly string[]) {
  const session = await harness.reader.session();
  await session.script(`SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; BEGIN`);
  for (const statement of statements) await session.script(statement);
  return { [Symbol.asyncDispose]: () => session.close() };
}

const advisoryLocks = [
  'SELECT pg_advisory_lock(7201, n) FROM generate_series(1, 50) n',
  "SELECT pg_advisory_lock(78, hashtext('_lockstep'))",
];

async function write(harness: EndToEndHarness, name: string): Promise<void> {
  const { status, headers, text } = await harness.call('POST', `${dataPath}/sobjects/Account`, {
    Name: name,
  });
  assert.deepEqual([status, headers.get('lockstep-applied')], [201, 'yes']);
  const { id } = JSON.parse(text) as { id: string };
  const rows = await harness.reader.query(sql`SELECT name FROM salesforce.account WHERE id = ${id}`);
  assert.deepEqual(rows, [{ name }]);
}

test('a reader who holds every advisory lock delays neither a write nor a poll nor a restart', async () => {
  await using harness = await openHarness();
  await using _held = await holdLocks(harness, ...advisoryLocks);
  await write(harness, 'While a reader holds locks');
  await harness.org.control('/records/write', {
    writes: [{ create: 'Account', values: { Name: 'By another program' } }],
  });
  await harness.until(
    sql`SELECT count(*) = 1 FROM salesforce.account WHERE name = 'By another program'`,
    'a poll has brought the change',
  );
  const url = await openWriterUrl(harness.control.control, harness.sync);
  const restarted = await openDestination(url, 'restarted');
  await restarted.end();
});

test('a reader can lock no row and no table against the sync', async () => {
  await using harness = await openHarness();
  const session = await harness.reader.session();
  await using _closed = { [Symbol.asyncDispose]: () => session.close() };
  await session.query(sql`SET default_transaction_read_only = off`);
  const relations = await harness.admin.query<{ name: string }>(sql`
    SELECT format('%I.%I', schemaname, relname) AS name
      FROM (SELECT schemaname, tablename FROM pg_tables UNION ALL SELECT schemaname, viewname FROM pg_views) r (schemaname, relname)
     WHERE schemaname IN ('_lockstep', 'salesforce')`);
  assert.ok(relations.length > 10);
  for (const { name } of relations) {
    for (const statement of [`SELECT FROM ${name} FOR KEY SHARE`, `LOCK TABLE ${name} IN ROW SHARE MODE`]) {
      await assert.rejects(session.script(`BEGIN; ${statement}`), { code: '42501' }, statement);
      await session.script('ROLLBACK');
    }
  }
});
