/** What is recorded of a sync while it lives, and that no value, token or query is among it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { openApiOn } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import {
  changeSettings,
  makeSyncRequest,
  readActivity,
  readAgeAndRequests,
  readFreshness,
  readUsageHours,
} from 'lockstep/control';

const factsOf = async ({ control: { control }, sync }: EndToEndHarness): Promise<string[]> =>
  (await readActivity(control, sync.id, { limit: 500 }))
    .toReversed()
    .map(({ kind, event, sobject, code, detail, rows }) =>
      [kind, sobject, event, code, detail, rows].filter((word) => word !== null).join(' '),
    );

async function untilFact(harness: EndToEndHarness, fact: string): Promise<void> {
  for (let tries = 0; tries < 900; tries++) {
    if ((await factsOf(harness)).includes(fact)) return;
    await systemClock.sleep(100);
  }
  assert.fail(`no ${fact} in:\n${(await factsOf(harness)).join('\n')}`);
}

test('the activity of a sync tells its states, faults, refused sign-ins, hidden fields and repairs', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Account', 'Lead'] });
  const { control } = harness.control;
  const { sync, org } = harness;
  const worker = harness.startWorker();
  await harness.untilComplete();
  await untilFact(harness, 'state Lead current');
  await untilFact(harness, 'state Account current');
  const { rows } = (
    await harness.reader.query<{ rows: number }>(sql`SELECT sum(rows)::integer AS rows FROM _lockstep.status`)
  )[0] ?? { rows: 0 };
  await untilFact(harness, `backfill complete ${rows}`);
  await untilFact(harness, 'state running');

  const match = { path: '*/composite', user: 'integration' } as const;
  const unavailable = await armFault(org, { match, times: null, effect: { answer: 'SERVER_UNAVAILABLE' } });
  await untilFact(harness, 'state waiting LIM-06');
  const goesOn = harness.nextSyncProblem(null);
  await unavailable.end();
  await goesOn;

  const refused = await armFault(org, {
    match: { path: '/services/oauth2/token' },
    times: null,
    effect: { answer: 'INVALID_GRANT' },
  });
  await org.control('/signIn/expireTokens', { user: 'integration' });
  await untilFact(harness, 'credential refused SF-01');
  await untilFact(harness, 'state waiting SF-01');
  await refused.end();
  await changeSettings(control, sync.id, {}); // tried again at once

  await org.control('/users/rights', {
    user: 'integration',
    fields: { 'Account.Industry': { read: false } },
  });
  await untilFact(harness, 'schema Account field hidden Industry');

  await harness.admin.script('DELETE FROM salesforce.lead WHERE id = (SELECT min(id) FROM salesforce.lead)');
  await makeSyncRequest(control, sync.id, { kind: 'verify content', objects: ['Lead'] } as never);
  await untilFact(harness, 'check Lead missing 1');

  await harness.admin.script(
    `ALTER TABLE salesforce.lead ADD CONSTRAINT theirs CHECK (company <> 'Refused') NOT VALID`,
  );
  const [lead] = await harness.reader.query<{ id: string }>(sql`SELECT min(id) AS id FROM salesforce.lead`);
  await harness.call('PATCH', `${dataPath}/sobjects/Lead/${lead?.id}`, { Company: 'Refused' });
  await untilFact(harness, 'problem Lead set aside 1');
  await harness.admin.script(`
    ALTER TABLE salesforce.lead DROP CONSTRAINT theirs;
    UPDATE _lockstep.quarantine SET retry_at = clock_timestamp()`);
  await untilFact(harness, 'problem Lead stored after all 1');

  await expectFigures(harness);
  await changeSettings(control, sync.id, { paused: true });
  await untilFact(harness, 'state paused');
  await worker.stop();

  await using api = await openApiOn(harness.control);
  await using cli = await openCli(api.environment);
  const told = await cli.run(['activity', '--needs-person']);
  assert.match(told.stdout, /WHEN +KIND +WHAT\n[^\n]*SF-01/);
  const all = await cli.run(['activity', '--json', '--object', 'Lead', '--since', '1h']);
  const { items } = JSON.parse(all.stdout) as { items: { object: string }[] };
  assert.ok(items.length >= 2 && items.every(({ object }) => object === 'Lead'), all.stdout);
});

/** Freshness, and all requests of the sync in their hours. */
async function expectFigures({ control: { control }, sync }: EndToEndHarness): Promise<void> {
  const ages = await readFreshness(control, sync.id, {
    since: '2020-01-01T00:00:00Z',
    isByHour: false,
    after: null,
    limit: 10,
  });
  assert.ok(ages.some(({ sobject, max }) => sobject === 'Account' && max < 3_600));
  const hours = await readUsageHours(control, sync.id, {
    since: '2020-01-01T00:00:00Z',
    after: null,
    limit: 100,
  });
  const sent = hours.reduce((sum, { requests }) => sum + requests, 0);
  const counted = (await readAgeAndRequests(control, sync.id)).requests;
  assert.ok(Math.abs(sent - counted) <= 2, `${sent} of ${counted} requests`);
  assert.ok(hours.some((one) => one.purpose === 'poll' && one.sobject === 'Lead' && one.queries > 0));
}
