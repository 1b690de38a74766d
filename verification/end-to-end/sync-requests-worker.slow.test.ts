/** The commands that make sync requests, against a worker as its own process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { openApiOn } from '@lockstep/harness/api-harness';
import { type Cli, openCli } from '@lockstep/harness/cli-process';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { startWorkerChild } from '@lockstep/harness/worker-child';

/** A harness whose sync is complete and run by a worker process, and a command line. */
async function openRunning() {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(
    await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account', 'Lead'], intervalMs: 250 }),
  );
  const api = undo.use(await openApiOn(harness.control));
  const cli = undo.use(await openCli(api.environment));
  const worker = undo.use(startWorkerChild(harness, 'first'));
  await harness.untilComplete();
  const ends = undo.move();
  return { harness, cli, worker, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** Runs a command that must succeed, and returns its JSON. */
async function runJson(cli: Cli, ...args: readonly string[]) {
  const { code, stdout, stderr } = await cli.run([...args, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** An account old enough to be covered by counts. */
async function oldAccount(harness: EndToEndHarness) {
  const [account] = await harness.admin.query<{ id: string; name: string }>(sql`
    SELECT id, name FROM salesforce.account WHERE systemmodstamp < now() - interval '1 day' ORDER BY id LIMIT 1`);
  assert.ok(account);
  return account;
}

const nameOf = async (harness: EndToEndHarness, id: string) =>
  (await harness.admin.query<{ name: string }>(sql`SELECT name FROM salesforce.account WHERE id = ${id}`))[0]
    ?.name;

test('the worker does what the command line requests: flush, comparison, repair and decision', async () => {
  await using running = await openRunning();
  const { harness, cli } = running;

  const created = await harness.org.request('POST', `${dataPath}/sobjects/Account`, {
    body: { Name: 'Flushed' },
  });
  const { took_ms: _, ...flushed } = await runJson(cli, 'flush');
  assert.equal(await nameOf(harness, (created.json as { id: string }).id), 'Flushed');
  assert.deepEqual(flushed, {
    schema: 1,
    name: 'harness',
    objects: 2,
    skipped: [],
    repairs: [],
    set_aside: [],
  });

  const { id, name } = await oldAccount(harness);
  await harness.admin.query(sql`DELETE FROM salesforce.account WHERE id = ${id}`);
  const compared = await runJson(cli, 'objects', 'verify', 'Account');
  assert.equal(await nameOf(harness, id), name);
  assert.deepEqual(compared.repairs, [{ sobject: 'Account', kind: 'missing', rows: 1 }]);

  await harness.admin.query(sql`UPDATE salesforce.account SET name = 'Edited by hand' WHERE id = ${id}`);
  await runJson(cli, 'objects', 'refetch', 'Account', id);
  assert.equal(await nameOf(harness, id), name);

  const leads = await harness.countInOrg('Lead');
  await harness.org.control('/records/hide', { user: 'integration', sobject: 'Lead' });
  await runJson(cli, 'objects', 'verify', '--level', 'ids', 'Lead');
  const missing = await runJson(cli, 'objects', 'missing');
  assert.deepEqual(missing.items, [
    { sobject: 'Lead', table_name: 'lead', rows: leads, missing_rows: leads },
  ]);
  await runJson(cli, 'objects', 'missing', '--keep', 'Lead');
  assert.deepEqual((await runJson(cli, 'objects', 'missing')).items, []);
  const [kept] = await harness.admin.query(sql`SELECT count(*) FROM salesforce.lead`);
  assert.deepEqual(kept, { count: leads });
});

test('a sync request that a killed worker left open is finished by the one that takes over', async () => {
  await using running = await openRunning();
  const { harness, cli, worker } = running;
  const { id, name } = await oldAccount(harness);
  await harness.admin.query(sql`UPDATE salesforce.account SET name = 'Edited by hand' WHERE id = ${id}`);
  worker.signal('SIGSTOP');
  const asked = await runJson(cli, 'objects', 'refetch', 'Account', id, '--no-wait');
  assert.equal(await nameOf(harness, id), 'Edited by hand');
  await worker[Symbol.asyncDispose]();
  await using _second = startWorkerChild(harness, 'second');
  await harness.until(
    sql`SELECT name = ${name} FROM salesforce.account WHERE id = ${id}`,
    'the row is repaired',
  );
  const ended = async () => {
    const [syncRequest] = await harness.control.control.db.query<{ ended: boolean }>(
      sql`SELECT ended_at IS NOT NULL AS ended FROM lockstep.sync_request WHERE request_id = ${Number(asked.operation_id)}`,
    );
    return syncRequest?.ended;
  };
  for (let looks = 0; looks < 100 && !(await ended()); looks++) await systemClock.sleep(50);
  assert.equal(await ended(), true);
});
