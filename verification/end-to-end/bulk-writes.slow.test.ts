/** Bulk jobs through the proxy: their records follow once Salesforce has finished the job; no sooner is promised. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

const send = async (harness: EndToEndHarness, method: string, path: string, body: string, type: string) => {
  const answer = await fetch(`${harness.base}${dataPath}/${path}`, {
    method,
    headers: { authorization: `Bearer ${await harness.org.token('demo')}`, 'content-type': type },
    body,
  });
  return {
    status: answer.status,
    applied: answer.headers.get('lockstep-applied'),
    text: await answer.text(),
  };
};

test('what a bulk job writes is in the mirror within seconds of its end', async () => {
  await using harness = await openEndToEndHarness({
    org: { records: 300 },
    sobjects: ['Account', 'Contact'],
    intervalMs: 1_000,
  });
  harness.startWorker();
  await harness.untilComplete();
  const json = 'application/json';
  const opened = await send(
    harness,
    'POST',
    'jobs/ingest',
    '{"object":"Account","operation":"insert"}',
    json,
  );
  assert.deepEqual([opened.status, opened.applied], [200, 'poll'], opened.text);
  const { id } = JSON.parse(opened.text) as { id: string };
  const rows = Array.from({ length: 500 }, (_, place) => `Loaded ${place}`);
  const put = await send(
    harness,
    'PUT',
    `jobs/ingest/${id}/batches`,
    `Name\n${rows.join('\n')}\n`,
    'text/csv',
  );
  assert.equal(put.status, 201);
  const closed = await send(harness, 'PATCH', `jobs/ingest/${id}`, '{"state":"UploadComplete"}', json);
  assert.deepEqual([closed.status, closed.applied], [200, 'poll'], closed.text);
  await harness.until(
    sql`SELECT count(*) = 500 AS are_there FROM salesforce.account WHERE name LIKE 'Loaded %'`,
    'the records of the job are in the mirror',
  );
});
