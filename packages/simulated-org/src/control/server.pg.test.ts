import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { endpointGroups } from './control-endpoints.ts';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

/** With any headers: fetch would not send a custom Host. */
async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
  const { hostname, port } = new URL(org.controlUrl());
  const asked = request({ host: hostname, port, method, path, headers });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [
    AsyncIterable<Buffer> & { statusCode: number; headers: IncomingHttpHeaders },
  ];
  const json = JSON.parse(await text(answer)) as { error?: string };
  return { status: answer.statusCode, json, error: json.error ?? '' };
}

const json = { 'Content-Type': 'application/json' };
const { port } = new URL(org.controlUrl());

test('the root lists every control endpoint with what it does, its body and an example', async () => {
  const { status, json: list } = await ask('GET', '/');
  assert.equal(status, 200);
  const { groups } = list as unknown as { groups: { endpoints: Record<string, unknown>[] }[] };
  const listed = groups.flatMap((group) => group.endpoints);
  assert.equal(listed.length, endpointGroups.flatMap((group) => group.endpoints).length);
  const advance = listed.find((endpoint) => endpoint.path === '/clock/advance');
  assert.deepEqual(advance?.example, { ms: 3_600_000 });
  assert.match(JSON.stringify(advance?.body), /"ms":\{.*"type":"integer"/);
});

test("only requests to this machine's names and the control API's port are answered", async () => {
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `LOCALHOST:${port}`])
    assert.equal((await ask('GET', '/clock', { Host: host })).status, 200, host);
  for (const host of [
    `evil.example:${port}`,
    'localhost',
    `127.0.0.1:${Number(port) + 1}`,
    `10.0.0.1:${port}`,
  ]) {
    const { status, error } = await ask('GET', '/clock', { Host: host });
    assert.equal(status, 403, host);
    assert.match(error, /Host has to be one of 127\.0\.0\.1:/);
  }
});

test('requests from a web page are always refused', async () => {
  const { status, error } = await ask('POST', '/clock/advance', { ...json, Origin: org.url }, '{"ms":1}');
  assert.equal(status, 403);
  assert.match(error, /Origin/);
  assert.equal((await ask('GET', '/', { Origin: 'null' })).status, 403);
});

test('an invalid request is refused with advice on what to do', async () => {
  const cases: [
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | undefined,
    status: number,
    says: RegExp,
  ][] = [
    ['GET', '/nowhere', {}, undefined, 404, /GET \/ lists/],
    ['DELETE', '/faults', {}, undefined, 405, /use GET or POST/],
    ['GET', '/clock/set', {}, undefined, 405, /use POST for/],
    ['POST', '/', json, '{}', 405, /use GET/],
    ['POST', '/clock/advance', {}, '{"ms":1}', 415, /Content-Type: application\/json/],
    ['POST', '/clock/advance', { 'Content-Type': 'text/plain' }, '{"ms":1}', 415, /application\/json/],
    ['POST', '/clock/advance', json, '{"ms":', 400, /not JSON/],
    ['POST', '/clock/advance', json, '{"ms":"1"}', 400, /^ms: .*GET \/ shows the body of \/clock\/advance/],
    ['POST', '/clock/advance', json, '{"ms":1,"m":2}', 400, /"m"/],
    ['POST', '/clock/set', json, '{"to":"yesterday"}', 400, /^to: /],
    [
      'POST',
      '/records/write',
      json,
      '{"writes":[{"create":"Nothing__c","values":{}}]}',
      404,
      /no sobject "Nothing__c": give one of/,
    ],
    [
      'POST',
      '/records/write',
      json,
      '{"as":"nobody","writes":[{"delete":"x"}]}',
      400,
      /"nobody" is not a user/,
    ],
    ['POST', '/records/write', json, '{"writes":[{"delete":"x"}]}', 400, /MALFORMED_ID/],
    ['POST', '/records/write', json, '{"writes":[{"delete":"001Hp0000000zzzAAA"}]}', 404, /NOT_FOUND/],
    ['POST', '/records/write', json, '{"writes":[{"delete":"zzzHp0000000zzzAAA"}]}', 404, /to no sobject/],
    ['POST', '/transactions/commit', json, '{"id":"x"}', 404, /see GET \/transactions/],
    ['POST', '/faults/delete', json, '{"id":"x"}', 404, /see GET \/faults/],
    ['POST', '/faults', json, '{"effect":{"readFrom":"x"}}', 404, /POST \/snapshots\/open/],
    ['POST', '/faults', json, '{"effect":{}}', 400, /at least one effect/],
    ['POST', '/clock/set', json, '{"to":"4001-01-01T00:00:00Z"}', 400, /from 1970/],
    ['POST', '/faults', json, '{"effect":{"headers":{"X Y":"1"}}}', 400, /effect: headers: X Y/],
    ['POST', '/faults', json, '{"effect":{"headers":{"X":"a\\nb"}}}', 400, /effect: headers: X/],
    ['POST', '/faults', json, '{"match":{"user":"me"},"effect":{"delayMs":1}}', 400, /"me" is not a user/],
    ['POST', '/records/hide', json, '{"user":"demo"}', 400, /either ids or an sobject/],
    ['POST', '/org/changeId', json, '{"id":"001Hp0000000001"}', 400, /begins with 00D/],
    ['POST', '/snapshots/close', json, '{"id":"x"}', 404, /see GET \/snapshots/],
    ['POST', '/records/write', json, `"${'x'.repeat(11 * 1024 * 1024)}"`, 413, /at most/],
  ];
  for (const [method, path, headers, body, status, says] of cases) {
    const answer = await ask(method, path, headers, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.error}`);
    assert.match(answer.error, says);
  }
});

test("the org's own port does not serve the control API", async () => {
  const token = await org.token('integration');
  assert.equal(
    (await org.request('POST', '/simulator/undelete', { token, body: { ids: ['x'] } })).status,
    404,
  );
});
