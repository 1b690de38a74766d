/** Syncs whose secrets the available key cannot open: every part says so at once, and nothing is lost. */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { type Cli, openCli } from '@lockstep/harness/cli-process';
import { newSync, openTestControl, type TestControl } from '@lockstep/harness/control';
import { openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { changeSettings, readHealth, type Sync } from 'lockstep/control';
import { recordSync } from 'lockstep/control/testing';

/** A control database with a sync in it, and a command line without its key. */
async function openSetup(): Promise<AsyncDisposable & { harness: TestControl; cli: Cli; keyFile: string }> {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openTestControl());
  await recordSync(harness.control, newSync({ name: 'acme' }));
  const cli = undo.use(await openCli({ DATABASE_URL: harness.database.url }));
  const ends = undo.move();
  const keyFile = join(cli.folder, '.config', 'lockstep', 'key');
  return { harness, cli, keyFile, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

test('start and demo without the key of existing credentials say which key they need, and write nothing', async () => {
  await using setup = await openSetup();
  const { harness, cli, keyFile } = setup;
  const { db } = harness.database;
  // As an older version left it: a start that got further would migrate it.
  await db.script(
    'ALTER TABLE lockstep.sync_problem RENAME TO trouble; DELETE FROM lockstep.migration WHERE number > 3',
  );
  const otherKey = Buffer.alloc(32, 1).toString('base64');
  for (const [command, environment, where] of [
    ['start', {}, `${keyFile}: ENOENT`],
    ['demo', {}, `${keyFile}: ENOENT`],
    ['start', { LOCKSTEP_KEY: otherKey }, 'LOCKSTEP_KEY is key '],
    ['start', { LOCKSTEP_KEY_FILE: join(cli.folder, 'nothing') }, 'nothing: ENOENT'],
  ] as const) {
    const { code, stderr } = await cli.run([command], environment);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`^error KEY-04: .*sealed with key ${harness.key.id}, but `, 'm'));
    assert.ok(stderr.includes(where), stderr);
    assert.match(stderr, /^next: Put the file with that key back, or name it in LOCKSTEP_KEY_FILE/m);
  }
  await assert.rejects(stat(join(cli.folder, '.config')), { code: 'ENOENT' });
  const made = await db.query(sql`
    SELECT FROM lockstep.migration WHERE number > 3
    UNION ALL SELECT FROM lockstep.worker
    UNION ALL SELECT FROM pg_database WHERE datname LIKE current_database() || '_%'`);
  assert.deepEqual(made, [], 'no migration, no worker, no database for an org');
});

/** Alters the sync's sealed data key, as in a damaged row, and returns the original. */
async function alter(harness: TestControl, id: Sync['id']): Promise<string> {
  const { db } = harness.database;
  const [before] = await db.query<{ key: string }>(
    sql`SELECT sealed_data_key AS key FROM lockstep.sync WHERE sync_id = ${id}`,
  );
  await db.query(sql`
    UPDATE lockstep.sync SET sealed_data_key = overlay(sealed_data_key PLACING 'AAAA' FROM 45) WHERE sync_id = ${id}`);
  return before?.key ?? '';
}

test('a sync whose secret was altered is locked and reported, is not tried again before its settings change, and others run', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Lead'] });
  const { control, log, database } = harness.control;
  const second = newSync({ name: 'second' });
  await recordSync(control, second);
  const intact = await alter(harness.control, second.id);
  const locked = harness.nextSyncProblem('KEY-03');
  const worker = harness.startWorker();
  await Promise.all([locked, harness.untilComplete()]);
  // A worker that begins to listen for changes first checks everything once.
  const tries = () => log.text().split('sync is locked').length;
  const before = tries();

  const health = async (id: Sync['id']) => (await readHealth(control)).get(id);
  const { hasWorker, fault } = (await health(second.id)) ?? {};
  assert.deepEqual([hasWorker, fault?.code], [true, 'KEY-03']);
  assert.match(fault?.says ?? '', /Sealed value was moved or altered/);
  const retryInMs = Date.parse(fault?.retryAt ?? '') - systemClock.now();
  assert.ok(retryInMs > 3_000_000, `the next try is ${retryInMs} ms away`);
  assert.equal((await health(harness.sync.id))?.fault, null);

  await database.db.query(
    sql`UPDATE lockstep.sync SET sealed_data_key = ${intact} WHERE sync_id = ${second.id}`,
  );
  await changeSettings(control, second.id, { intervalMs: 5_000 });
  while ((await health(second.id))?.fault?.code === 'KEY-03') await systemClock.sleep(20);
  assert.equal(tries(), before, 'it was not tried again');
  assert.doesNotMatch(log.text(), /sync run failed/);
  await worker.stop();
});

test('the proxy refuses requests to a locked sync with a specific error, and sends nothing', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Lead'] });
  await alter(harness.control, harness.sync.id);
  const answer = await harness.call('GET', '/services/data/v62.0/limits');
  assert.deepEqual([answer.status, answer.headers.get('lockstep-error')], [503, 'PRX-13']);
  assert.match(answer.text, /LOCKSTEP_PRX_13/);
  assert.match(answer.text, /KEY-03.*Nothing reached Salesforce\. .*lockstep status/);
});
