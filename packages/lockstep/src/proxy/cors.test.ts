import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openProxyHarness, syncId, token } from '@lockstep/harness/proxy-harness';

const origin = 'https://app.example.com';
const path = `/${syncId}/services/data/v64.0/sobjects/Account/001000000000001AAA`;
const corsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));
const preflight = (url: string, from = origin) =>
  fetch(`${url}${path}`, {
    method: 'OPTIONS',
    headers: {
      Origin: from,
      'Access-Control-Request-Method': 'PATCH',
      'Access-Control-Request-Headers': 'authorization,content-type',
    },
  });

test('a browser may send a write from a named origin, and its page may read whether SQL shows it', async () => {
  await using harness = await openProxyHarness({ corsOrigins: [origin] });
  const asked = await preflight(harness.proxy.url);
  assert.equal(asked.status, 204);
  assert.deepEqual(corsOf(asked), {
    'access-control-allow-headers': 'authorization,content-type',
    'access-control-allow-methods': 'GET, HEAD, POST, PATCH, PUT, DELETE',
    'access-control-allow-origin': origin,
    'access-control-max-age': '600',
  });
  assert.equal(harness.org.arrived, 0);

  harness.org.answer = (_, response) => response.writeHead(204, { Vary: 'Accept-Encoding' }).end();
  const answer = await fetch(`${harness.proxy.url}${path}`, {
    method: 'PATCH',
    headers: { Origin: origin, Authorization: `Bearer ${token}` },
    body: '{}',
  });
  const { 'access-control-expose-headers': exposed, ...rest } = corsOf(answer);
  assert.match(exposed ?? '', /^Lockstep-Applied, /);
  assert.deepEqual(rest, { 'access-control-allow-origin': origin });
  assert.equal(answer.headers.get('vary'), 'Accept-Encoding, Origin');
  const seen = harness.org.seen.at(-1)?.rawHeaders.map((header) => header.toLowerCase());
  assert.ok(seen && !seen.includes('origin'), 'Salesforce is not asked about a page that we allow');
});

test("a page of a named origin can read Lockstep's own errors", async () => {
  await using harness = await openProxyHarness({ corsOrigins: [origin] });
  const answer = await fetch(`${harness.proxy.url}${path}`, { headers: { Origin: origin } });
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('access-control-allow-origin'), origin);
  assert.equal(answer.headers.get('lockstep-error'), 'PRX-03');
});

test('other origins, and all of them where none is named, get no answer that a browser would show', async () => {
  await using harness = await openProxyHarness({ corsOrigins: [origin] });
  await using closed = await openProxyHarness();
  for (const [url, from] of [
    [harness.proxy.url, 'https://evil.example'],
    [harness.proxy.url, `${origin}.evil.example`],
    [harness.proxy.url, 'null'],
    [closed.proxy.url, origin],
  ] as const) {
    const asked = await preflight(url, from);
    assert.equal(asked.status, 401, from);
    assert.deepEqual(corsOf(asked), {}, from);
  }
});
