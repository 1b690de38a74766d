import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSyncs } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import type { WorkerView } from '../contract/workers.ts';
import { runLeases } from '../control/index.ts';

test('workers tells which processes live, and which sync each one runs', async () => {
  await using api = await withSyncs(['acme', 'beta']);
  await using cli = await openCli(api.environment);
  const read = async () => (await api.ask('GET', '/api/v1/workers')).body.items as WorkerView[];
  assert.deepEqual(await read(), []);
  assert.match((await cli.run(['workers'])).stderr, /No process runs syncs/);

  const stop = new AbortController();
  const untilStopped = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const running = ['one', 'two'].map(async (workerId) =>
    runLeases(
      await api.control.openAnother(),
      { workerId, onClaim: (_, signal) => untilStopped(signal) },
      stop.signal,
    ),
  );
  const isShared = (workers: readonly WorkerView[]) =>
    workers.length === 2 && workers.every(({ syncs }) => syncs.length === 1);
  let workers: WorkerView[] = [];
  for (let tries = 0; tries < 100 && !isShared(workers); tries++) {
    workers = await read();
    await api.control.control.clock.sleep(100);
  }
  assert.ok(isShared(workers), JSON.stringify(workers));
  assert.deepEqual(workers.map(({ id }) => id).toSorted(), ['one', 'two']);
  assert.deepEqual(workers.map(({ syncs }) => syncs[0]?.name ?? '').toSorted(), ['acme', 'beta']);
  for (const { syncs, alive_until: aliveUntil, started_at: startedAt } of workers) {
    assert.ok((syncs[0]?.epoch ?? 0) >= 1 && syncs[0]?.claimed_at);
    assert.ok(Date.parse(aliveUntil) > Date.parse(startedAt));
  }
  const { stdout } = await cli.run(['workers']);
  assert.match(stdout, /^one +\d+ s ago +in \d+ s +(acme|beta) +\d+ +\d+ s ago$/m);
  stop.abort();
  await Promise.all(running);
  assert.deepEqual(await read(), []);
});
