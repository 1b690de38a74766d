/** Which process has run a sync, told by the API and by a command. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { type ApiHarness, openApiOn } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { startWorkerChild } from '@lockstep/harness/worker-child';

interface Lease {
  epoch: number;
  worker_id: string;
  claimed_at: string;
  ended_at: string | null;
  ending: string | null;
}

async function leases(api: ApiHarness): Promise<Lease[]> {
  const { status, body } = await api.ask('GET', '/api/v1/syncs/harness/leases');
  assert.equal(status, 200, JSON.stringify(body));
  return body.items as Lease[];
}

async function untilLeases(api: ApiHarness, endings: readonly string[]): Promise<Lease[]> {
  for (let tries = 0; tries < 150; tries++) {
    const found = await leases(api);
    if (found.map((one) => `${one.worker_id} ${one.ending}`).join() === endings.join()) return found;
    await systemClock.sleep(100);
  }
  throw new Error(`${JSON.stringify(await leases(api))} never became ${endings.join()}`);
}

test('the leases of a sync tell which process held it, also of one that was killed', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 100 }, sobjects: ['Account'] });
  await using api = await openApiOn(harness.control);
  await using cli = await openCli(api.environment);
  assert.match((await cli.run(['sync', 'leases'])).stderr, /No process has run it/);

  await using first = startWorkerChild(harness, 'first');
  await first.firstTick;
  await untilLeases(api, ['first null']);
  await first[Symbol.asyncDispose]();
  const [lost] = await untilLeases(api, ['first lost']);
  assert.equal(lost?.ended_at, null, 'nobody knows since when');

  await using _second = startWorkerChild(harness, 'second');
  const [now, before] = await untilLeases(api, ['second null', 'first taken over']);
  assert.equal(now?.epoch, (before?.epoch ?? 0) + 1);
  assert.equal(before?.ended_at, now.claimed_at);

  const pause = (paused: boolean) => api.ask('PATCH', '/api/v1/syncs/harness', { paused });
  await pause(true);
  const [paused] = await untilLeases(api, ['second released', 'first taken over']);
  assert.ok(Date.parse(paused?.ended_at ?? '') > Date.parse(paused?.claimed_at ?? ''));
  await pause(false);
  await untilLeases(api, ['second null', 'second released', 'first taken over']);

  const shown = await cli.run(['sync', 'leases']);
  assert.match(shown.stdout, /^ +3 +second +\d+ s ago +– +lasts$/m);
  assert.match(shown.stdout, /^ +1 +first +\d+ s ago +\d+ s ago +taken over$/m);
  const newest = await cli.run(['sync', 'leases', '--limit', '1', '--json']);
  const { items, next } = JSON.parse(newest.stdout) as { items: Lease[]; next: string };
  assert.deepEqual(
    items.map(({ epoch }) => epoch),
    [3],
  );
  const older = await cli.run(['sync', 'leases', '--after', next, '--json']);
  assert.deepEqual(
    (JSON.parse(older.stdout) as { items: Lease[] }).items.map(({ epoch }) => epoch),
    [2, 1],
  );
});
