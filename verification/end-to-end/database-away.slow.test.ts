import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { changeSettings } from 'lockstep/control';

/** Ways in which a database takes no writes: how to begin it, how to end it, and the code of its fault. */
const ways = {
  'is away': ['ALLOW_CONNECTIONS false', 'ALLOW_CONNECTIONS true', 'DB-02'],
  'takes no more connections': ['CONNECTION LIMIT 0', 'CONNECTION LIMIT -1', 'DB-02'],
  'is read-only': ['SET default_transaction_read_only = on', 'RESET default_transaction_read_only', 'DB-08'],
} as const;
type Way = keyof typeof ways;

/** Closes the mirror's database in this way and ends all its sessions; undone when disposed. */
async function takeAway(harness: EndToEndHarness, way: Way): Promise<AsyncDisposable> {
  const { db } = harness.control.database;
  const { database } = harness.sync.destination;
  const [close, reopen] = ways[way];
  const endSessions = sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${database}`;
  const alter = (what: string) => db.transaction((tx) => tx.script(`ALTER DATABASE "${database}" ${what}`));
  await alter(close);
  await db.query(endSessions);
  return {
    async [Symbol.asyncDispose]() {
      await alter(reopen);
      await db.query(endSessions); // sessions opened meanwhile keep the old setting
    },
  };
}

for (const way of Object.keys(ways) as Way[]) {
  test(`while the mirror’s database ${way} a write is refused before anything is sent`, async () => {
    await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
    const before = await harness.countInOrg('Account');
    {
      await using _away = await takeAway(harness, way);
      const refused = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Never sent' });
      assert.equal(refused.status, 503);
      assert.equal(refused.headers.get('lockstep-error'), 'PRX-12');
      assert.match(refused.text, /LOCKSTEP_PRX_12/);
      const read = await harness.call(
        'GET',
        `${dataPath}/query?q=${encodeURIComponent('SELECT COUNT() FROM Account')}`,
      );
      assert.equal(read.status, 200, 'reads are forwarded');
    }
    assert.equal(await harness.countInOrg('Account'), before);
    const written = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Sent' });
    assert.equal(written.headers.get('lockstep-applied'), 'yes', 'it goes on when the database is back');
  });

  test(`the sync waits while the database ${way} and goes on from where it was`, async () => {
    await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead'] });
    harness.startWorker();
    await harness.untilComplete();
    const { log } = harness.control;
    let waits = log.next('sync waits');
    {
      await using _away = await takeAway(harness, way);
      // Sessions that were open first see that their connection is gone.
      while ((await waits).code !== ways[way][2]) waits = log.next('sync waits');
      await harness.org.request('POST', `${dataPath}/sobjects/Lead`, {
        body: { LastName: 'Meanwhile', Company: 'Written while the mirror was away' },
      });
    }
    await harness.until(
      sql`SELECT EXISTS (SELECT FROM salesforce.lead WHERE lastname = 'Meanwhile')`,
      'what was written meanwhile is there',
    );
  });
}

test('a sync set to forward writes without the database answers pending, and marks the records when it is back', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  await changeSettings(harness.control.control, harness.sync.id, { withoutDatabase: 'forward' });
  let id = '';
  {
    await using _away = await takeAway(harness, 'is away');
    const answer = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Sent without' });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('lockstep-applied'), 'pending');
    ({ id } = JSON.parse(answer.text) as { id: string });
  }
  const isMarked = async () => {
    const marks = await harness.admin.query(sql`SELECT id FROM _lockstep.dirty WHERE urgent`);
    return marks.some((mark) => mark.id === id);
  };
  for (let looks = 0; looks < 300 && !(await isMarked()); looks++) await systemClock.sleep(100);
  assert(await isMarked(), 'the record is marked although no worker runs the sync');
  harness.startWorker();
  await harness.until(
    sql`SELECT EXISTS (SELECT FROM salesforce.account WHERE id = ${id} AND name = 'Sent without')`,
    'the record follows',
  );
});

test('a write whose record cannot be stored in time answers pending, and the record follows', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  const created = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Before' });
  const { id } = JSON.parse(created.text) as { id: string };
  const blocker = await harness.admin.session();
  await blocker.script('BEGIN; SELECT FROM _lockstep.checkpoint FOR NO KEY UPDATE');
  const began = systemClock.now();
  const answer = await harness.call('PATCH', `${dataPath}/sobjects/Account/${id}`, { Name: 'After' });
  assert.equal(answer.status, 204, 'Salesforce’s answer is forwarded');
  assert.equal(answer.headers.get('lockstep-applied'), 'pending');
  assert.ok(systemClock.now() - began < 4_500, 'the answer is delayed by three seconds at most');
  await blocker.close();
  harness.startWorker();
  await harness.until(
    sql`SELECT EXISTS (SELECT FROM salesforce.account WHERE id = ${id} AND name = 'After')`,
    'the record follows',
  );
  await harness.until(
    sql`SELECT count(*) = 1 FROM salesforce.account WHERE id = ${id}`,
    'the mirror has it once',
  );
});

test('writes that a dead proxy left without an outcome are read again by the worker that takes over the sync', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead'] });
  const first = harness.startWorker();
  await harness.untilComplete();
  await first.stop();
  const [lead] = await harness.org.db.query<{ id: string }>(sql`
    UPDATE org."Lead" SET "Company" = 'Unseen by its stamp'
     WHERE "Id" = (SELECT min("Id") FROM org."Lead" WHERE NOT "IsDeleted") RETURNING "Id" AS id`);
  const id = lead?.id ?? '';
  await harness.admin.query(sql`
    INSERT INTO _lockstep.intent (owner, method, sobject, id) VALUES ('a proxy that died', 'PATCH', 'lead', ${id})`);
  harness.startWorker();
  await harness.until(
    sql`SELECT company = 'Unseen by its stamp' FROM salesforce.lead WHERE id = ${id}`,
    'the record is read by its Id',
  );
  const [intent] = await harness.admin.query(
    sql`SELECT outcome FROM _lockstep.intent WHERE owner = 'a proxy that died'`,
  );
  assert.deepEqual(intent, { outcome: 'unknown' });
});

test('marks and outcomes that are lost with a cut connection are recorded over another one', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  const { admin, org } = harness;
  const created = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Before' });
  const { id } = JSON.parse(created.text) as { id: string };
  await org.request('DELETE', `${dataPath}/sobjects/Account/${id}`);
  await org.control('/faults', { match: { method: 'PATCH' }, effect: { delayAnswerMs: 1_000 } });
  const answering = harness.call('PATCH', `${dataPath}/sobjects/Account/${id}`, { Name: 'Too late' });
  const isUnderWay = sql`SELECT FROM _lockstep.intent WHERE outcome IS NULL`;
  while ((await admin.query(isUnderWay)).length === 0) await systemClock.sleep(20);

  const blocker = await admin.session();
  await blocker.script('BEGIN; LOCK _lockstep.dirty, _lockstep.intent');
  const cutWaiting = sql`
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'lockstep-proxy/%' AND wait_event_type = 'Lock'`;
  for (let cuts = 0; cuts < 2; ) {
    cuts += (await admin.query(cutWaiting)).length;
    await systemClock.sleep(20);
  }
  const answer = await answering;
  assert.equal(answer.status, 404);
  await blocker.close();

  const isRecorded = sql`
    SELECT FROM _lockstep.dirty
     WHERE id = ${id} AND NOT EXISTS (SELECT FROM _lockstep.intent WHERE outcome IS NULL)`;
  for (let tries = 0; (await admin.query(isRecorded)).length === 0; tries++) {
    assert.ok(tries < 400, 'the write has an outcome, and its record is marked');
    await systemClock.sleep(50);
  }
});
