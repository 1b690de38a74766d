/** A sandbox that is refreshed: another org under the same address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openApiOn } from '@lockstep/harness/api-harness';
import { openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { holdLock } from '@lockstep/harness/held-lock';
import { openRunningSync } from '@lockstep/harness/running-sync';

const { harness, api, cli } = await openRunningSync();

const fingerprint = async () => {
  const [rows] = await harness.admin.query<{ hash: string }>(sql`
    SELECT md5(string_agg(a::text, '' ORDER BY id)) AS hash FROM salesforce.account a`);
  return rows?.hash;
};
const recopy = (query = '') => api.ask('POST', `/api/v1/syncs/harness/recopy${query}`, {});

test('an org that is the sync’s own is not copied again', async () => {
  const { status, body } = await recopy('?dry_run=true');
  assert.deepEqual([status, body.kind], [409, 'not healthy']);
  assert.match(String(body.next), /objects verify --level content/);
});

test('after the refresh the sync stops before a row is touched, says why, and a person has it copied again', async () => {
  await harness.admin.script(`
    CREATE VIEW public.names AS SELECT name FROM salesforce.account;
    CREATE TABLE public.notes (account text REFERENCES salesforce.account, note text)`);
  const before = await fingerprint();
  const old = harness.sync.orgId;
  const stops = harness.nextSyncProblem('ORG-02');
  await harness.org.control('/org/changeId', {});
  await stops;
  assert.equal(await fingerprint(), before);
  const { body: stopped } = await api.ask('GET', '/api/v1/syncs/harness');
  const { fault } = stopped as { fault: { code: string; next: string } };
  assert.deepEqual([stopped.state, fault.code], ['needs_decision', 'ORG-02']);
  assert.match(fault.next, /sync recopy/);

  const dry = await cli.run(['sync', 'recopy', '--dry-run']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stderr, new RegExp(`was of org ${old}; its credential now leads to 00D`));
  assert.equal(await fingerprint(), before);
  const unasked = await cli.run(['sync', 'recopy']);
  assert.deepEqual([unasked.code, await fingerprint()], [2, before]);
  const done = await cli.run(['sync', 'recopy', '--yes']);
  assert.equal(done.code, 0, done.stderr);

  await harness.until(
    sql`SELECT bool_and(state = 'current') FROM _lockstep.status`,
    'both objects are copied again',
  );
  const { body } = await api.ask('GET', '/api/v1/syncs/harness');
  assert.notEqual(body.org_id, old);
  assert.equal(body.id, harness.sync.id);
  const [rows] = await harness.reader.query<{ count: string }>(sql`SELECT count(*) FROM salesforce.account`);
  assert.equal(Number(rows?.count), await harness.countInOrg('Account'));
  const [names] = await harness.admin.query<{ count: number }>(sql`SELECT count(*) FROM public.names`);
  assert.equal(names?.count, Number(rows?.count), 'the view is as it was');
});

test('a recopy that was cut off after the tables were emptied is finished by the next one', async () => {
  const { body: was } = await api.ask('GET', '/api/v1/syncs/harness');
  const stops = harness.nextSyncProblem('ORG-02');
  await harness.org.control('/org/changeId', {});
  await stops;
  const { db } = harness.control.control;
  const [control] = await db.query<{ org: string }>(sql`SELECT org_id AS org FROM lockstep.sync`);
  assert.equal((await recopy()).status, 200);
  // As it stands when the process dies before the control database knows of the new org.
  await db.query(sql`
    INSERT INTO lockstep.org (org_id, instance_url) VALUES (${control?.org ?? ''}, ${harness.org.url})`);
  await db.query(sql`UPDATE lockstep.sync SET org_id = ${control?.org ?? ''}`);
  const again = await recopy();
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.notEqual((await api.ask('GET', '/api/v1/syncs/harness')).body.org_id, was.org_id);
  await harness.until(sql`SELECT bool_and(state = 'current') FROM _lockstep.status`, 'both are copied again');
});

/** Another recopy that waits for a lock on a table, until the lock is released. */
async function recopyThatWaits() {
  const stops = harness.nextSyncProblem('ORG-02');
  await harness.org.control('/org/changeId', {});
  await stops;
  const lock = await holdLock(harness.admin, 'LOCK TABLE salesforce.account IN ACCESS SHARE MODE');
  const recopying = recopy();
  await lock.untilSomebodyWaits();
  return { lock, recopying };
}

test('during a recopy no worker runs the sync, and of two recopies one is made', async () => {
  const { lock, recopying } = await recopyThatWaits();
  const second = recopy();
  const resumed = await api.ask('PATCH', '/api/v1/syncs/harness', { paused: false });
  assert.deepEqual([resumed.status, resumed.body.code], [409, 'SYS-24'], JSON.stringify(resumed.body));
  const { body } = await api.ask('GET', '/api/v1/syncs/harness');
  assert.deepEqual([body.state, body.state_word, body.has_worker], ['starting', 'Starting', false]);
  const other = await api.ask('PATCH', '/api/v1/syncs/harness', { stop_at_percent: 70 });
  assert.equal(other.status, 200, 'what does not matter for it can be changed');
  await lock.release();
  const answers = await Promise.all([recopying, second]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 409],
    JSON.stringify(answers.map((answer) => answer.body)),
  );
  await harness.until(sql`SELECT bool_and(state = 'current') FROM _lockstep.status`, 'both are copied again');
  assert.equal((await api.ask('GET', '/api/v1/syncs/harness')).body.stop_at_percent, 70);
});

test('a sync that somebody pauses during a recopy is paused after it', async () => {
  const { lock, recopying } = await recopyThatWaits();
  assert.equal((await api.ask('PATCH', '/api/v1/syncs/harness', { paused: true })).status, 200);
  await lock.release();
  assert.equal((await recopying).status, 200);
  const { body } = await api.ask('GET', '/api/v1/syncs/harness');
  assert.deepEqual([body.state_word, body.paused], ['Paused', true]);
  await api.ask('PATCH', '/api/v1/syncs/harness', { paused: false });
  await harness.until(sql`SELECT bool_and(state = 'current') FROM _lockstep.status`, 'both are copied again');
});

test('a worker that claims the sync before it has heard of its new org copies the new one all the same', async () => {
  await using late = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  await using lateApi = await openApiOn(late.control, [new URL(late.org.url).host]);
  late.startWorker({ listens: false });
  await late.untilComplete();
  const stops = late.nextSyncProblem('ORG-02');
  await late.org.control('/org/changeId', {});
  await stops;
  const { status, body } = await lateApi.ask('POST', '/api/v1/syncs/harness/recopy', {});
  assert.equal(status, 200, JSON.stringify(body));
  await late.until(sql`SELECT bool_and(state = 'current') FROM _lockstep.status`, 'the new org is copied');
});
