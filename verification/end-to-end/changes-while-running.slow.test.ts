/** Two people change a sync again and again while a worker runs it: it ends as its settings say, and complete. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, openApiOn } from '@lockstep/harness/api-harness';
import { type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { withSeed } from '@lockstep/harness/property';

const path = '/api/v1/syncs/harness';
const turns = 30;

const changes: readonly ((api: ApiHarness) => ReturnType<ApiHarness['ask']>)[] = [
  (api) => api.ask('POST', `${path}/objects`, { objects: ['Lead'] }),
  (api) => api.ask('POST', `${path}/objects`, { objects: ['Contact', 'Lead'] }),
  (api) => api.ask('DELETE', `${path}/objects/Lead?drop_table=true`),
  (api) => api.ask('DELETE', `${path}/objects/Lead`),
  (api) => api.ask('DELETE', `${path}/objects/Contact?drop_table=true`),
  (api) => api.ask('PATCH', path, { paused: true }),
  (api) => api.ask('PATCH', path, { paused: false }),
  (api) => api.ask('PATCH', path, { fields_left_out: ['Contact.Fax', 'Lead.Fax'] }),
  (api) => api.ask('PATCH', path, { fields_left_out: [] }),
  (api) => api.ask('PUT', `${path}/api-version`, { api_version: '61.0' }),
  (api) => api.ask('PUT', `${path}/api-version`, { api_version: 'newest' }),
  (api) => api.ask('POST', `${path}/operations`, { kind: 'flush' }),
  (api) => api.ask('POST', `${path}/operations`, { kind: 'verify', level: 'counts' }),
];

test('a sync that two people change while it runs ends as its settings say, and complete', async () => {
  await using harness = await openEndToEndHarness({
    org: { records: 600 },
    sobjects: ['Account', 'Contact'],
    intervalMs: 200,
  });
  const { host } = new URL(harness.org.url);
  await using api = await openApiOn(harness.control, [host]);
  harness.startWorker();
  await harness.untilComplete();
  await withSeed(20_261_130, async (random) => {
    const person = async () => {
      for (let turn = 0; turn < turns; turn++) {
        const change = changes[random.between(0, changes.length - 1)];
        const answer = await change?.(api);
        assert.ok(answer && answer.status < 500, JSON.stringify(answer?.body));
        if (answer.status >= 400) assert.notEqual(String(answer.body.next), '', JSON.stringify(answer.body));
        await systemClock.sleep(random.between(0, 300));
      }
    };
    await Promise.all([person(), person()]);
  });
  assert.equal((await api.ask('PATCH', path, { paused: false })).status, 200);
  await isComplete(harness, api);
});

async function isComplete(harness: EndToEndHarness, api: ApiHarness): Promise<void> {
  const view = async () => (await api.ask('GET', path)).body as { objects: string[]; leaving: string[] };
  for (let tries = 0; tries < 600 && (await view()).leaving.length > 0; tries++) await systemClock.sleep(50);
  const { objects, leaving } = await view();
  assert.deepEqual(leaving, []);
  await harness.until(
    sql`SELECT array_agg(sobject ORDER BY sobject) = ${objects.toSorted()}::text[] AND bool_and(state = 'current')
          FROM _lockstep.status`,
    `${objects.join()} are current`,
  );
  const { id } = (await api.ask('POST', `${path}/operations`, { kind: 'verify', level: 'content' })).body;
  let operation: Record<string, unknown> = {};
  while (operation.state !== 'done') {
    await systemClock.sleep(50);
    operation = (await api.ask('GET', `/api/v1/operations/${String(id)}`)).body;
    assert.notEqual(operation.state, 'failed', JSON.stringify(operation));
  }
  const { repairs, skipped } = operation.result as { repairs: unknown[]; skipped: unknown[] };
  assert.deepEqual([repairs, skipped], [[], []]);
}
