/** A version of Salesforce's API that the org will stop serving, and stops serving while a sync speaks it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openRunningSync } from '@lockstep/harness/running-sync';

const { harness, api, cli } = await openRunningSync();

const shown = async () => {
  const { body } = await api.ask('GET', '/api/v1/syncs/harness');
  return { version: String(body.api_version), state: body.state };
};

/** Of the mirror's own database alone, for everybody who asks it. */
const setClock = (time: string | null) =>
  harness.admin.script(
    `CREATE OR REPLACE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz VOLATILE ${
      time === null
        ? `LANGUAGE internal AS 'clock_timestamp'`
        : `LANGUAGE sql AS $$ SELECT timestamptz '${time}' $$`
    }`,
  );

test('in the year before, everything that shows the version says when it ends, whatever else is to be said', async () => {
  const chosen = await cli.run(['sync', 'set', '--api-version', '38.0']);
  assert.equal(chosen.code, 0, chosen.stderr);
  const endAt = async (time: string) => {
    await setClock(time);
    const { body } = await api.ask('GET', '/api/v1/syncs/harness');
    const status = await cli.run(['status']);
    const show = await cli.run(['sync', 'show']);
    return {
      end: body.api_version_ends,
      headline: String(body.headline),
      said: [status.stdout, show.stdout],
    };
  };
  try {
    const early = await endAt('2027-05-01 00:00:00+00');
    assert.deepEqual([early.end, early.said.filter((text) => text.includes('Summer'))], [null, []]);
    const late = await endAt('2027-07-01 00:00:00+00');
    assert.equal(late.end, "Summer '28");
    assert.match(late.headline, /last read/, 'it is not the only thing to be said');
    assert.match(late.said[0] ?? '', /stops serving API version 38\.0, which it uses, in Summer '28\./);
    assert.match(late.said[0] ?? '', /next: .*lockstep sync set --sync harness --api-version newest/);
    assert.match(late.said[1] ?? '', /API version 38\.0, which Salesforce stops serving in Summer '28/);
    const check = await cli.run(['status', '--check']);
    assert.match(`${check.stdout}${check.stderr}`, /stops serving API version 38\.0/);
  } finally {
    await setClock(null);
  }
});

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
  assert.equal(state, 'live');
  assert.match(harness.control.log.text(), /VER-02/);
  const [same] = await harness.admin.query<{ ctid: string }>(
    sql`SELECT ctid::text AS ctid FROM salesforce.account ORDER BY id LIMIT 1`,
  );
  assert.deepEqual(same, first);
  const show = await cli.run(['sync', 'show']);
  assert.match(show.stdout, new RegExp(`API version ${version}`));
  const { body } = await api.ask('GET', '/api/v1/syncs/harness/activity?kind=org');
  const entries = (body.items as { code: string; detail: string }[]).map(({ code, detail }) => [
    detail,
    code,
  ]);
  assert.deepEqual(entries, [
    [version, 'VER-02'],
    ['60.0', null],
    ['38.0', null],
  ]);
});
