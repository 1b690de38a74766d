/** A version of Salesforce's API that the org stops serving while a sync speaks it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openRunningSync } from '@lockstep/harness/running-sync';

const { harness, api, cli } = await openRunningSync();

const shown = async () => {
  const { body } = await api.ask('GET', '/api/v1/syncs/harness');
  return { version: String(body.api_version), state: body.state };
};

test('the sync moves on by itself, says so, and copies nothing again', async () => {
  const chosen = await cli.run(['sync', 'set', '--api-version', '60.0', '--json']);
  assert.deepEqual([chosen.code, JSON.parse(chosen.stdout).api_version], [0, '60.0'], chosen.stderr);
  const [first] = await harness.admin.query<{ ctid: string }>(
    sql`SELECT ctid::text AS ctid FROM salesforce.account ORDER BY id LIMIT 1`,
  );

  await harness.org.control('/org/retireVersions', { until: 60 });
  await harness.org.request('POST', '/services/data/v62.0/sobjects/Account', {
    body: { Name: 'after the retirement' },
  });
  await harness.until(
    sql`SELECT count(*) = 1 FROM salesforce.account WHERE name = 'after the retirement'`,
    'the change is read',
  );

  const { version, state } = await shown();
  assert.ok(Number(version) > 60, version);
  assert.equal(state, 'running');
  assert.match(harness.control.log.text(), /VER-02/);
  const [same] = await harness.admin.query<{ ctid: string }>(
    sql`SELECT ctid::text AS ctid FROM salesforce.account ORDER BY id LIMIT 1`,
  );
  assert.deepEqual(same, first);
  const show = await cli.run(['sync', 'show']);
  assert.match(show.stdout, new RegExp(`API version ${version}`));
});
