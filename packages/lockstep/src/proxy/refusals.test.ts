import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddressList } from '@lockstep/foundation/address-list';
import {
  openProxyHarness,
  type ProxyHarness,
  refusalOf,
  requestText,
  sendRaw,
  syncId,
  through,
  token,
  unreachableSyncId,
} from '@lockstep/harness/proxy-harness';

const rows = '/services/data/v64.0/sobjects/Account';
const fine = `/${syncId}${rows}`;

test('an address of no sync, or of another host, is unknown and nothing is sent', async () => {
  await using harness = await openProxyHarness();
  const { port } = harness.proxy;
  const otherSync = `s${'b3'.repeat(13)}`;
  for (const path of [
    '/',
    rows,
    `/${otherSync}${rows}`,
    `/${syncId}/evil.example${rows}`,
    `/${syncId}/${harness.org.host}0${rows}`,
  ]) {
    assert.equal(refusalOf(await sendRaw(port, requestText('GET', path))), '404 PRX-01', path);
  }
  for (const host of [
    `${otherSync}.localhost:${port}`,
    `${syncId}.localhost:${port + 1}`,
    `${syncId}.evil.example`,
  ]) {
    assert.equal(refusalOf(await sendRaw(port, requestText('GET', rows, { host }))), '404 PRX-01', host);
  }
  for (const path of ['/secur/frontdoor.jsp', '/services/%2e%2e/x', '/services/a//b', '/services/a;b']) {
    assert.equal(refusalOf(await through(harness, 'GET', path)), '400 PRX-08', path);
  }
  assert.equal(harness.org.seen.length + harness.org.sockets.size, 0);
});

test('all three addresses reach the org', async () => {
  await using harness = await openProxyHarness();
  const { port } = harness.proxy;
  for (const path of [fine, `/${syncId}/${harness.org.host}${rows}`]) {
    assert.equal((await sendRaw(port, requestText('GET', path))).status, 204);
  }
  for (const host of [`${syncId}.localhost:${port}`, `${syncId}.127.0.0.1:${port}`]) {
    assert.equal((await sendRaw(port, requestText('GET', rows, { host }))).status, 204);
  }
  assert.deepEqual(
    harness.org.seen.map((seen) => seen.url),
    [rows, rows, rows, rows],
  );
});

test('X-Forwarded-Host counts only from a configured load balancer', async () => {
  const behind = { publicHosts: ['sync.example.com'] };
  const trustedProxies = parseAddressList(['127.0.0.1']);
  assert(trustedProxies);
  await using trusting = await openProxyHarness({ ...behind, trustedProxies });
  await using untrusting = await openProxyHarness(behind);
  const ask = ({ proxy }: ProxyHarness, headers: string[], host = 'inner') =>
    sendRaw(proxy.port, requestText('GET', rows, { host, headers }));
  const forwarded = [`X-Forwarded-Host: ${syncId}.sync.example.com`, 'X-Forwarded-For: 192.0.2.1'];
  assert.equal((await ask(trusting, forwarded)).status, 204);
  assert.equal(refusalOf(await ask(untrusting, forwarded)), '404 PRX-01');
  assert.equal(refusalOf(await ask(trusting, [...forwarded, ...forwarded])), '400 PRX-08');
  assert.equal(refusalOf(await ask(trusting, [`${forwarded[0]}, evil.example`])), '400 PRX-08');
  assert.equal(refusalOf(await ask(trusting, ['X-Forwarded-Host: evil.example'])), '404 PRX-01');
  const byHost = `${syncId}.sync.example.com`;
  assert.equal((await ask(untrusting, ['X-Forwarded-Host: evil.example'], byHost)).status, 204);
  const headers = [...trusting.org.seen, ...untrusting.org.seen].map(({ rawHeaders }) =>
    rawHeaders.join(' '),
  );
  assert.equal(headers.length, 2);
  for (const sent of headers) assert.doesNotMatch(sent, /forwarded|example/i);
});

test('a request without a token, or with one of another org, is not sent', async () => {
  await using harness = await openProxyHarness();
  const get = (bearer: string | null, headers: string[] = []) =>
    through(harness, 'GET', rows, { bearer, headers });
  assert.equal(refusalOf(await get(null)), '401 PRX-03');
  assert.equal(refusalOf(await get(null, ['Authorization: Basic YTpi'])), '401 PRX-03');
  assert.equal(refusalOf(await get('00D000000000XyZ!canary')), '403 PRX-02');
  assert.equal(refusalOf(await get('00d000000000abc!canary')), '403 PRX-02');
  assert.equal(refusalOf(await get('!canary')), '403 PRX-02');
  assert.equal(refusalOf(await get(token, ['X-SFDC-Session: 00D000000000XyZ!canary'])), '403 PRX-02');
  const jwt = (tnk: string) => `${Buffer.from(JSON.stringify({ tnk })).toString('base64url')}.e30.canary`;
  assert.equal(refusalOf(await get(jwt('core/prod/00D000000000XyZEAW'))), '403 PRX-02');
  assert.equal(harness.org.seen.length, 0);

  assert.equal((await get(jwt('core/prod/00D000000000AbC'))).status, 204);
  assert.equal((await get(null, [`Authorization: OAuth ${token}`])).status, 204);
  assert.equal((await get(null, [`X-SFDC-Session: ${token}`])).status, 204);
  assert.equal((await through(harness, 'GET', '/services/data/', { bearer: null })).status, 204);
});

test('Salesforce is asked once a minute for the org of a token that does not name it', async () => {
  await using harness = await openProxyHarness();
  let org = '00D000000000AbCEAU';
  harness.org.answer = (request, response) => {
    const isKnown = !request.rawHeaders.includes('Bearer expired');
    if (!request.url.includes('userinfo')) return response.writeHead(isKnown ? 204 : 401).end();
    return response.writeHead(isKnown ? 200 : 403).end(JSON.stringify({ organization_id: org }));
  };
  const get = (bearer: string) => through(harness, 'GET', rows, { bearer });
  assert.equal((await get('opaque')).status, 204);
  org = '00D000000000XyZEAW';
  assert.equal((await get('opaque')).status, 204);
  assert.equal(refusalOf(await get('other')), '403 PRX-02');
  assert.equal((await get('expired')).status, 401);
  const asked = harness.org.seen.filter((seen) => seen.url === '/services/oauth2/userinfo').length;
  assert.equal(asked, 3);
});

test('each request is one log line, without address, token or body', async () => {
  await using harness = await openProxyHarness();
  await through(harness, 'PATCH', `${rows}/001D000000IqhSLIAZ?q=canary`, { body: '{"Name":"canary"}' });
  await through(harness, 'POST', '/services/data/v64.0/sobjects/canary', { body: 'canary' });
  await through(harness, 'GET', '/canary', { headers: ['X-A: canary'] });
  await through(harness, 'GET', rows, { bearer: '00D000000000XyZ!canary' });
  harness.org.answer = (_, response) => response.destroy();
  await through(harness, 'POST', rows, { body: 'canary' });
  harness.sync.readBack = async () => Promise.reject(new Error('canary'));
  harness.org.answer = (_, response) => response.writeHead(204).end();
  await through(harness, 'DELETE', `${rows}/001D000000IqhSLIAZ`);
  await harness.proxy.close();

  assert.deepEqual(
    harness.logLines.filter((line) => line.includes('canary')),
    [],
  );
  const lines = harness.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const requests = lines.filter((line) => line.msg === 'request');
  assert.deepEqual(
    requests.map(({ method, status, sync, stream, outcome }) => ({ method, status, sync, stream, outcome })),
    [
      { method: 'PATCH', status: 204, sync: syncId, stream: 'account', outcome: 'yes' },
      { method: 'POST', status: 204, sync: syncId, stream: undefined, outcome: 'no' },
      { method: 'GET', status: 400, sync: undefined, stream: undefined, outcome: 'PRX-08' },
      { method: 'GET', status: 403, sync: syncId, stream: undefined, outcome: 'PRX-02' },
      { method: 'POST', status: 504, sync: syncId, stream: 'account', outcome: 'PRX-04' },
      { method: 'DELETE', status: 204, sync: syncId, stream: 'account', outcome: 'pending' },
    ],
  );
});

test('the proxy takes the next free port if its own is taken', async () => {
  await using first = await openProxyHarness();
  await using second = await openProxyHarness({ port: first.proxy.port });
  assert(second.proxy.port > first.proxy.port);
  assert.equal(second.proxy.url, `http://127.0.0.1:${second.proxy.port}`);
  assert.equal((await through(second, 'GET', rows)).status, 204);
});

test('a request is refused while its sync cannot be looked up', async () => {
  await using harness = await openProxyHarness();
  const answer = await sendRaw(harness.proxy.port, requestText('GET', `/${unreachableSyncId}${rows}`));
  assert.equal(refusalOf(answer), '503 PRX-12');
});
