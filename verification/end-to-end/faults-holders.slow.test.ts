/**
 * Two workers for one sync. Covers: a holder that is stopped and goes on after another one took over, two workers
 * started by mistake.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { openClockHarness } from '@lockstep/harness/clock-harness';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { startWorkerChild } from '@lockstep/harness/worker-child';

const poll = { contains: 'SystemModstamp >', inside: 'only' } as const;

test('a worker that is suspended until another takes over changes nothing when it goes on', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  const created = await harness.org.request('POST', `${dataPath}/sobjects/Account`, {
    body: { Name: 'Old' },
  });
  const { id } = created.json as { id: string };
  await using stopped = startWorkerChild(harness, 'stopped');
  await harness.untilComplete();

  const page = await armFault(harness.org, { match: poll, effect: { hang: 'after' } });
  await page.untilFired();
  stopped.signal('SIGSTOP');
  const other = harness.startWorker();
  await harness.org.request('PATCH', `${dataPath}/sobjects/Account/${id}`, { body: { Name: 'New' } });
  await harness.until(
    sql`SELECT name = 'New' FROM salesforce.account WHERE id = ${id}`,
    'the other worker has taken over',
  );
  const version = () => harness.admin.query(sql`SELECT name, xmin FROM salesforce.account WHERE id = ${id}`);
  const before = await version();

  const gaveUp = stopped.says(
    '(another holder took over|sync waits|tick failed|leases lost, claiming again)',
  );
  await page.release();
  stopped.signal('SIGCONT');
  await gaveUp;
  assert.deepEqual(await version(), before, 'the row was not written again');
  await other.stop();
});

test('a page of a former holder is refused, and the former holder ends by itself', async () => {
  await using harness = await openClockHarness({ sobjects: ['Account'] });
  await harness.finishBackfill();
  const { received } = harness.holder.counts;
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name: 'Old' } }]);
  const page = await harness.inject({ match: poll, effect: { hang: 'after' } });
  await harness.advance(harness.intervalMs);
  await page.untilFired();

  const successor = harness.startAnother();
  await harness.write([{ update: id, values: { Name: 'New' } }]);
  await successor.untilAsleep();
  await harness.advance(harness.intervalMs);
  await successor.untilAsleep();
  assert.equal((await harness.row('account', id))?.name, 'New');

  await page.release();
  await harness.holder.ended;
  assert.equal((await harness.row('account', id))?.name, 'New');
  assert.equal(harness.holder.counts.received, received, 'its page was refused as a whole');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('of two workers started for one sync by mistake only one runs it, at its usual pace', async () => {
  await using harness = await openEndToEndHarness({
    org: { records: 300 },
    sobjects: ['Account'],
    intervalMs: 250,
  });
  await using first = startWorkerChild(harness, 'first');
  await first.firstTick;
  harness.startWorker();
  await harness.untilComplete();
  const requests = await armFault(harness.org, {
    match: { path: '*/composite', user: 'integration' },
    times: null,
    effect: { delayMs: 0 },
  });
  const began = systemClock.now();
  await requests.untilFired(6);
  const tookMs = systemClock.now() - began;
  assert.ok(tookMs >= 4 * 250, `six requests in ${tookMs} ms`);
  const [sessions] = await harness.admin.query(sql`
    SELECT count(DISTINCT application_name) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'lockstep/%'`);
  assert.deepEqual(sessions, { count: 1 });
});
