import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  openProxyHarness,
  type ProxyHarness,
  refusalOf,
  through,
  token,
} from '@lockstep/harness/proxy-harness';

const rows = '/services/data/v64.0/sobjects/Account';

/** The header lines of the last request that Salesforce received, without those of the connection itself. */
const linesSeen = ({ org }: ProxyHarness): string[] => {
  const raw = org.seen.at(-1)?.rawHeaders ?? [];
  const lines = raw.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${raw[at + 1]}`] : []));
  return lines.filter((line) => !/^(?:host|connection|content-length):/.test(line));
};
const authorization = `Authorization: Bearer ${token}`;

test('a caller cannot use Connection to remove the headers that a request depends on', async () => {
  await using harness = await openProxyHarness();
  const tricks = [
    'Connection: authorization',
    'Connection: close, Content-Type , host,content-length',
    'Connection: x-hop, , ,lockstep-applied',
    'Content-Type: application/json',
    'X-Hop: 1',
    'X-Kept: 1',
  ];
  const answer = await through(harness, 'POST', rows, { headers: tricks, body: '{}' });
  assert.equal(answer.status, 204);
  assert.deepEqual(linesSeen(harness), [authorization, 'Content-Type: application/json', 'X-Kept: 1']);
  assert.equal(harness.org.seen[0]?.body.toString(), '{}');
});

test('headers that describe the caller and the route do not reach Salesforce', async () => {
  await using harness = await openProxyHarness();
  const dropped = [
    'X-Forwarded-For: 192.0.2.1', 'x-forwarded-host: evil.example', 'X-Forwarded-Proto: http', 'X-FORWARDED-ANYTHING: 1',
    'Forwarded: for=192.0.2.1;host=evil.example', 'Via: 1.1 evil', 'Cookie: sid=canary', 'cookie: sid=canary2', 'TE: trailers',
    'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'Proxy-Authorization: Basic canary', 'Proxy-Authenticate: Basic',
  ]; // biome-ignore format: a list
  assert.equal((await through(harness, 'GET', rows, { headers: dropped })).status, 204);
  assert.deepEqual(linesSeen(harness), [authorization]);
});

test('what Salesforce says about its own host, or in our name, does not reach the caller', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) =>
    response
      .writeHead(204, {
        'Strict-Transport-Security': 'max-age=63072000',
        'Alt-Svc': 'h3=":443"',
        'Set-Cookie': 'sid=canary',
        'Lockstep-Applied': 'yes',
        'LOCKSTEP-OUTCOME': 'unknown',
        'X-Kept': '1',
      })
      .end();
  const { lines } = await through(harness, 'GET', rows);
  assert.deepEqual(
    lines.filter((line) => /^(?:strict|alt|set|lockstep|x-kept)/i.test(line)),
    ['X-Kept: 1'],
  );
});

test('a name that means something to JavaScript is a name like any other', async () => {
  await using harness = await openProxyHarness();
  const headers = ['__proto__: {"a":1}', 'constructor: x', 'toString: y', 'hasOwnProperty: z'];
  const body = '{"__proto__":{"id":"001"},"constructor":{"prototype":{"success":true}}}';
  harness.org.answer = (_, response) => response.writeHead(201).end(body);
  for (const sobject of ['__proto__', 'constructor', 'toString', 'Account']) {
    const path = `/services/data/v64.0/sobjects/${sobject}`;
    const answer = await through(harness, 'POST', path, { headers, body });
    assert.equal(answer.status, 201);
    assert.equal(answer.body.toString(), body);
    assert.equal(answer.header('Lockstep-Applied'), sobject === 'Account' ? 'poll' : 'no');
    assert.deepEqual(linesSeen(harness), [authorization, ...headers]);
  }
  assert.equal(({} as { success?: boolean }).success, undefined);
  assert.equal((await through(harness, 'GET', '/services/data/v64.0/__proto__/constructor')).status, 201);

  harness.org.answer = (_, response) =>
    response.writeHead(200).end('{"__proto__":{"organization_id":"00D000000000AbC"}}');
  const claims = Buffer.from('{"__proto__":{"org_id":"00D000000000AbC"}}').toString('base64url');
  const answer = await through(harness, 'GET', rows, { bearer: `${claims}.${claims}.canary` });
  assert.equal(refusalOf(answer), '502 NET-01', 'an organization_id inside __proto__ does not count');
});

test('nothing that a caller sends can inject a header line', async () => {
  await using harness = await openProxyHarness();
  for (const path of [
    `${rows}/a%0d%0aX-Evil:1`,
    `${rows}/a%0aX-Evil:1`,
    `${rows}/%E5%98%8A%E5%98%8DX-Evil:1`,
  ]) {
    const answer = await through(harness, 'GET', path);
    const isLetters = path.includes('%E5'); // two letters whose code points end in those of CR and LF
    assert.equal(answer.status, isLetters ? 204 : 400, path);
  }
  const query = await through(harness, 'GET', `${rows}?q=%0d%0aX-Evil:%201`);
  assert.equal(query.status, 204);
  for (const { rawHeaders, url } of harness.org.seen) {
    assert.doesNotMatch(rawHeaders.join('\n'), /evil/i);
    assert.match(url, /^\/services\/data\/v64\.0\/sobjects\/Account[/?]/);
  }
  assert.equal(harness.org.seen.length, 2);
});

test('no token is sent to a host that is not Salesforce’s, whatever the control database says', async () => {
  await using harness = await openProxyHarness();
  for (const instanceUrl of [
    'https://evil.example',
    'http://acme.my.salesforce.com',
    'https://acme.my.salesforce.com.evil.example',
    'https://acme.my.salesforce.com:8443',
    'https://user@acme.my.salesforce.com',
    'http://169.254.169.254',
    `http://127.0.0.1:${harness.org.port + 1}`,
  ]) {
    harness.sync.instanceUrl = instanceUrl;
    assert.equal(refusalOf(await through(harness, 'POST', rows, { body: '{}' })), '502 ORG-04', instanceUrl);
  }
  assert.deepEqual([harness.org.seen, harness.org.sockets.size, harness.calls], [[], 0, []]);
});
