/**
 * Requests whose bytes can be parsed in two ways, or that ask for something other than to be forwarded. Each goes
 * over a real socket, is refused in the documented form, and causes neither a request to Salesforce nor an intent.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import {
  openProxyHarness,
  type ProxyHarness,
  refusalOf,
  requestText,
  sendRaw,
  syncId,
  through,
  token,
} from '@lockstep/harness/proxy-harness';

const rows = '/services/data/v64.0/sobjects/Account';
const fine = `/${syncId}${rows}`;

/** A POST up to its last header. */
const post = `POST ${fine} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n`;
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;
const empty = 'Content-Length: 0\r\n\r\n';

const send = (harness: ProxyHarness, text: string) =>
  sendRaw(harness.proxy.port, Buffer.from(text, 'latin1'));

/** Salesforce has received no request, none is on its way, and none is recorded. */
function assertUntouched({ org, calls }: ProxyHarness): void {
  assert.deepEqual([org.seen, org.sockets.size, calls], [[], 0, []]);
}

async function assertRefused(requests: Readonly<Record<string, string>>, refusal: string): Promise<void> {
  await using harness = await openProxyHarness();
  for (const [name, text] of Object.entries(requests)) {
    assert.equal(refusalOf(await send(harness, text)), refusal, name);
  }
  assertUntouched(harness);
}

test('a request whose length can be read in two ways is refused', async () => {
  const requests = {
    'two framings': `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'two framings, the other way round': `${post}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    'two lengths': `${post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    'the same length twice': `${post}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    'a list of lengths': `${post}Content-Length: 3, 3\r\n\r\nabc`,
    'a length with a sign': `${post}Content-Length: +3\r\n\r\nabc`,
    'a length below zero': `${post}Content-Length: -3\r\n\r\nabc`,
    'a length in hexadecimal': `${post}Content-Length: 0x3\r\n\r\nabc`,
    'a length that overflows': `${post}Content-Length: 99999999999999999999999\r\n\r\nabc`,
    'an unknown transfer coding': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    'a coding before chunked': `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    'identity as a coding': `${post}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    'chunked twice': `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'chunked behind a control character': `${post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`,
    'chunked in HTTP/1.0': `${post.replace('1.1', '1.0')}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'headers after the body': `${post}Trailer: X-A\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: 1\r\n\r\n`,
  };
  await assertRefused(requests, '400 PRX-08');
});

test('a request whose lines can be read in two ways is refused', async () => {
  const requests = {
    'a bare line feed': `${post.replace('Host: x\r\n', 'Host: x\n')}${empty}`,
    'a bare carriage return': `${post}X-A: a\rX-B: b\r\n${empty}`,
    'a folded header': `${post}X-A: 1\r\n 2\r\n${empty}`,
    'a header that begins with a space': `${post.replace('Host', ' Host')}${empty}`,
    'a space before the colon': `${post}X-A : 1\r\n${empty}`,
    'a space in a name': `${post}X A: 1\r\n${empty}`,
    'a line without a colon': `${post}Nothing\r\n${empty}`,
    'a null character': `${post}X-A: a\0b\r\n${empty}`,
    'no Host': `${post.replace('Host: x\r\n', '')}${empty}`,
    'two Hosts': `${post}Host: y\r\n${empty}`,
    'two equal Hosts': `${post}host: x\r\n${empty}`,
    'two tokens': `${post}authorization: Bearer ${token}\r\n${empty}`,
    'something else expected': `${post}Expect: 200-ok\r\n${empty}`,
    'HTTP/2 as the version of an HTTP/1 request': `${post.replace('HTTP/1.1', 'HTTP/2.0')}${empty}`,
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'an unknown version': `${post.replace('HTTP/1.1', 'HTTP/1.2')}${empty}`,
    'HTTP/0.9': `GET ${fine}\r\n\r\n`,
    'an unknown method': `${post.replace('POST', 'BREW')}${empty}`,
    'a method in lower case': `${post.replace('POST', 'post')}${empty}`,
    'TLS on a port without it': '\x16\x03\x01\x02\x00\x01\r\n\r\n',
  };
  await assertRefused(requests, '400 PRX-08');
});

test('a body that breaks its framing is refused, and its request to Salesforce is cut off', async () => {
  await using harness = await openProxyHarness();
  const bodies = {
    'a size that is no number': 'zz\r\nabc\r\n0\r\n\r\n',
    'a size below zero': '-1\r\nabc\r\n0\r\n\r\n',
    'a size that overflows': 'FFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n',
    'a size that ends in a bare line feed': '3\nabc\r\n0\r\n\r\n',
    'an extension that ends in a bare line feed': '3;a\nxx\r\nabc\r\n0\r\n\r\n',
    'more than the size says': '3\r\nabcX\r\n0\r\n\r\n',
    'a folded header after it': '3\r\nabc\r\n0\r\nX-A: 1\r\n folded\r\n\r\n',
  };
  for (const [name, body] of Object.entries(bodies)) {
    assert.equal(refusalOf(await send(harness, `${chunked}${body}`)), '400 PRX-08', name);
  }
  while (harness.org.sockets.size > 0) await new Promise(setImmediate);
  assert.deepEqual(harness.org.seen, []);
});

test('unannounced trailers are not forwarded', async () => {
  await using harness = await openProxyHarness();
  const trailers = 'X-Evil: 1\r\nAuthorization: Bearer evil\r\nHost: evil\r\n';
  assert.equal((await send(harness, `${chunked}3\r\nabc\r\n0\r\n${trailers}\r\n`)).status, 204);
  const [seen] = harness.org.seen;
  assert.equal(seen?.body.toString(), 'abc');
  assert.doesNotMatch(seen.rawHeaders.join(' '), /evil/i);
});

test('a pipelined request is a request of its own, and its answer does not overtake the first', async () => {
  await using harness = await openProxyHarness();
  const keeping = post.replace('Connection: close\r\n', '');
  const foreign = requestText('POST', fine, { bearer: '00D000000000XyZ!canary', body: '{}' });
  const both = await send(harness, `${keeping}Content-Length: 2\r\n\r\n{}${foreign}`);
  assert.equal(both.status, 204);
  assert.match(both.body.toString(), /^HTTP\/1\.1 403 [^]*LOCKSTEP_PRX_02/);
  assert.equal(harness.org.seen.length, 1);

  // The write is done: the client would take a refusal of the garbage for the answer to its write.
  const garbage = await send(harness, `${keeping}Content-Length: 2\r\n\r\n{}GARBAGE\r\n\r\n`);
  assert.equal(garbage.status, 204);
  assert.equal(garbage.body.length, 0);
  assert.equal(harness.org.seen.length, 2);
});

test('writes that are sent on one connection without waiting are done one after the other', async () => {
  await using harness = await openProxyHarness();
  const keeping = requestText('PATCH', `${fine}/001D000000IqhSL`, { body: '{}' }).replace(
    'close',
    'keep-alive',
  );
  let underWay = 0;
  harness.org.answer = async (_, response) => {
    underWay += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(underWay, 1);
    underWay -= 1;
    response.writeHead(204).end();
  };
  const last = requestText('PATCH', `${fine}/001D000000IqhSL`, { body: '{}' });
  const answers = await send(harness, `${keeping.repeat(7)}${last}`);
  assert.equal(answers.body.toString().split('HTTP/1.1 204').length, 8);
  const one = harness.calls.slice(0, harness.calls.length / 8);
  assert.deepEqual(harness.calls, Array.from({ length: 8 }, () => one).flat());
});

test('a connection on which very many requests come without waiting is closed after the answers', async () => {
  await using harness = await openProxyHarness();
  const keeping = requestText('PATCH', `${fine}/001D000000IqhSL`, { body: '{}' }).replace(
    'close',
    'keep-alive',
  );
  const answers = await send(harness, keeping.repeat(200));
  assert.equal(harness.org.seen.length, 32);
  assert.equal(answers.body.toString().split('HTTP/1.1 204').length, 32);
});

test('a request target that is not a path of this server is refused', async () => {
  const ask = (method: string, target: string, version = 'HTTP/1.1') =>
    `${method} ${target} ${version}\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`;
  await assertRefused(
    {
      'an absolute address': ask('GET', `http://evil.example${fine}`),
      'an absolute address, encrypted': ask('GET', `https://evil.example${fine}`),
      'an absolute address of our own': ask('GET', `http://127.0.0.1${fine}`),
      'the server as a whole': ask('OPTIONS', '*'),
      'a host': ask('GET', 'evil.example:443'),
      'a fragment': ask('GET', `${fine}#x`),
      'a path outside ASCII': ask('GET', `${fine}/\xe9`),
    },
    '400 PRX-08',
  );
  await assertRefused({ 'a host relative to the scheme': ask('GET', `//evil.example${fine}`) }, '404 PRX-01');
});

test('an ambiguous path is refused', async () => {
  const tails = [
    '/services/../secur/x', '/services/%2e%2e/secur/x', '/services/%2E./x', '/services/.%2e/x', '/services/./x', '/services/a//b',
    '/services//a', '/services/a%2fb', '/services/a%2Fb', '/services/a%5cb', '/services/a\\b', '/services/a;b', '/services/..;/b',
    '/services/a%3bb', '/services/%252e%252e/b', '/services/a%252fb', '/services/a%00b', '/services/%0d%0aX-Evil:1',
    '/services/%u002e', '/services/%zz', '/services/%ff', '/services/%c0%ae%c0%ae/x', '/%73ervices/data', '/secur/frontdoor.jsp',
    '/services', '/services?/../x',
  ]; // biome-ignore format: a list
  const requests = tails.map((tail) => [tail, requestText('GET', `/${syncId}${tail}`)]);
  await assertRefused(Object.fromEntries(requests) as Record<string, string>, '400 PRX-08');
});

test('tunnels and other protocols are not opened', async () => {
  const upgrading = (protocol: string, connection = 'close, upgrade') =>
    `${post.replace('close', connection)}Upgrade: ${protocol}\r\n${empty}`;
  await assertRefused(
    {
      'a WebSocket': upgrading('websocket'),
      'HTTP/2 or a WebSocket': upgrading('h2c, websocket'),
      TLS: upgrading('TLS/1.0'),
      'another protocol that Connection does not name': upgrading('websocket', 'close'),
    },
    '400 PRX-08',
  );
  await assertRefused(
    {
      'a tunnel': 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n',
      'a tunnel to an address of ours': `CONNECT ${fine} HTTP/1.1\r\nHost: x\r\n\r\n`,
      TRACE: requestText('TRACE', fine),
      PROPFIND: requestText('PROPFIND', fine),
    },
    '405 PRX-08',
  );
});

test('an offer of HTTP/2 is answered in HTTP/1.1 and goes no further', async () => {
  await using harness = await openProxyHarness();
  const headers = ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'];
  assert.equal((await through(harness, 'GET', rows, { headers })).status, 204);
  assert.doesNotMatch(harness.org.seen[0]?.rawHeaders.join(' ') ?? '', /h2c|http2/i);
});

test('what is longer than Salesforce accepts is refused with the status for what is too long', async () => {
  await assertRefused(
    {
      'a path of 64 KB': requestText('GET', `${fine}/${'x'.repeat(65_536)}`),
      'a query of 64 KB': requestText('GET', `${fine}?${'x'.repeat(65_536)}`),
      'an address just too long': requestText('GET', `${fine}?${'x'.repeat(16_340)}`),
    },
    '414 PRX-08',
  );
  await assertRefused(
    {
      'a header of 20 KB': requestText('GET', fine, { headers: [`X-A: ${'x'.repeat(20_000)}`] }),
      'a name of 20 KB': requestText('GET', fine, { headers: [`${'x'.repeat(20_000)}: 1`] }),
      'very many headers': requestText('GET', fine, { headers: Array.from({ length: 9_000 }, () => 'a: b') }),
    },
    '431 PRX-08',
  );
});

test('all headers that fit are checked and forwarded', async () => {
  await using harness = await openProxyHarness();
  const headers = Array.from({ length: 2_500 }, () => 'a: ');
  const foreign = 'X-SFDC-Session: 00D000000000XyZ!canary';
  assert.equal(
    refusalOf(await through(harness, 'GET', rows, { headers: [...headers, foreign] })),
    '403 PRX-02',
  );
  assert.equal(harness.org.seen.length, 0);
  assert.equal((await through(harness, 'POST', rows, { headers, body: '{}' })).status, 204);
  const [seen] = harness.org.seen;
  assert.equal(seen?.body.toString(), '{}');
  assert.equal(seen.rawHeaders.filter((name, at) => at % 2 === 0 && name === 'a').length, headers.length);
});

test('a caller who does not finish the headers in time is refused', async () => {
  await using harness = await openProxyHarness({ headersTimeoutMs: 90 });
  const [head = ''] = requestText('GET', fine).split('\r\n\r\n');
  for (const begun of ['', 'G', `GET ${fine}`, `${head}\r\n`, `${head}\r\nX-A`]) {
    const answer = await sendRaw(harness.proxy.port, begun);
    assert.equal(refusalOf(answer), '408 PRX-08', begun);
  }
  assertUntouched(harness);
});

test('a refused caller who stays connected does not keep the proxy from stopping', async () => {
  const harness = await openProxyHarness();
  const socket = connect({ port: harness.proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write('CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n');
  const [received] = (await once(socket, 'data')) as [Buffer];
  assert.match(received.toString(), /^HTTP\/1\.1 405 /);
  await harness[Symbol.asyncDispose]();
  socket.destroy();
});

test('a caller who asks for a tunnel and resets the connection does not stop the proxy', async () => {
  await using harness = await openProxyHarness();
  const { port } = harness.proxy;
  for (let tries = 0; tries < 20; tries++) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.resetAndDestroy();
    await once(socket, 'close');
  }
  assert.equal(refusalOf(await sendRaw(port, requestText('TRACE', fine))), '405 PRX-08');
});
