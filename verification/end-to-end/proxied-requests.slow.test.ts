/** What is kept of proxied requests, and that no value, query, body or token is stored with the control data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { openApiOn } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { dumpControl, linesWith } from '@lockstep/harness/control-dump';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { readActivity, readProxiedRequests, readProxyHours } from 'lockstep/control';

const canary = 'CANARY5b0e77';

test('of a proxied write its object, record and outcome are kept, and of no request a value, a query or a token', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead', 'Account'] });
  const { control } = harness.control;
  const { sync, org } = harness;
  harness.startWorker();
  await harness.untilComplete();
  const id = await sendRequests(harness);
  const found = await readProxiedRequests(control, sync.id, { limit: 100 });
  const facts = found
    .toReversed()
    .map(({ method, sobject, recordId, outcome, code, status }) => [
      method,
      sobject,
      recordId,
      outcome,
      code,
      status,
    ]);
  // One is noted after its answer, perhaps later than the next.
  for (const fact of [
    ['POST', 'lead', null, 'applied', null, 201],
    ['PATCH', 'lead', id, 'applied', null, 204],
    ['PATCH', 'lead', null, 'refused', null, 404],
  ])
    assert.ok(
      facts.some((one) => isDeepStrictEqual(one, fact)),
      JSON.stringify([fact, facts]),
    );
  assert.deepEqual(
    found
      .filter(({ outcome }) => outcome === 'unknown')
      .map(({ recordId, code, status }) => [recordId, code, status]),
    [[id, 'PRX-04', 504]],
  );
  const strangers = found.filter(({ method }) => method === 'DELETE');
  assert.deepEqual(
    strangers.map(({ recordId, outcome, code, status }) => [recordId, outcome, code, status]),
    [
      [null, 'refused', null, 401],
      [null, 'refused', 'PRX-02', 403],
    ],
  );
  const applied = found.find(({ outcome }) => outcome === 'applied');
  assert.ok(applied && applied.tookMs >= applied.upstreamMs && applied.upstreamMs > 0);
  const hours = await readProxyHours(control, sync.id, '2020-01-01T00:00:00Z');
  const reads = hours
    .filter(({ outcome }) => outcome === 'read')
    .reduce((sum, { requests }) => sum + requests, 0);
  assert.equal(reads, 2);

  await using api = await openApiOn(harness.control);
  await using cli = await openCli(api.environment);
  const { stdout, stderr } = await cli.run(['proxy', 'list', '--outcome', 'applied']);
  assert.match(stdout, new RegExp(` PATCH +Lead +${id} +applied +204 +\\d+ +\\d+ +[0-9a-f-]{36}$`, 'm'));
  assert.match(stderr, /^In 24 hours \d+ requests: .*2 read/m);

  assert.ok((await readActivity(control, sync.id, { limit: 1 })).length > 0);
  await control.usage.flush();
  const { text: stored } = await dumpControl(control.db);
  assert.match(stored, /applied/);
  for (const secret of [canary, await org.token('demo'), await org.token('integration'), 'SELECT Id'])
    assert.deepEqual(linesWith(stored, secret), []);
});

/** Requests of all kinds, with the canary wherever a caller can put it; returns the Id of the record that they write. */
async function sendRequests(harness: EndToEndHarness): Promise<string> {
  const leads = `${dataPath}/sobjects/Lead`;
  const created = await harness.call('POST', leads, { LastName: canary, Company: canary });
  const { id } = JSON.parse(created.text) as { id: string };
  await harness.call('GET', `${leads}/${id}?fields=LastName&note=${canary}`);
  await harness.call(
    'GET',
    `${dataPath}/query?q=${encodeURIComponent(`SELECT Id FROM Lead WHERE Company = '${canary}'`)}`,
  );
  await harness.call('PATCH', `${leads}/${id}`, { Company: `${canary} again` });
  await harness.call('PATCH', `${leads}/External__c/${canary}`, { LastName: canary });
  await harness.call('PATCH', `${leads}/${id}`, { NumberOfEmployees: canary });
  await harness.call('PATCH', `${dataPath}/sobjects/${canary}/${id}`, { Name: canary });
  await armFault(harness.org, {
    match: { method: 'PATCH', user: 'demo' },
    effect: { reset: 'after' },
  });
  await harness.call('PATCH', `${leads}/${id}`, { Company: `${canary} lost` });
  for (const token of [`00D000000000000!${canary}`, canary])
    await fetch(`${harness.base}${leads}/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
    });
  return id;
}
