/**
 * Two that hold one sync. Rows of the list of faults: 59 (a holder that is stopped and goes on after another one took
 * over), 60 (two workers started by mistake).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { openStage } from '@lockstep/harness/stage';
import { armFault } from '@lockstep/harness/struck-fault';
import { startWorkerChild } from '@lockstep/harness/worker-child';
import { dataPath, openWorld } from '@lockstep/harness/world';

const poll = { contains: 'SystemModstamp >', inside: 'only' } as const;

test('a worker that is stopped for so long that another takes over changes nothing when it goes on', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Account'] });
  const created = await world.org.request('POST', `${dataPath}/sobjects/Account`, { body: { Name: 'Old' } });
  const { id } = created.json as { id: string };
  await using stopped = startWorkerChild(world, 'stopped');
  await world.untilComplete();

  const page = await armFault(world.org, { match: poll, effect: { hang: 'after' } });
  await page.struck();
  stopped.signal('SIGSTOP');
  const other = world.startWorker();
  await world.org.request('PATCH', `${dataPath}/sobjects/Account/${id}`, { body: { Name: 'New' } });
  await world.until(
    sql`SELECT name = 'New' FROM salesforce.account WHERE id = ${id}`,
    'the other worker has taken over',
  );
  const version = () => world.admin.query(sql`SELECT name, xmin FROM salesforce.account WHERE id = ${id}`);
  const before = await version();

  const gaveUp = stopped.says(
    '(another holder took over|sync waits|tick failed|leases lost, claiming starts again)',
  );
  await page.release();
  stopped.signal('SIGCONT');
  await gaveUp;
  assert.deepEqual(await version(), before, 'the row was not written again');
  await other.stop();
});

test('a page of a former holder is refused, and the former holder ends by itself', async () => {
  await using stage = await openStage({ sobjects: ['Account'] });
  await stage.copy();
  const { received } = stage.holder.counts;
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'Old' } }]);
  const page = await stage.strike({ match: poll, effect: { hang: 'after' } });
  await stage.advance(stage.intervalMs);
  await page.struck();

  const successor = stage.startAnother();
  await stage.write([{ update: id, values: { Name: 'New' } }]);
  await successor.untilRest();
  await stage.advance(stage.intervalMs);
  await successor.untilRest();
  assert.equal((await stage.row('account', id))?.name, 'New');

  await page.release();
  await stage.holder.ended;
  assert.equal((await stage.row('account', id))?.name, 'New');
  assert.equal(stage.holder.counts.received, received, 'its page was refused as a whole');
  await stage.settle();
  await stage.expectWhole();
});

test('of two workers that run one sync by mistake one does, at the pace of one', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Account'], intervalMs: 250 });
  await using first = startWorkerChild(world, 'first');
  await first.firstTick;
  world.startWorker();
  await world.untilComplete();
  const requests = await armFault(world.org, {
    match: { path: '*/composite', user: 'integration' },
    times: null,
    effect: { delayMs: 0 },
  });
  const began = systemClock.now();
  await requests.struck(6);
  const tookMs = systemClock.now() - began;
  assert.ok(tookMs >= 4 * 250, `six requests in ${tookMs} ms`);
  const [held] = await world.admin.query(sql`
    SELECT count(DISTINCT application_name) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'lockstep/%'`);
  assert.deepEqual(held, { count: 1 });
});
