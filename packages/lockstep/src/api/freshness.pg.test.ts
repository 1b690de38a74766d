import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSyncs } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { findSync, recordAges } from '../control/index.ts';

test('freshness tells how far each table was behind, also in pages and on the command line', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  const sync = await findSync(control, 'acme');
  assert(sync);
  const path = '/api/v1/syncs/acme/freshness';
  assert.deepEqual((await api.ask('GET', path)).body.items, []);
  await recordAges(control, sync.id, [
    { sobject: 'Account', seconds: 7 },
    { sobject: 'Contact', seconds: 180 },
  ]);
  const of = (object: string, ms: number) => ({ object, samples: 1, p50_ms: ms, p95_ms: ms, max_ms: ms });
  const { body } = await api.ask('GET', `${path}?limit=1`);
  assert.deepEqual(body.items, [{ hour: null, ...of('Account', 7_000) }]);
  const rest = await api.ask('GET', `${path}?limit=1&after=${body.next as string}`);
  assert.deepEqual([rest.body.items, rest.body.next], [[{ hour: null, ...of('Contact', 180_000) }], null]);
  const [hour] = (await api.ask('GET', `${path}?by=hour&object=contact`)).body.items as { hour: string }[];
  assert.match(hour?.hour ?? '', /:00:00Z$/);

  await using cli = await openCli(api.environment);
  const { stdout } = await cli.run(['freshness', '--since', '1h']);
  assert.match(stdout, /^Contact +3 min +3 min +3 min +1$/m);
  const byHour = await cli.run(['freshness', '--by-hour', '--object', 'Account']);
  assert.match(byHour.stdout, /^\d{4}-\d\d-\d\d \d\d:00 +Account +7 s +7 s +7 s +1$/m);
});
